"""The NO side: equal to what a market quoted in NO prices would tell, number by number."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from engine import ExecutionEngine
from engine.intelligence.picture import MarketPicture
from engine.intelligence.strategies import STANDARD, estimate
from engine.model.mirror import PAYOFF_1E9, mirror_price
from engine.model.units import Side
from engine.service.api_error import ApiError
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.other_side import (
    OtherSideHistory,
    checked_side,
    facts_of_no,
    forecast_of_no,
    mirror_x2,
    ratio,
    review_of_no,
    scaled_bps,
    simulation_of_no,
)
from engine.service.intelligence.regret import judge_of
from engine.service.intelligence.review import full_review
from engine.service.intelligence.views import ForecastView, SimulationView
from tests.support.intelligence_rig import ended, facts_of, with_board
from tests.support.markets import NOW_NS
from tests.support.one_market import at_one_moment, pictures_over
from tests.support.pictures import CENT, event_picture
from tests.support.rest_world import RestWorld, with_rest

LOT = 100 * 10**8
ASKS = [(31 * CENT, 5 * LOT), (33 * CENT, 9 * LOT), (40 * CENT, 30 * LOT)]
BIDS = [(28 * CENT, 4 * LOT), (27 * CENT, 20 * LOT)]


@pytest.fixture(autouse=True)
def _moment(monkeypatch: pytest.MonkeyPatch) -> None:
    at_one_moment(monkeypatch)


def told(picture: MarketPicture, side: Side, qty: int) -> ForecastView:
    pictures, symbol = pictures_over(picture)
    return pictures.forecast(symbol, side, qty, "medium")


def mirrored(levels: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(mirror_price(price), qty) for price, qty in levels]


def close(ours: Any, theirs: Any, path: str = "") -> None:
    """Equal everywhere, floats up to rounding."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), path
        for name in theirs:
            close(ours[name], theirs[name], f"{path}.{name}")
    elif isinstance(theirs, list | tuple):
        assert len(ours) == len(theirs), path
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            close(one, other, f"{path}[{index}]")
    elif isinstance(theirs, float) and isinstance(ours, float):
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9), path
    else:
        assert ours == theirs, path


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("qty", [LOT // 100, 3 * LOT, 20 * LOT, 500 * LOT])
def test_a_forecast_is_that_of_the_mirrored_market(side: Side, qty: int) -> None:
    yes, no = event_picture(ASKS, BIDS), event_picture(mirrored(BIDS), mirrored(ASKS))
    inside = Side.SELL if side is Side.BUY else Side.BUY
    expected = told(no, side, qty)
    made = forecast_of_no(told(yes, inside, qty), expected.symbol, side)
    assert made.expected_cost_bps is not None and made.mid is not None
    assert made.mid > 0.5
    close(msgspec.to_builtins(made), msgspec.to_builtins(expected))


def test_cents_and_money_are_the_same_on_both_sides() -> None:
    yes = event_picture(ASKS, BIDS)
    before = told(yes, Side.SELL, 3 * LOT)
    made = forecast_of_no(before, "x:no", Side.BUY)
    assert made.expected_cost_cents == before.expected_cost_cents
    assert made.downside_cost_cents == before.downside_cost_cents
    assert made.expected_cost_usd == before.expected_cost_usd
    assert (made.symbol, made.side) == ("x:no", "buy")


def test_without_bids_of_yes_there_are_no_asks_of_no() -> None:
    made = forecast_of_no(told(event_picture(ASKS, []), Side.SELL, LOT), "x:no", Side.BUY)
    assert made.mid is None and made.expected_cost_bps is None
    assert made.missing
    view = msgspec.structs.replace(made, missing=("no venue that may be used shows bids",))
    assert forecast_of_no(view, "x:no", Side.BUY).missing[0].endswith("shows asks")


@pytest.mark.parametrize("limit", [None, 50.0, 600.0])
def test_a_simulation_is_that_of_the_mirrored_market_and_filters_by_its_own_bps(
    limit: float | None,
) -> None:
    yes, no = event_picture(ASKS, BIDS), event_picture(mirrored(BIDS), mirrored(ASKS))
    yes.look(1, NOW_NS)
    no.look(0, NOW_NS)
    blank: dict[str, Any] = {
        "symbol": "x",
        "side": "sell",
        "qty": 3.0,
        "qty_1e8": 3 * LOT,
        "method": "closed_form",
        "mid": yes.mid / PAYOFF_1E9,
        "dropped": {},
        "excluded_venues": (),
        "as_of_ns": NOW_NS,
        "model_version": "m",
        "missing": (),
    }
    view = SimulationView(
        strategies=tuple(estimate(yes, 3 * LOT, name) for name in STANDARD), **blank
    )
    made = simulation_of_no(view, "x:no", Side.BUY, limit)
    theirs = [estimate(no, 3 * LOT, name) for name in STANDARD]
    kept = [one for one in theirs if limit is None or (one.est_cost_bps or 0.0) <= limit]
    close(msgspec.to_builtins(made.strategies), msgspec.to_builtins(kept))
    assert set(made.dropped) == {one.name for one in theirs} - {one.name for one in kept}


def test_only_bps_are_scaled_and_a_history_is_mirrored() -> None:
    picture = event_picture(ASKS, BIDS)
    made = told(picture, Side.BUY, LOT)
    twice = scaled_bps(made, 2.0)
    assert made.book is not None and twice.book is not None
    assert twice.book.fee_bps == 2 * made.book.fee_bps
    assert twice.book.avg_price_1e9 == made.book.avg_price_1e9
    assert twice.size_at_cost == made.size_at_cost
    assert twice.capacity_curve[3].cost_bps == 2 * made.capacity_curve[3].cost_bps
    assert ratio(0.25) == pytest.approx(1 / 3)
    assert (ratio(None), ratio(0.0), mirror_x2(0)) == (1.0, 1.0, 0)

    class History:
        def mid_x2_at(self, symbol: str, when_ns: int) -> int | None:
            return 600_000_000 if when_ns else None

        def mean_x2(self, symbol: str, from_ns: int, to_ns: int) -> float | None:
            return 5e8 if from_ns else None

        def prints(self, symbol: str, from_ns: int, to_ns: int) -> tuple[list[Any], str]:
            return [], "why"

    seen = OtherSideHistory(History())
    assert (seen.mid_x2_at("x", 1), seen.mid_x2_at("x", 0)) == (1_400_000_000, None)
    assert (seen.mean_x2("x", 1, 2), seen.mean_x2("x", 0, 2)) == (1.5e9, None)
    assert seen.prints("x", 1, 2) == ([], "why")


def test_a_no_order_is_told_as_it_was_given() -> None:
    async def test(world: RestWorld) -> None:
        slug = "fed-cut-next-meeting"
        no = f"{slug}:no"
        ask = f"/v1/execution/forecast?symbol={no}&side=buy&qty=100"
        seen = await world.ok("GET", ask)
        yes = await world.ok("GET", f"/v1/execution/forecast?symbol={slug}&side=sell&qty=100")
        assert seen["symbol"] == no and seen["side"] == "buy"
        assert seen["mid"] == pytest.approx(1 - yes["mid"], abs=0.02)
        assert seen["expected_cost_bps"] is not None
        cases = await world.ok(
            "GET", f"/v1/execution/simulate?symbol={no}&side=buy&qty=100&max_cost_bps=100000"
        )
        assert cases["strategies"] and cases["symbol"] == no
        job = await world.ok(
            "GET",
            f"/v1/execution/simulate?symbol={no}&side=buy&qty=100&method=simulated&runs=1"
            "&strategies=aggressive&urgency=high",
        )
        while job["status"] == "running":
            await asyncio.sleep(0.05)
            job = await world.ok("GET", f"/v1/execution/simulate/jobs/{job['job_id']}")
        assert (job["symbol"], job["side"], job["status"]) == (no, "buy", "done")
        assert job["mid"] == pytest.approx(seen["mid"], abs=0.02)
        (run,) = job["strategies"]
        assert run["closed_form_bps"] / 3 < run["est_cost_bps"] < 3 * run["closed_form_bps"]
        order = {"symbol": no, "side": "buy", "qty": 100}
        made = await world.ok("POST", "/v1/orders", order)
        await world.done(made["graph_id"])
        graph = await world.ok("GET", f"/v1/execution_graphs/{made['graph_id']}")
        assert graph["status"] == "completed", graph
        fills = (await world.ok("GET", "/v1/fills"))["fills"]
        order_id = fills[0]["node_order_id"]
        live = await world.ok("GET", f"/v1/execution/live/{order_id}")
        review = await world.ok("GET", f"/v1/execution/review/{order_id}")
        for shown in (live, review["order"], review["decisions"][0]):
            assert (shown["symbol"], shown["side"]) == (no, "buy")
        assert live["tca"]["arrival_mid"] == pytest.approx(seen["mid"], abs=0.02)
        assert live["tca"]["mid"] == pytest.approx(seen["mid"], abs=0.02)
        average = fills[0]["price_1e9"]
        assert live["fills"][0]["price_1e9"] == average
        assert review["order"]["avg_fill_price_1e9"] == pytest.approx(average, abs=2 * CENT)
        assert review["children"][0]["limit_price_1e9"] >= average
        leg = review["decisions"][0]["legs"][0]
        assert leg["limit_price_1e9"] == review["children"][0]["limit_price_1e9"]
        arrival = review["benchmarks"]["arrival_mid"]
        slip = review["benchmarks"]["arrival_slippage_bps"]
        paid = review["order"]["avg_fill_price_1e9"] / 1e9
        assert slip == pytest.approx(1e4 * (paid - arrival) / arrival, abs=0.01)
        assert review["benchmarks"]["arrival_slippage_cents"] == pytest.approx(
            100 * (paid - arrival), abs=1e-4
        )
        parts = review["tca"]
        names = ("delay", "timing", "spread", "impact", "unattributed", "opportunity", "fees")
        assert parts["shortfall_1e9"] == sum(parts[f"{name}_1e9"] for name in names)
        found = await world.ok("GET", "/v1/execution/decisions")
        assert (found["decisions"][0]["symbol"], found["decisions"][0]["side"]) == (no, "buy")
        decision = found["decisions"][0]
        error = decision["forecast_error_bps"]
        assert error is None or abs(error) < 1_000

    with_rest(test)


def test_a_review_of_no_is_the_mirrored_review_of_yes() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        symbol = "btc-above-70k-year-end"
        await asyncio.sleep(0.3)
        order_id = await ended(engine, "a", "sell", 10, symbol=symbol)
        await asyncio.sleep(0.3)
        facts = facts_of(engine, order_id)
        listings = engine.world.markets[facts.row.symbol].listings
        fees = {one.venue: one.fees for one in listings}
        decided = facts.arrival_x2 // 2 + CENT
        yes = await full_review(
            facts, engine.queries, board.history, fees, decided, judge_of(board.pictures, facts)
        )
        told, seen = facts_of_no(facts), OtherSideHistory(board.history)
        judge = judge_of(board.pictures, facts, mirrored=True)
        price = mirror_price(decided)
        no = review_of_no(await full_review(told, engine.queries, seen, fees, price, judge))
        assert (yes.order.side, no.order.side) == ("sell", "buy")
        assert yes.tca is not None
        assert yes.tca.delay_1e9 > 0
        # Money is money, and so are cents of the payoff.
        assert no.tca == yes.tca
        assert no.tca_cents == yes.tca_cents
        assert no.fees.realised_1e9 == yes.fees.realised_1e9
        mid = facts.arrival_x2 / 2 / 1e9
        factor = mid / (1.0 - mid)
        assert no.benchmarks.arrival_mid == pytest.approx(1.0 - mid)
        assert yes.tca_bps is not None
        assert no.tca_bps is not None
        for name, value in yes.tca_bps.items():
            assert no.tca_bps[name] == pytest.approx((value or 0.0) * factor), name
        slips = no.benchmarks.arrival_slippage_bps, yes.benchmarks.arrival_slippage_bps
        assert slips[0] == pytest.approx((slips[1] or 0.0) * factor)
        assert no.benchmarks.arrival_slippage_cents == pytest.approx(
            yes.benchmarks.arrival_slippage_cents
        )
        assert yes.benchmarks.twap is not None
        assert no.benchmarks.twap == pytest.approx(1.0 - yes.benchmarks.twap)
        for ours, theirs in zip(no.decisions, yes.decisions, strict=True):
            unit = (theirs.mid or 0.0) / (1.0 - (theirs.mid or 0.0))
            for name in ("est_cost_bps", "realised_cost_bps", "forecast_error_bps"):
                assert getattr(ours, name) == pytest.approx(getattr(theirs, name) * unit), name
        mine, his = no.policy_regret, yes.policy_regret
        assert mine is not None
        assert his is not None
        assert (mine.best_policy, mine.chosen_policy) == (his.best_policy, his.chosen_policy)
        for name in ("regret_bps", "low_bps", "high_bps", "realised_bps", "best_estimate_bps"):
            assert getattr(mine, name) == pytest.approx(getattr(his, name) * factor, rel=0.02), name

    with_board(work, events=True)


def test_a_side_is_checked_by_its_name() -> None:
    assert checked_side("sell") is Side.SELL
    assert checked_side(Side.BUY) is Side.BUY
    with pytest.raises(ApiError) as refused:
        checked_side("hold")
    assert refused.value.details[0][0] == "side"
