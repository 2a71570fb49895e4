"""The forecast: exact book part, honest blanks, ranking, confidence."""

from __future__ import annotations

import pytest

from engine.errors import Reason
from engine.intelligence.distribution import LEVELS
from engine.intelligence.forecast import Forecast, forecast
from engine.intelligence.picture import MarketPicture
from tests.support.markets import NOW_NS, TICK
from tests.support.pictures import CENT, event_picture, picture_of, random_picture, visible, walk


def made(picture: MarketPicture, qty: int, side: int = 0) -> Forecast:
    picture.look(side, NOW_NS)
    return forecast(picture, qty)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("side", [0, 1])
def test_the_book_part_equals_an_independent_walk_exactly(seed: int, side: int) -> None:
    picture = random_picture(seed)
    qty = 3 * 10**9 + 7 * seed
    found = made(picture, qty, side)
    paid, fees, latency = walk(picture, qty)
    assert found.book is not None
    assert found.book.price_times_qty == str(paid)
    assert found.book.qty_1e8 == qty
    assert found.book.avg_price_1e9 == round(paid / qty)
    total = picture.sign * (paid - picture.mid * qty) + float(fees) + float(latency)
    assert found.expected_cost_bps == pytest.approx(1e4 * total / (picture.mid * qty), abs=1e-5)


def test_the_downside_lies_above_and_confidence_rises_to_its_ceiling() -> None:
    found = made(random_picture(1), 3 * 10**9)
    assert found.expected_cost_bps is not None and found.downside_cost_bps is not None
    assert found.downside_cost_bps > found.expected_cost_bps == found.mean_cost_bps
    assert found.completion_probability is not None
    assert [one.probability for one in found.fill_confidence] == pytest.approx(
        [level * found.completion_probability for level in LEVELS]
    )
    costs = [one.cost_bps for one in found.fill_confidence]
    assert costs == sorted(costs)
    assert found.fill_confidence[4].cost_bps == pytest.approx(found.downside_cost_bps)
    assert not found.missing and not found.at_least


def test_venues_are_ranked_by_what_all_of_it_costs_there() -> None:
    asks = [[(105 * TICK, 40)], [(101 * TICK, 10)], [(102 * TICK, 40)]]
    found = made(picture_of([([(99 * TICK, 5)], side) for side in asks]), 30)
    ranking = found.venue_ranking
    assert [one.venue for one in ranking] == ["v2", "v0", "v1"]
    assert ranking[2].fillable_qty_1e8 == 10 and ranking[2].reason == Reason.NO_LIQUIDITY
    for one in ranking:
        assert one.landed_cost_bps is not None and one.book_cost_bps is not None
        assert one.fee_bps is not None and one.latency_cost_bps is not None
        parts = one.book_cost_bps + one.fee_bps + one.latency_cost_bps
        assert one.landed_cost_bps == pytest.approx(parts)
    assert sum(one.share for one in ranking) == pytest.approx(1.0)
    shares = {one.venue: one.share for one in ranking}
    assert shares == {"v1": pytest.approx(1 / 3), "v2": pytest.approx(2 / 3), "v0": 0.0}


def test_an_empty_a_one_sided_and_a_stale_market_say_what_is_missing() -> None:
    empty = made(picture_of([([], [])]), 10)
    bids_only = made(picture_of([([(99 * TICK, 5)], [])]), 10)
    old = random_picture(1)
    old.look(0, NOW_NS + 100 * 10**9)
    stale = forecast(old, 10)
    for found in (empty, bids_only, stale):
        assert found.expected_cost_bps is None and found.downside_cost_bps is None
        assert found.book is None and found.capacity_curve == () and found.fill_confidence == ()
        assert found.completion_probability is None and found.urgency_tradeoff is None
        assert found.missing
    assert empty.mid is None and "no mid" in empty.missing[0]
    assert stale.mid is not None
    assert {one.reason for one in stale.venue_ranking} == {Reason.STALE_VENUE}


def test_more_than_the_books_hold_is_a_marked_bound() -> None:
    picture = random_picture(4)
    picture.look(0, NOW_NS)
    total = visible(picture)
    inside, beyond = made(picture, total), made(picture, 3 * total)
    assert not inside.at_least and beyond.at_least
    assert beyond.expected_cost_bps is not None and inside.expected_cost_bps is not None
    assert beyond.expected_cost_bps > inside.expected_cost_bps
    assert beyond.completion_probability is None and beyond.fill_confidence == ()
    assert beyond.book is not None and beyond.book.qty_1e8 == total
    assert "bound" in beyond.missing[0] and "refill" in beyond.missing[0]
    assert "square-root law" in beyond.missing[1] and beyond.beyond_books == "lower_bound"
    assert inside.missing == ()
    picture.day_volume_1e8 = 10**14
    known = forecast(picture, 3 * total)
    assert known.beyond_books == "square_root_law"
    assert [one.startswith("urgency_tradeoff: ") for one in known.missing] == [False, True]
    assert known.urgency_tradeoff is None


