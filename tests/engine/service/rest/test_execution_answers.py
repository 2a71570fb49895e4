"""Review, decisions, live, summary and A/B over HTTP, as a trader reads them after his orders."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.rest_world import RestWorld, rest_world, with_rest

FAST = 100_000
EVENT = "btc-above-70k-year-end"
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD")


async def order(world: RestWorld, graph_id: str, symbol: str, qty: float, **more: Any) -> str:
    """The id of an order that has run to its end."""
    body = {"symbol": symbol, "side": "buy", "qty": qty, "graph_id": graph_id, **more}
    answer = await world.go("POST", "/v1/orders", body)
    assert answer.status in (200, 201, 202), answer.text
    await world.done(graph_id)
    return f"graph:{graph_id}:order:1"


async def warm(world: RestWorld) -> None:
    """Wait until every book is there."""
    for symbol in SYMBOLS:
        path = f"/v1/intelligence/depth?symbol={symbol}"
        await world.until(path, lambda found: found["bids"] and found["asks"])


def test_a_decision_has_one_number_over_symbols_and_restarts(tmp_path: Path) -> None:
    async def day(name: str) -> list[Any]:
        async with rest_world(tmp_path, requests_per_second=FAST) as world:
            await warm(world)
            for symbol in SYMBOLS:
                await order(world, f"{name}-{symbol.lower()}", symbol, 0.02)
            found: list[Any] = (await world.ok("GET", "/v1/execution/decisions?last_n=100"))[
                "decisions"
            ]
            for one in found:
                # Each row has what it came to, or says why not.
                assert one["realised_cost_bps"] is not None, one["forecast_error_reason"]
                assert one["forecast_error_bps"] is not None
                path = f"/v1/execution/decisions?decision_id={one['decision_id']}"
                (again,) = (await world.ok("GET", path))["decisions"]
                assert again == one
                review = await world.ok("GET", f"/v1/execution/review/{one['node_order_id']}")
                (same,) = [
                    row for row in review["decisions"] if row["decision_id"] == one["decision_id"]
                ]
                assert same["realised_cost_bps"] == one["realised_cost_bps"]
            none = await world.go("GET", "/v1/execution/decisions?decision_id=999999999")
            assert none.status == 404 and "999999999" in none.message
            return found

    async def main() -> None:
        first = await day("one")
        second = await day("two")
        ids = [one["decision_id"] for one in second]
        assert len(set(ids)) == len(ids) > len(first) >= 3
        kept = {one["decision_id"]: one["node_order_id"] for one in second}
        assert all(kept[one["decision_id"]] == one["node_order_id"] for one in first)

    asyncio.run(main())


def test_a_review_tells_the_forecast_of_its_start_and_what_is_not_known_yet() -> None:
    async def check(world: RestWorld) -> None:
        await warm(world)
        name = await order(world, "took", "ETH-USD", 2)
        path = f"/v1/execution/review/{name}"
        review = await world.until(path, lambda found: found["forecast"]["realised_cost_bps"])
        said = review["forecast"]
        assert review["model_version"] == said["model_version"] != ""
        assert said["p50_cost_bps"] <= said["p90_cost_bps"]
        assert said["within_p90"] is (said["realised_cost_bps"] <= said["p90_cost_bps"])
        assert said["sample_size"] is not None
        assert said["realised_cost_bps"] == pytest.approx(review["tca_bps"]["shortfall"], abs=1.0)
        fees = review["fees"]
        assert fees["realised_bps"] == pytest.approx(review["tca_bps"]["fees"])
        assert fees["role_unknown_fills"] == 0
        late = review["benchmarks"]["markouts"][-1]
        assert late["markout_bps"] is None and late["due_ns"] > review["as_of_ns"]
        assert late["reason"].startswith("the time has not passed yet")

    with_rest(check, requests_per_second=FAST)


def test_a_resting_limit_is_not_told_to_cross() -> None:
    async def check(world: RestWorld) -> None:
        await warm(world)
        body = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2_000, "graph_id": "r"}
        await world.go("POST", "/v1/orders", body)
        path = "/v1/execution/live/graph:r:order:1"
        live = await world.until(path, lambda found: found["working_qty_1e8"] > 0)
        assert live["tca"]["remaining_cost_bps"] is None
        assert live["tca"]["projected_cost_bps"] is None
        assert any(one.startswith("tca.remaining_cost_bps") for one in live["missing"])
        assert {one["action"] for one in live["advice"]} <= {"none", "reroute"}
        assert all("fade_rate" in one for one in live["venue_health"])
        review = await world.ok("GET", "/v1/execution/review/graph:r:order:1")
        assert (review["tca"], review["forecast"]) == (None, None)
        told = " ".join(review["missing"])
        assert "tca: nothing has filled yet" in told
        assert "forecast: a limit price" in told
        assert "twap" in told
        await world.go("DELETE", "/v1/execution_graphs/r")

    with_rest(check, requests_per_second=FAST)


def test_events_and_coins_are_told_apart_and_fees_have_one_basis() -> None:
    async def check(world: RestWorld) -> None:
        await warm(world)
        await order(world, "coin", "ETH-USD", 2)
        name = await order(world, "no", f"{EVENT}:no", 10)
        review = await world.ok("GET", f"/v1/execution/review/{name}")
        fees = review["fees"]
        assert review["order"]["symbol"] == f"{EVENT}:no"
        assert fees["realised_bps"] == pytest.approx(review["tca_bps"]["fees"])
        assert fees["realised_cents"] == pytest.approx(review["tca_cents"]["fees"])
        assert fees["expected_bps"] == pytest.approx(fees["realised_bps"], rel=0.02)
        assert fees["basis"]
        report = await world.ok("GET", "/v1/analytics/ab_report")
        rows = {one["unit"]: one for one in report["versions"]}
        assert set(rows) == {"bps", "cents"}
        assert rows["cents"]["mean_cost_bps"] is None
        assert rows["cents"]["mean_cost_cents"] == pytest.approx(
            review["tca_cents"]["executed"], rel=1e-6
        )
        assert 0 < rows["bps"]["mean_cost_bps"] < 50
        summary = await world.ok("GET", "/v1/execution/summary")
        by_symbol = {one["name"]: one for one in summary["per_symbol"]}
        (event,) = [one for name, one in by_symbol.items() if name != "ETH-USD"]
        assert event["fee_cents"] == pytest.approx(fees["realised_cents"])
        assert event["slippage_cents"] == pytest.approx(
            review["benchmarks"]["arrival_slippage_cents"]
        )
        assert by_symbol["ETH-USD"]["fee_cents"] is None

    with_rest(check, requests_per_second=FAST)


def test_a_summary_of_what_nobody_has_is_refused() -> None:
    async def check(world: RestWorld) -> None:
        for path in ("/v1/execution/summary", "/v1/analytics/tca"):
            venue = await world.go("GET", f"{path}?venue=nope")
            assert venue.status in (400, 404, 422)
            assert "binance" in venue.message and "'nope'" in venue.message
            symbol = await world.go("GET", f"{path}?symbol=NOPE-USD")
            assert symbol.status == 404, symbol.text
            await world.ok("GET", f"{path}?venue=binance&symbol=ETH-USD")

    with_rest(check, requests_per_second=FAST)
