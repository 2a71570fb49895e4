"""Preview, routing and slippage: what is asked becomes the order that would be submitted."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.board import Quotes
from engine.service.quotes.walks import SIZES_MAX, SideWord, parse_sizes
from tests.support.quotes_rig import code_of, with_quotes

P = 10**9
Q = 10**8
EVENT = "home-team-wins-final"


def test_sizes_are_a_comma_list_of_usd() -> None:
    assert parse_sizes("1000, 2.5,") == [Decimal(1000), Decimal("2.5")]


@pytest.mark.parametrize(
    "text", ["", ",", "0", "-1", "much", "NaN", "1e999", "2000000000", ",".join("1" * 21)]
)
def test_sizes_that_are_none_are_refused(text: str) -> None:
    assert SIZES_MAX == 20
    with pytest.raises(ApiError) as caught:
        parse_sizes(text)
    assert caught.value.code is ErrorCode.INVALID_PARAMS
    assert caught.value.details[0][0] == "sizes"


def test_a_market_order_is_capped_by_the_collar_and_its_parts_add_up() -> None:
    async def check(quotes: Quotes) -> None:
        small = await quotes.preview("ETH-USD", "buy", Decimal(5))
        assert (small.planned_qty_1e8, small.unplaced_qty_1e8, small.reason) == (5 * Q, 0, None)
        assert sum(leg.qty_1e8 for leg in small.legs) == 5 * Q
        fee, slippage = small.estimated_fee_1e9, small.estimated_slippage_1e9
        assert slippage is not None
        assert small.estimated_total_cost_1e9 == fee + slippage > 0
        assert sum(leg.fee_1e9 for leg in small.legs) == fee
        assert small.worst_price_1e9 == pytest.approx((small.mid or 0) * 1.01 * P, rel=1e-5)
        # Far more than the collar lets through: the rest is left over, with a reason.
        large = await quotes.preview("ETH-USD", "buy", Decimal(100000))
        assert large.unplaced_qty_1e8 == 100_000 * Q - large.planned_qty_1e8 > 0
        assert large.reason in {"BEYOND_LIMIT", "NO_LIQUIDITY"}

    with_quotes(check)


def test_of_a_limit_order_what_does_not_cross_would_rest() -> None:
    async def check(quotes: Quotes) -> None:
        away = await quotes.preview("ETH-USD", "buy", Decimal(5), price=Decimal(1000))
        assert (away.order_type, away.planned_qty_1e8) == ("limit", 0)
        assert (away.resting_qty_1e8, away.unplaced_qty_1e8, away.reason) == (5 * Q, 0, None)
        assert (away.avg_price, away.estimated_slippage_bps) == (None, None)
        assert (away.estimated_fee_1e9, away.worst_price_1e9) == (0, 1_000 * P)

    with_quotes(check)


def test_a_pinned_venue_takes_it_all_and_the_others_say_why_not() -> None:
    async def check(quotes: Quotes) -> None:
        pinned = await quotes.preview("ETH-USD", "sell", Decimal(1), venue="kraken")
        assert [leg.venue for leg in pinned.legs] == ["kraken"]
        reasons = {one.venue: one.reason for one in pinned.candidate_venues}
        assert reasons == {
            "binance": "PINNED_ELSEWHERE",
            "coinbase": "PINNED_ELSEWHERE",
            "kraken": None,
        }

    with_quotes(check)


def test_what_a_submit_would_refuse_a_preview_refuses_with_the_field() -> None:
    async def check(quotes: Quotes) -> None:
        asks: list[tuple[dict[str, object], str]] = [
            ({"qty": Decimal("0.000000001")}, "qty"),
            ({"qty": Decimal(0)}, "qty"),
            ({"qty": Decimal(-1)}, "qty"),
            ({"qty": Decimal("NaN")}, "qty"),
            ({"qty": Decimal("1e30")}, "qty"),
            ({"qty": Decimal(1), "price": Decimal("2000.001")}, "price"),
            ({"qty": Decimal(1), "venue": "okx"}, "venue"),
        ]
        for words, field in asks:
            with pytest.raises(ApiError) as caught:
                await quotes.preview("ETH-USD", "buy", **words)  # type: ignore[arg-type]  # a table
            assert caught.value.code is ErrorCode.VALIDATION_ERROR
            assert caught.value.details[0][0] == field
        # A client that truncates floats sends 28999999 for 0.29; that is mended as at submit.
        mended = await quotes.preview("BTC-USD", "buy", Decimal("0.28999999"), venue="binance")
        assert mended.qty_1e8 == 29_000_000

    with_quotes(check)


def test_no_is_bought_at_one_less_the_bids_of_yes() -> None:
    async def check(quotes: Quotes) -> None:
        quote = await quotes.quote(f"{EVENT}:no", depth=1)
        preview = await quotes.preview(f"{EVENT}:no", "buy", Decimal(10))
        assert (preview.side, preview.mirrored) == ("buy", True)
        assert preview.avg_price == quote.nbbo.ask
        assert preview.mid == pytest.approx(quote.nbbo.mid)
        assert (preview.estimated_slippage_1e9 or 0) > 0
        # A limit price is of the NO side too.
        ask = Decimal(str(quote.nbbo.ask)) - Decimal("0.01")
        below = await quotes.preview(f"{EVENT}:no", "buy", Decimal(10), price=ask)
        assert (below.planned_qty_1e8, below.resting_qty_1e8) == (0, 10 * Q)
        assert below.worst_price_1e9 == int(ask * P)
        beyond = quotes.preview(f"{EVENT}:no", "buy", Decimal(10), price=Decimal("1.5"))
        assert await code_of(beyond) == "VALIDATION_ERROR"
        routing = await quotes.routing(f"{EVENT}:no", "buy", Decimal(10))
        assert [leg.avg_price_1e9 for leg in routing.legs] == [preview.avg_price_1e9]

    with_quotes(check)


def test_the_slippage_curve_never_gets_cheaper_with_size() -> None:
    async def check(quotes: Quotes) -> None:
        sizes = parse_sizes("1000,10000,100000,1000000,900000000")
        for side in ("buy", "sell"):
            view = await quotes.slippage("BTC-USD", side, sizes)
            assert [point.size_usd for point in view.curve] == [float(one) for one in sizes]
            costs = [point.slippage_bps or 0.0 for point in view.curve]
            assert all(a <= b + 0.01 for a, b in itertools.pairwise(costs))
            assert view.curve[0].inside_collar is True
            last = view.curve[-1]
            assert (last.complete, last.inside_collar) == (False, None)
            assert last.reason == "NO_LIQUIDITY"
            size = view.curve[2].qty_1e8 * (view.mid or 0) / Q
            assert size == pytest.approx(100_000, rel=1e-4)

    with_quotes(check)


def test_sizes_below_a_lot_say_so() -> None:
    async def check(quotes: Quotes) -> None:
        view = await quotes.slippage(f"{EVENT}:no", "buy", parse_sizes("0.001,50"))
        small, real = view.curve
        assert (small.qty_1e8, small.complete, small.reason) == (0, False, "BELOW_MINIMUM")
        assert real.planned_qty_1e8 > 0
        assert (real.avg_price_1e9 or 0) >= (view.mid or 0) * P

    with_quotes(check)


def test_routing_has_every_leg_and_every_candidate() -> None:
    async def check(quotes: Quotes) -> None:
        routing = await quotes.routing("ETH-USD", "sell", Decimal(50))
        assert routing.planned_qty_1e8 == 50 * Q
        assert {leg.venue for leg in routing.legs} <= {one.venue for one in routing.candidates}
        planned = {one.venue: one.planned_qty_1e8 for one in routing.candidates}
        assert sum(planned.values()) == 50 * Q
        assert routing.routing_version == 1
        assert (routing.est_cost_bps or 0) > 0

    with_quotes(check)


@pytest.mark.parametrize("symbol", [f"{EVENT}:no", EVENT, "ETH-USD"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_routing_estimates_in_the_unit_of_the_preview(symbol: str, side: SideWord) -> None:
    async def check(quotes: Quotes) -> None:
        preview = await quotes.preview(symbol, side, Decimal(10))
        routing = await quotes.routing(symbol, side, Decimal(10))
        assert routing.est_cost_bps == pytest.approx(preview.estimated_total_cost_bps, rel=0.01)
        cents = None if symbol == "ETH-USD" else (preview.estimated_total_cost_usd or 0) * 100 / 10
        assert routing.est_cost_cents == (cents and pytest.approx(cents, rel=0.01))
        priced = [one.taker_fee_bps for one in routing.candidates if one.planned_qty_1e8]
        paid = [leg.fee_bps for leg in routing.legs]
        # Of the mid there and of the leg's own price here: close, and on the same side.
        assert priced == pytest.approx(paid, rel=0.1)

    with_quotes(check)
