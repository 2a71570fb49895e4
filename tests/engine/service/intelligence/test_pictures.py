"""Forecast and simulation off a running engine: views, filters, refusals."""

from __future__ import annotations

import msgspec
import pytest

from engine import ExecutionEngine
from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.board import Intelligence
from engine.service.markets.board import Markets
from engine.service.quotes.board import Quotes
from tests.support.intelligence_rig import ETH, with_board

BUY = Side.BUY


def test_a_forecast_of_an_event_is_in_cents_too_and_aliases_work() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        event = next(one for one in engine.world.markets if one.startswith("KX"))
        view = board.pictures.forecast(event, BUY, 10 * ETH, "medium")
        assert view.source == "event_books" and view.mid is not None
        assert view.expected_cost_bps is not None and view.expected_cost_cents is not None
        cents = view.expected_cost_bps * view.mid * 0.01
        assert view.expected_cost_cents == pytest.approx(cents)
        plain = board.pictures.forecast("ETH-USD", BUY, ETH, "medium")
        assert plain.expected_cost_cents is None and plain.source == "live_books"
        assert plain.expected_cost_usd is not None and plain.mid is not None
        assert plain.expected_cost_bps is not None
        assert plain.expected_cost_usd == pytest.approx(plain.expected_cost_bps * 1e-4 * plain.mid)
        assert [one.venue for one in plain.books] == ["binance", "coinbase", "kraken"]
        alias = next(a for a, h in engine.world.symbols.items() if a != h.symbol)
        assert board.pictures.forecast(alias, BUY, ETH, "low").symbol != alias

    with_board(work, events=True)


def test_what_is_off_the_lot_is_left_out_of_forecast_and_simulation() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        event = next(one for one in engine.world.markets if one.startswith("KX"))
        board.quotes = Quotes(engine, resolve=Markets(engine).resolve)
        lot = min(one.lot_1e8 for one in engine.world.markets[event].listings)
        assert lot > 1_000
        asked = 10 * lot + lot // 3
        for side in ("buy", "sell"):
            for symbol in (event, f"{event}:no"):
                view = await board.forecast(symbol, side, asked)
                assert (view.qty_1e8, view.at_least) == (10 * lot, False)
                assert view.completion_probability is not None
                assert [one for one in view.missing if "is off the lot of" in one]
                sizes = [one.qty for one in view.size_at_cost if one.qty is not None]
                assert sizes and all(round(one * 1e8) % lot == 0 for one in sizes)
                usd = (view.expected_cost_bps or 0.0) * 1e-4 * (view.mid or 0.0) * view.qty
                assert view.expected_cost_usd == pytest.approx(usd, rel=1e-6)
        told = await board.simulate(event, "buy", asked)
        assert told.qty_1e8 == 10 * lot and "is off the lot of" in told.missing[0]
        assert any(one.est_cost_bps is not None for one in told.strategies)
        whole = await board.simulate(event, "buy", 10 * lot)
        assert whole.missing == told.missing[1:]

    with_board(work, events=True)


@pytest.mark.parametrize("of", ["forecast", "simulate"])
def test_an_urgency_that_there_is_not_names_those_that_there_are(of: str) -> None:
    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        with pytest.raises(ApiError, match=r"no urgency 'loww'; use low, medium, high") as caught:
            await getattr(board, of)("ETH-USD", "buy", ETH, urgency="loww")
        assert caught.value.code is ErrorCode.INVALID_PARAMS
        assert [path for path, _ in caught.value.details] == ["urgency"]

    with_board(work)


def test_filters_of_the_simulation_drop_and_name() -> None:
    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        simulate = board.pictures.simulate
        plain = simulate("ETH-USD", BUY, 10 * ETH)
        assert {one.name for one in plain.strategies} == {"aggressive", "passive", "split"}
        assert plain.method == "closed_form" and plain.dropped == {}
        costs = [one.est_cost_bps or 0.0 for one in plain.strategies]
        assert costs == sorted(costs)
        passive = simulate("ETH-USD", BUY, 10 * ETH, passive_only=True)
        assert [one.name for one in passive.strategies] == ["passive"]
        assert set(passive.dropped) == {"aggressive", "split"}
        none = simulate("ETH-USD", BUY, 10 * ETH, max_cost_bps=-1_000.0)
        assert none.strategies == () and len(none.dropped) == 3
        without = simulate("ETH-USD", BUY, 10 * ETH, exclude_venues=("binance",))
        for one in without.strategies:
            assert "binance" not in one.venues
        assert without.excluded_venues == ("binance",)
        more = simulate("ETH-USD", BUY, 10 * ETH, strategies=("time_drip", "sor"), urgency="high")
        assert {one.name for one in more.strategies} == {"time_drip", "sor"}
        assert {one.urgency for one in more.strategies} == {"high"}

    with_board(work)


def test_a_passive_cost_is_that_of_the_venues_where_it_would_rest() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        makers = {
            one.venue: one.fees.maker_ppm / 100
            for one in engine.world.markets["ETH-USD"].listings
            if one.fees is not None
        }
        cheapest = sorted(makers, key=makers.__getitem__)
        for urgency, count in (("low", 1), ("medium", 2), ("high", 2)):
            view = board.pictures.simulate("ETH-USD", BUY, ETH, urgency=urgency)
            passive = next(one for one in view.strategies if one.name == "passive")
            assert passive.venues == tuple(cheapest[:count])
            assert passive.est_cost_bps is not None and passive.fill_rate is not None
            fee = sum(makers[one] for one in cheapest[:count]) / count
            if passive.fill_rate > 0.99:
                assert passive.est_cost_bps < fee + 1.0

    with_board(work)


def test_names_that_are_none_are_refused() -> None:
    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        for more in ({"strategies": ("magic",)}, {"exclude_venues": ("nyse",)}):
            with pytest.raises(ApiError) as refused:
                board.pictures.simulate("ETH-USD", BUY, ETH, **more)  # type: ignore[arg-type]  # one of two
            assert refused.value.code is ErrorCode.INVALID_PARAMS

    with_board(work)


def test_with_every_venue_left_out_there_is_a_reason_and_no_number() -> None:
    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        every = ("binance", "coinbase", "kraken")
        view = board.pictures.simulate("ETH-USD", BUY, ETH, exclude_venues=every)
        assert view.missing
        assert {one.est_cost_bps for one in view.strategies} == {None}
        assert board.pictures.forecast("ETH-USD", BUY, ETH, "medium").expected_cost_bps is not None

    with_board(work)


def test_a_market_whose_listings_changed_is_a_new_picture() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        first = board.pictures.picture("ETH-USD")
        assert board.pictures.picture("ETH-USD") is first
        market = engine.world.markets["ETH-USD"]
        kept = market.listings
        market.listings = (*kept[:-1], msgspec.structs.replace(kept[-1], fees=None))
        try:
            assert board.pictures.picture("ETH-USD") is not first
        finally:
            market.listings = kept

    with_board(work)
