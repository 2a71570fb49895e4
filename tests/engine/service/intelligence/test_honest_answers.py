"""What cannot be known is null with a reason, in all four answers: never a zero like a number."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import msgspec
import pytest

from engine import ExecutionEngine
from engine.intelligence.picture import MarketPicture
from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.live import live_view
from engine.service.intelligence.pictures import Pictures
from engine.service.intelligence.review import make_review
from engine.service.intelligence.views import ForecastView
from tests.support.intelligence_rig import ended, facts_of, with_board
from tests.support.markets import NOW_NS, Levels
from tests.support.one_market import at_one_moment, pictures_over
from tests.support.pictures import picture_of

UNIT, USD, STALE_NS = 10**8, 10**9, 10**11
FULL: tuple[Levels, Levels] = ([(99 * USD, 5 * UNIT)], [(101 * USD, 5 * UNIT)])
NO_ASKS: tuple[Levels, Levels] = ([(99 * USD, 5 * UNIT)], [])
NO_BIDS: tuple[Levels, Levels] = ([], [(101 * USD, 5 * UNIT)])
EMPTY: tuple[Levels, Levels] = ([], [])
# What a forecast tells besides quantities; all of it is null when the cost cannot be known.
NUMBERS = (
    "expected_cost_bps",
    "mean_cost_bps",
    "downside_cost_bps",
    "expected_cost_usd",
    "completion_probability",
    "expected_horizon_ms",
    "sigma_bps",
    "book",
    "urgency_tradeoff",
)


class Case(NamedTuple):
    """Books, which venues are stale, a quantity, and what must be said."""

    books: list[tuple[Levels, Levels]]
    stale: tuple[int, ...]
    qty_1e8: int
    says: tuple[str, ...]
    priced: bool = False


CASES = {
    "empty book": Case([EMPTY, EMPTY], (), UNIT, ("no mid", "v0: NO_LIQUIDITY")),
    "one-sided book, no asks": Case([NO_ASKS, NO_ASKS], (), UNIT, ("no mid",)),
    "one-sided book, no bids": Case([NO_BIDS], (), UNIT, ("no mid",)),
    "one venue one-sided": Case([FULL, NO_ASKS], (), UNIT, ("v1: NO_LIQUIDITY",), True),
    "stale venue": Case([FULL, FULL], (1,), UNIT, ("v1: STALE_VENUE",), True),
    "all venues stale": Case([FULL, FULL], (0, 1), UNIT, ("v0: STALE_VENUE", "v1: STALE_VENUE")),
    "beyond all depth": Case(
        [FULL, FULL], (), 100 * UNIT, ("the books show only 10 of 100",), True
    ),
    "below a lot": Case([FULL, FULL], (), UNIT // 100, ("0.01 is below the smallest order",)),
}


@pytest.fixture(autouse=True)
def _moment(monkeypatch: pytest.MonkeyPatch) -> None:
    at_one_moment(monkeypatch)


def pictures_of(case: Case) -> tuple[Pictures, str]:
    """Pictures of an engine that has this one market."""
    seen: MarketPicture = picture_of(case.books, lot_1e8=UNIT // 10)
    for venue in case.stale:
        seen.market.alive_ns[venue] -= STALE_NS
    return pictures_over(seen)


@pytest.mark.parametrize("name", CASES)
def test_a_forecast_says_what_is_missing_and_why(name: str) -> None:
    case = CASES[name]
    pictures, symbol = pictures_of(case)
    view = pictures.forecast(symbol, Side.BUY, case.qty_1e8, "medium")
    for words in case.says:
        assert any(words in text for text in view.missing), (words, view.missing)
    assert (view.expected_cost_bps is not None) is case.priced
    if case.priced:
        assert view.expected_cost_bps is not None and view.expected_cost_bps > 0.0
    else:
        assert {getattr(view, number) for number in NUMBERS} == {None}
        assert (view.capacity_curve, view.fill_confidence, view.size_at_cost) == ((), (), ())
    for venue in view.venue_ranking:
        if venue.landed_cost_bps is None:
            assert venue.reason, "a venue without a cost says why"
            assert (venue.book_cost_bps, venue.fee_bps, venue.latency_cost_bps) == (None,) * 3
    assert view.at_least == (name == "beyond all depth")
    if view.at_least:
        assert view.completion_probability is None


@pytest.mark.parametrize("name", CASES)
def test_a_simulation_says_what_is_missing_and_why(name: str) -> None:
    case = CASES[name]
    pictures, symbol = pictures_of(case)
    view = pictures.simulate(symbol, Side.BUY, case.qty_1e8)
    whole = case.priced and name != "beyond all depth"
    for one in view.strategies:
        assert (one.est_cost_bps is not None) is whole
        numbers = (one.p50_cost_bps, one.p90_cost_bps, one.fill_rate, one.time_to_complete_ms)
        if not whole:
            assert numbers == (None,) * 4
            assert one.reason and one.reason in view.missing
    if name not in ("empty book", "one-sided book, no asks", "one-sided book, no bids"):
        for words in case.says:
            if "NO_LIQUIDITY" not in words:
                assert any(words in text for text in view.missing), (words, view.missing)


@cache
def order_that_ended() -> OrderFacts:
    """A real order of the same symbol."""

    async def work(engine: ExecutionEngine, _: Intelligence) -> OrderFacts:
        return facts_of(engine, await ended(engine, "a", symbol="BTC-USD", qty=0.01))

    return with_board(work)


def facts(qty_1e8: int, **changes: Any) -> OrderFacts:
    """That order as it was before its first fill, for another quantity."""
    made = order_that_ended()
    row = msgspec.structs.replace(
        made.row, status=type(made.row.status).EXECUTING, qty_1e8=qty_1e8, filled_qty_1e8=0
    )
    return msgspec.structs.replace(made, row=row, fills=[], **changes)


@pytest.mark.parametrize("name", CASES)
def test_the_monitor_says_what_is_missing_and_why(name: str) -> None:
    case = CASES[name]
    pictures, _ = pictures_of(case)
    view = live_view(pictures, facts(case.qty_1e8, arrival_x2=200 * USD))
    for words in case.says:
        assert any(words in text for text in view.missing), (words, view.missing)
    tca = view.tca
    assert (tca.remaining_cost_bps is not None) is case.priced
    assert (tca.projected_cost_bps is not None) is case.priced
    assert (tca.slippage_bps, tca.fees_bps, tca.cost_so_far_bps) == (None, None, None)
    assert tca.avg_fill_price_1e9 is None
    if "no mid" in case.says:
        assert tca.mid is None and tca.drift_bps is None
    assert view.pace.reason
    assert all(one.reason for one in view.advice)


def test_without_a_mid_at_activation_nothing_is_measured_against_it() -> None:
    pictures, _ = pictures_of(CASES["stale venue"])
    blind = facts(UNIT, arrival_x2=0)
    live = live_view(pictures, blind)
    assert live.tca.arrival_mid is None and live.tca.projected_cost_bps is None
    assert any("when the order became active" in text for text in live.missing)
    review = make_review(blind, (), (), None, {}, NOW_NS)
    assert review.tca is None and review.tca_bps is None
    assert review.benchmarks.arrival_mid is None
    assert review.benchmarks.arrival_slippage_bps is None
    assert any("tca: no mid" in text for text in review.missing)
    assert review.fees.realised_bps is None, "nothing filled: no share of a notional"
    assert review.order.avg_fill_price_1e9 is None


def test_a_review_of_an_order_that_filled_nothing_has_no_prices_and_says_why() -> None:
    idle = facts(UNIT, arrival_x2=200 * USD)
    review = make_review(idle, (), (), None, {}, NOW_NS)
    seen = review.benchmarks
    for number in (
        seen.arrival_slippage_bps,
        seen.interval_vwap,
        seen.vwap_slippage_bps,
        seen.twap,
        seen.pwp,
        seen.pwp_slippage_bps,
    ):
        assert number is None
    for one in seen.markouts:
        assert (one.markout_bps, one.fills) == (None, 0) and one.reason
    assert review.tca is None
    assert any("tca: nothing has filled yet" in text for text in review.missing)
    assert any("prices are watched by a running engine" in text for text in review.missing)


def test_a_symbol_never_seen_is_refused_by_its_name() -> None:
    pictures, _ = pictures_of(CASES["stale venue"])
    for ask in (
        lambda: pictures.forecast("NOPE-USD", Side.BUY, UNIT, "medium"),
        lambda: pictures.simulate("NOPE-USD", Side.BUY, UNIT),
    ):
        with pytest.raises(ApiError, match="NOPE-USD") as refused:
            ask()
        assert refused.value.code is ErrorCode.NOT_FOUND

    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        for never in (board.live, board.review):
            with pytest.raises(ApiError) as missing:
                await never("local", "graph:never:order:1")
            assert missing.value.code is ErrorCode.NOT_FOUND

    with_board(work)


def test_the_fields_that_must_be_null_are_fields() -> None:
    assert set(NUMBERS) <= set(ForecastView.__struct_fields__)
