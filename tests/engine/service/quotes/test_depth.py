"""Merging, mirroring and best prices, against a slow sum over every level."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.admission import InstrumentHandle
from engine.service.quotes import depth as books
from engine.service.quotes.asked import plainly
from engine.service.quotes.depth import VenueBook
from engine.service.quotes.views import Source
from tests.support.builders import market

P = 10**9
Q = 10**8
levels = st.dictionaries(st.integers(1, 30), st.integers(1, 9), max_size=12)


def book(venue: str, index: int, bids: dict[int, int], asks: dict[int, int]) -> VenueBook:
    return VenueBook(venue, index, sorted(bids.items(), reverse=True), sorted(asks.items()), 5)


@given(st.lists(st.tuples(levels, levels), min_size=1, max_size=4), st.integers(1, 12))
def test_merged_levels_are_the_sum_by_price(sides, depth) -> None:  # type: ignore[no-untyped-def]  # drawn
    held = [book(f"v{i}", i, *one) for i, one in enumerate(sides)]
    totals: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for pair in sides:
        for total, side in zip(totals, pair, strict=True):
            total.update(side)
    bids, asks = books.merged(held, depth)
    assert bids == sorted(totals[0].items(), reverse=True)[:depth]
    assert asks == sorted(totals[1].items())[:depth]


def test_only_healthy_uncrossed_books_are_used() -> None:
    block = market(
        {
            "good": ([(10 * P, 1)], [(12 * P, 1)]),
            "crossed": ([(13 * P, 1)], [(12 * P, 1)]),
            "stale": ([(11 * P, 1)], [(12 * P, 1)]),
        }
    )
    block.slots[2].mark_stale(2)  # type: ignore[union-attr]  # the builder gave every slot out
    assert [one.venue for one in books.usable(block, 5)] == ["good"]


def test_the_other_outcome_has_sides_swapped_at_one_less_p() -> None:
    yes = book("poly", 0, {400_000_000: 7}, {450_000_000: 3, 470_000_000: 2})
    (no,) = books.mirrored([yes])
    assert no.bids == [(550_000_000, 3), (530_000_000, 2)]
    assert no.asks == [(600_000_000, 7)]
    assert books.mirrored([no]) == [yes]


def test_best_prices_are_single_divisions_of_integers() -> None:
    nbbo = books.nbbo_of([(64_000_010_000_000, 3 * Q)], [(64_000_030_000_000, Q // 4)])
    assert (nbbo.bid, nbbo.ask, nbbo.mid) == (64_000.01, 64_000.03, 64_000.02)
    assert (nbbo.bid_size, nbbo.ask_size, nbbo.crossed) == (3.0, 0.25, False)
    assert nbbo.spread_bps == 20_000_000 * 20_000 / 128_000_040_000_000


def test_crossed_venues_force_zeros_and_say_so_and_locked_ones_do_not() -> None:
    crossed = books.nbbo_of([(11 * P, Q)], [(10 * P, Q)])
    assert (crossed.bid, crossed.ask) == (11.0, 10.0)
    assert (crossed.mid, crossed.spread_bps, crossed.crossed) == (0.0, 0.0, True)
    locked = books.nbbo_of([(10 * P, Q)], [(10 * P, Q)])
    assert (locked.mid, locked.spread_bps, locked.crossed) == (10.0, 0.0, False)


def test_a_missing_side_is_null_not_zero() -> None:
    nbbo = books.nbbo_of([], [(10 * P, Q)])
    assert (nbbo.bid, nbbo.bid_size, nbbo.mid, nbbo.spread_bps) == (None, None, None, None)
    assert nbbo.ask == 10.0
    assert books.nbbo_of([], []).ask is None


def test_ages_count_from_when_the_book_was_known_to_be_right() -> None:
    fresh, unknown = VenueBook("a", 0, [(P, Q)], [], 3_000_000), VenueBook("b", 1, [], [(P, Q)])
    quotes = books.venue_quotes([fresh, unknown], 5_500_000)
    assert (quotes["a"].age_ms, quotes["b"].age_ms) == (2, None)
    assert (quotes["a"].ask, quotes["b"].ask) == (None, 1.0)
    # A clock that lags behind the book makes no negative age.
    assert books.venue_quotes([fresh], 0)["a"].age_ms == 0


def test_the_microprice_leans_to_the_thinner_side() -> None:
    assert books.microprice_1e9([(100, 3)], [(200, 1)]) == 175
    assert books.microprice_1e9([(200, 1)], [(100, 1)]) is None
    assert books.microprice_1e9([], [(100, 1)]) is None


def test_depth_keeps_venues_apart_and_counts_from_the_best() -> None:
    block = market({"a": ([(10 * P, Q)], [(12 * P, Q)]), "b": ([(10 * P, 2 * Q)], [(11 * P, Q)])})
    asked = plainly("X", InstrumentHandle("BTC-USD", block.listings, block, 0))
    view = books.depth_view(asked, Source.EDGE_NBBO, books.usable(block, 9), 9, 1)
    rows = [(one.venue, one.price, one.cumulative_qty_1e8) for one in view.bids]
    assert rows == [("a", 10.0, Q), ("b", 10.0, 3 * Q)]
    assert [one.venue for one in view.asks] == ["b", "a"]
    assert not view.crossed
    assert len(books.depth_view(asked, Source.EDGE_NBBO, books.usable(block, 9), 1, 1).asks) == 1


def test_the_shown_book_is_price_and_size() -> None:
    view = books.book_view([(P // 2, 3 * Q)], [(P, Q)])
    assert (view.bids, view.asks) == ([(0.5, 3.0)], [(1.0, 1.0)])
