"""Cases of the published client: execution intelligence, holdings, credentials, automation."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.published import Cases, Published, has, refused

__all__ = ["ACCOUNT", "AUTOMATION", "STREAM"]

ACCOUNT = Cases()
STREAM = Cases()
STREAM_S = 20.0
POSITION = [
    "id",
    "venue",
    "instrument",
    "qty_1e8",
    "locked_qty_1e8",
    "available_qty_1e8",
    "entry_price_usd_1e9",
    "current_price_usd_1e9",
    "current_value_usd_1e9",
    "unrealized_pnl_usd_1e9",
    "realized_pnl_usd_1e9",
    "fees_usd_1e9",
    "lifecycle",
    "transferable",
    "settled",
    "settled_mark_usd_1e9",
]
# Hosted automation is not part of an embedded engine; each is refused in so many words.
AUTOMATION: dict[str, tuple[object, ...]] = {
    "algo": ("BTC-USD",),
    "algo_logs": ("id",),
    "algo_logs_by_symbol": ("BTC-USD",),
    "algo_mesh": ("id",),
    "algo_start": ("id",),
    "algo_start_by_symbol": ("BTC-USD",),
    "algo_stats": ("BTC-USD",),
    "algo_status": ("id",),
    "algo_stop": ("id",),
    "algo_stop_by_symbol": ("BTC-USD",),
    "algo_undeploy": ("id",),
    "algos": ("edge",),
    "create_strategy": ("name", "python", "main.py", "AAAA"),
    "deploy_algo": ("name", __file__, ["BTC-USD"]),
    "strategies": (),
    "strategy": ("id",),
    "strategy_delete": ("id",),
    "strategy_logs": ("id", "run"),
    "strategy_start": ("id",),
    "strategy_stop": ("id",),
}


@ACCOUNT.case
def forecast(world: Published) -> None:
    found = world.seq.forecast("ETH-USD", "buy", 10.0)
    assert 1_000 < found["mid"] < 5_000
    assert found["downside_cost_bps"] >= found["expected_cost_bps"]
    venues_ = [row["venue"] for row in found["venue_ranking"]]
    assert set(venues_) == {"binance", "coinbase", "kraken"}
    landed = [row["landed_cost_bps"] for row in found["venue_ranking"]]
    assert landed == sorted(landed)
    costs = [row["cost_bps"] for row in found["capacity_curve"] if row["cost_bps"] is not None]
    # Sizes are cut to lots, so that neighbours may differ by a rounding.
    pairs = itertools.pairwise(costs)
    assert len(costs) > 1 and all(after > before - 0.01 for before, after in pairs)
    levels = found["fill_confidence"]
    assert levels and all(0 <= level["probability"] <= 1 for level in levels)
    assert set(found["urgency_tradeoff"]) >= {"low", "medium", "high"}
    assert found["source"]
    refused(404, lambda: world.seq.forecast("NO-SUCH", "buy", 1.0))


@ACCOUNT.case
def execution_live(world: Published) -> None:
    order_id = world.resting(qty=0.5)
    found = world.seq.execution_live(order_id)
    text = str(found)
    assert found["node_order_id"] == order_id
    assert found["total_qty_1e8"] == 50_000_000 and found["filled_qty_1e8"] == 0
    assert found["remaining_qty_1e8"] == 50_000_000 and found["fills"] == []
    assert "pace" in found and "advice" in found and "venue_health" in found, text
    world.seq.graph_cancel(order_id.split(":")[1])
    refused(404, lambda: world.seq.execution_live("graph:none:order:1"))


@ACCOUNT.case
def execution_review(world: Published) -> None:
    order_id = world.filled("ETH-USD", 5.0)
    found = world.seq.execution_review(order_id)
    assert order_id in str(found)
    text = str(found).lower()
    for word in ("arrival", "vwap", "twap", "markout", "selection_error", "forecast_error"):
        assert word in text, f"the review has no {word}"
    for word in ("policy_regret", "routing_version", "best_single_venue"):
        assert word in text, f"the review has no {word}"
    refused(404, lambda: world.seq.execution_review("graph:none:order:1"))


@ACCOUNT.case
def execution_summary(world: Published) -> None:
    world.filled("SOL-USD", 2.0)
    found = world.seq.execution_summary()
    assert found["total_orders"] >= 1 and found["total_fills"] >= 1
    text = str(sorted(found))
    assert "notional" in text and "slippage" in text and "venue" in text and "symbol" in text


@ACCOUNT.case
def tca(world: Published) -> None:
    world.filled("ETH-USD", 1.0)
    assert isinstance(world.seq.tca(), dict | list)
    assert isinstance(world.seq.tca("ETH-USD"), dict | list)


@ACCOUNT.case
def positions_unified(world: Published) -> None:
    world.filled("ETH-USD", 1.0)
    found = world.seq.positions_unified()
    assert found["as_of_ns"] > 10**18
    has(found["totals"], "nav_usd_1e9", "cash_usd_1e9")
    assert found["positions"]
    for row in found["positions"]:
        has(row, *POSITION)
    fiat = world.seq.positions_unified(kinds=["fiat"], venues=["kraken"])["positions"]
    assert fiat and {(row["venue"], row["instrument"]["kind"]) for row in fiat} == {
        ("kraken", "fiat")
    }


@ACCOUNT.case
def positions(world: Published) -> None:
    with pytest.warns(DeprecationWarning, match="positions_unified"):
        found = world.seq.positions()
    assert {row["id"] for row in found["positions"]} == {
        row["id"] for row in world.seq.positions_unified()["positions"]
    }


@ACCOUNT.case
def balances(world: Published) -> None:
    with pytest.warns(DeprecationWarning, match="positions_unified"):
        found = world.seq.balances()
    assert "kraken" in str(found)


@ACCOUNT.case
def perp_positions(world: Published) -> None:
    graph_id = world.seq.buy("SOL-USD-PERP", 2.0, instrument_type="perp")["graph_id"]
    world.ended(graph_id)
    with pytest.warns(DeprecationWarning, match="positions_unified"):
        found = world.until(world.seq.perp_positions, lambda answer: "SOL-USD-PERP" in str(answer))
    assert "hyperliquid" in str(found)


@ACCOUNT.case
def portfolio(world: Published) -> None:
    with pytest.warns(DeprecationWarning, match="positions_unified"):
        found = world.seq.portfolio()
    assert found["totals"]["nav_usd_1e9"] > 0


@ACCOUNT.case
def account(world: Published) -> None:
    found = world.seq.account()
    assert found["environment"] == "sandbox" and found["client_id"]
    assert world.keys.admin not in str(found)


@ACCOUNT.case
def risk_limits(world: Published) -> None:
    assert world.seq.risk_limits()


@ACCOUNT.case
def connect_venue(world: Published) -> None:
    secret = "never-to-be-seen-again"
    assert world.seq.connect_venue("okx", "key", secret, passphrase="words") is None
    assert secret not in str(world.seq.venues())
    world.seq.disconnect_venue("okx")


@ACCOUNT.case
def venues(world: Published) -> None:
    world.seq.connect_venue("bybit", "key", "never-to-be-seen-again")
    assert "bybit" in str(world.seq.venues())
    assert "bybit" not in str(world.spare.venues())
    world.seq.disconnect_venue("bybit")


@ACCOUNT.case
def disconnect_venue(world: Published) -> None:
    world.seq.connect_venue("binance", "key", "never-to-be-seen-again", extra_json={"sub": 1})
    assert world.seq.disconnect_venue("binance") is None
    assert "binance" not in str(world.seq.venues())


@STREAM.case
def stream(world: Published) -> None:
    graphs: list[str] = []
    wanted = ["prices:ETH-USD", "book:ETH-USD", "orders", "fills", "nonsense:"]

    def begin() -> None:
        graphs.append(world.seq.buy("ETH-USD", 1.0)["graph_id"])

    def enough(seen: dict[str, list[Any]]) -> bool:
        ended = [row for row in seen.get("orders", ()) if row["status"] == "COMPLETED"]
        # The very first frames of a server may come before its first book.
        warm = [frame for frame in seen.get("book:ETH-USD", ()) if frame["bids"]]
        return bool(ended and warm) and {"prices:ETH-USD", "fills"} <= set(seen)

    seen = asyncio.run(gathered(lambda: world.seq.stream(wanted), enough, begin))
    has(seen["prices:ETH-USD"][0], "bid", "ask", "mid", "bid_sz", "ask_sz", "ts_ns")
    book = seen["book:ETH-USD"][-1]
    has(book, "bids", "asks", "ts_ns")
    assert 0 < len(book["bids"]) <= 100 and len(book["bids"][0]) == 2
    assert all(row["symbol"] == "ETH-USD" and row["qty_1e8"] > 0 for row in seen["fills"])
    assert {row["node_order_id"].split(":")[1] for row in seen["orders"]} >= set(graphs)


@STREAM.case
def stream_new_markets(world: Published) -> None:
    seen = asyncio.run(gathered(lambda: named(world.seq.stream_new_markets()), bool))
    event = next(iter(seen.values()))[0]
    assert event["kind"] == "new_market" and event["observed_at_ns"] > 10**18
    has(event, "venue", "slug", "symbol", "yes_token_id", "no_token_id", "event_id", "question")
    has(event, "outcomes", "outcome_token_ids", "neg_risk", "volume_24h", "volume_total")
    has(event, "best_yes_bid", "best_yes_ask", "best_no_bid", "best_no_ask", "start_date")
    has(event, "end_date", "url")


@STREAM.case
def stream_resolved_markets(world: Published) -> None:
    world.minutes_later(6)
    seen = asyncio.run(gathered(lambda: named(world.seq.stream_resolved_markets()), bool))
    event = next(iter(seen.values()))[0]
    assert event["kind"] == "market_resolved"
    has(event, "venue", "event_id", "winning_outcome", "winning_token_id", "losing_token_id")
    assert event["winning_token_id"] != event["losing_token_id"]


async def named(events: AsyncIterator[dict[str, Any]]) -> AsyncIterator[tuple[str, Any]]:
    """Bare events under their kind."""
    try:
        async for event in events:
            yield event["kind"], event
    finally:
        await events.aclose()  # type: ignore[attr-defined]  # every stream is a generator


async def gathered(
    opened: Callable[[], AsyncIterator[tuple[str, Any]]],
    enough: Callable[[dict[str, list[Any]]], bool],
    begin: Callable[[], None] | None = None,
) -> dict[str, list[Any]]:
    """Events by channel until there are enough; `begin` runs once the first one has come."""
    seen: dict[str, list[Any]] = {}
    events = opened()
    started = begin is None
    try:
        async with asyncio.timeout(STREAM_S):
            async for channel, data in events:
                seen.setdefault(channel, []).append(data)
                if not started and begin is not None:
                    started = True
                    await asyncio.to_thread(begin)
                if enough(seen):
                    return seen
    except TimeoutError:
        counts = {name: len(rows) for name, rows in seen.items()}
        raise AssertionError(f"only these came: {counts}") from None
    finally:
        await events.aclose()  # type: ignore[attr-defined]  # every stream is a generator
    raise AssertionError("the stream ended by itself")