@pytest.mark.parametrize("urgency", [0, 1, 2])
def test_the_headline_is_the_sum_of_its_parts(urgency: int) -> None:
    for seed in range(5):
        picture = random_picture(seed)
        assert picture.look(seed % 2, NOW_NS, urgency)
        found = forecast(picture, 3 * 10**9)
        book = found.book
        assert book is not None and found.expected_cost_bps is not None
        parts = book.book_cost_bps + book.fee_bps + book.latency_cost_bps
        assert found.expected_cost_bps == pytest.approx(parts, abs=1e-12)
        assert book.book_cost_bps == pytest.approx(book.half_spread_bps + book.walk_bps, abs=5.0)
        assert found.urgency_tradeoff is not None
        now = found.urgency_tradeoff.frontier[0].cost_bps
        assert now == pytest.approx(found.expected_cost_bps, abs=1e-4)


def test_a_venue_without_a_part_says_why() -> None:
    # v2 is the cheapest for all of it, yet both halves are cheaper on the two others.
    asks = [
        [(101 * TICK, 20), (190 * TICK, 90)],
        [(101 * TICK, 20), (190 * TICK, 90)],
        [(102 * TICK, 90)],
    ]
    found = made(picture_of([([(99 * TICK, 5)], side) for side in asks], fee_ppm=0), 40)
    ranking = {one.venue: one for one in found.venue_ranking}
    assert found.venue_ranking[0].venue == "v2"
    assert ranking["v2"].share == 0.0 and "cheaper elsewhere" in ranking["v2"].reason
    assert ranking["v0"].share == ranking["v1"].share == 0.5
    assert ranking["v0"].reason == ranking["v1"].reason == ""


def test_the_least_order_is_that_of_money_too() -> None:
    # A lot of 0.0001 is worth a hundredth of the ten dollars that are wanted.
    asks = [(100 * 10**9, 10**10)]
    poor = picture_of([([(99 * 10**9, 10**10)], asks)], lot_1e8=10_000, notional_min_1e9=10 * 10**9)
    found = made(poor, 10_000)
    assert found.expected_cost_bps is None
    assert "0.0001 is below the smallest order of every venue (0.1)" in found.missing[0]


def test_less_than_a_lot_has_no_cost() -> None:
    asks = [(101 * TICK, 10_000)]
    found = made(picture_of([([(99 * TICK, 5_000)], asks)], lot_1e8=1_000), 900)
    assert found.expected_cost_bps is None
    assert "smallest order" in found.missing[0]


@pytest.mark.parametrize("side", [0, 1])
def test_what_is_off_the_lot_is_left_out_and_named(side: int) -> None:
    books = [([(99 * TICK, 5_000)], [(101 * TICK, 10_000)])]
    whole = made(picture_of(books, lot_1e8=1_000), 2_000, side)
    dust = made(picture_of(books, lot_1e8=1_000), 2_500, side)
    text = (
        "0.000005 is off the lot of 0.00001 and is left out: an order must be a multiple of it",
    )
    assert dust.missing == text and not whole.missing
    assert not dust.at_least and dust.completion_probability is not None
    for name in Forecast.__struct_fields__:
        if name != "missing":
            assert getattr(dust, name) == getattr(whole, name), name
    # As a submission mends it: one unit beside the lot is a client's float.
    for mended in (1_999, 2_001):
        assert made(picture_of(books, lot_1e8=1_000), mended, side).book == whole.book
    more = made(picture_of(books, lot_1e8=1_000), 90_500, side)
    assert more.at_least and "books show only" in more.missing[0]
    assert text[0] in more.missing


def test_a_rest_too_small_for_every_venue_makes_no_bound() -> None:
    # Orders are 500 at least: of 1,300 the cheap venue takes 1,000, and 300 are none anywhere.
    books = [([(99 * TICK, 5_000)], [(101 * TICK, 1_000)])] * 2
    found = made(picture_of(books, lot_1e8=100, qty_min_1e8=900), 1_300)
    assert found.book is not None and found.book.qty_1e8 < 1_300
    assert not found.at_least and found.completion_probability is None
    assert "below the smallest order of every venue (0.000009)" in found.missing[0]
    assert "costs are of the other" in found.missing[0] and "refill" not in found.missing[0]
    # More than the books show is short of books, however little more it is.
    short = made(picture_of(books, lot_1e8=100, qty_min_1e8=900), 2_300)
    assert short.at_least and "books show only 0.00002 of 0.000023" in short.missing[0]


def test_an_event_contract_costs_cents() -> None:
    picture = event_picture(
        [(40 * CENT, 100 * 10**8), (50 * CENT, 100 * 10**8)], [(38 * CENT, 10**8)]
    )
    found = made(picture, 100 * 10**8)
    cents = picture.cents_per_bp()
    assert found.expected_cost_bps is not None and cents is not None
    late = picture.latency_bps(0) * cents
    assert found.expected_cost_bps * cents == pytest.approx(1.0 + 7 * 0.4 * 0.6 + late)
