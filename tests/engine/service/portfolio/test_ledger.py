"""The fold of fills and adjustments: any stops on the way come to the same books."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from engine.model.units import Side
from engine.service.portfolio.accounting import Adjustment, Book, Key, Kind, Redeem, Seed, Wipe
from engine.service.portfolio.fill_source import FillSource, StoredFill
from engine.service.portfolio.ledger import Ledger
from engine.service.portfolio.store_positions import PositionStore
from tests.support.portfolio import BALANCE, ONE, SLUG, USD, event
from tests.support.simulated_venues import perp, spot

LISTINGS = (spot(), perp(), event())


class Rows(FillSource):
    """A journal that grows by hand; pages of three."""

    def __init__(self) -> None:
        self.rows: list[StoredFill] = []
        self.read = 0

    def after(self, seq: int) -> list[StoredFill]:
        found = [row for row in self.rows if row.seq > seq][:3]
        self.read += len(found)
        return found


class Venue:
    """What the adjustments moved."""

    def __init__(self) -> None:
        self.moved: Counter[object] = Counter()

    def shift(self, key: Key, signed_1e8: int, entry_1e9: int) -> None:
        self.moved[key] += signed_1e8

    def pay(self, venue: str, asset: str, amount_1e9: int) -> None:
        self.moved[venue, asset] += amount_1e9


def fill(seq: int, client: str, which: int, signed: int, price: int) -> StoredFill:
    listing = LISTINGS[which]
    side = Side.BUY if signed > 0 else Side.SELL
    names = listing.venue, listing.instrument.symbol
    return StoredFill(seq, client, *names, side, abs(signed), price, 3, 3, "USD")


def state(book: Book) -> object:
    held = {
        key: (one.qty_1e8, one.cost_1e9, one.realised_1e9, one.fees_1e9, one.redeemed)
        for key, one in book.holdings.items()
    }
    return held, book.cash


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.integers(0, 2),
            st.integers(-9, 9).filter(bool),
            st.integers(1, 99),
        ),
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from(
                [
                    Seed("test", Kind.CRYPTO, "ETH", 4 * ONE, 5 * USD),
                    Seed("test", Kind.PERP, "ETH-USD-PERP", -2 * ONE, 5 * USD),
                    Seed("kalshi", Kind.EVENT_CONTRACT, SLUG, -3 * ONE, USD // 5),
                    Seed("test", Kind.FIAT, "USD", ONE, USD),
                    Redeem("kalshi", SLUG, USD),
                    Wipe(9 * USD),
                ]
            ),
        ),
        st.just("read"),
    ),
    max_size=25,
)


@given(STEPS)
def test_a_restart_folds_to_the_same_books(steps: list[object]) -> None:
    source, venue = Rows(), Venue()
    fills: Counter[object] = Counter()
    with closing(PositionStore(None)) as store:
        ledger = Ledger(source, store, LISTINGS, BALANCE, venue)
        for number, step in enumerate(steps, 1):
            if isinstance(step, tuple) and len(step) == 4:
                client, which, lots, cents = step
                row = fill(number, client, which, lots * ONE, cents * USD // 100)
                source.rows.append(row)
            elif isinstance(step, tuple):
                drain(ledger)
                client, adjustment = step
                assert isinstance(adjustment, Adjustment)
                ledger.adjust(client, number, [adjustment])
            else:
                drain(ledger)
        drain(ledger)
        assert source.read == len(source.rows)
        again = Ledger(source, store, LISTINGS, BALANCE, Venue())
        drain(again)
        for client in ("a", "b"):
            assert state(again.book(client)) == state(ledger.book(client))
        # The venue has what the fills moved there and what the adjustments did: all of it.
        for row in source.rows:
            fills[row.venue, row.symbol] += row.signed_1e8
        for listing, key in zip(LISTINGS, KEYS, strict=True):
            total = sum(
                book.holdings[key].qty_1e8 for book in ledger.books.values() if key in book.holdings
            )
            symbol = (listing.venue, listing.instrument.symbol)
            assert total == fills[symbol] + venue.moved[key]


KEYS: tuple[Key, ...] = (
    ("test", Kind.CRYPTO, "ETH"),
    ("test", Kind.PERP, "ETH-USD-PERP"),
    ("kalshi", Kind.EVENT_CONTRACT, SLUG),
)


def drain(ledger: Ledger) -> None:
    while ledger.read_page():
        pass


def test_a_book_of_nobody_is_fresh_and_not_kept() -> None:
    with closing(PositionStore(None)) as store:
        ledger = Ledger(Rows(), store, LISTINGS, BALANCE, Venue())
        assert set(ledger.book("nobody").cash.values()) == {BALANCE}
        assert ledger.books == {}


def test_adjustments_of_a_journal_that_lost_its_end_still_count() -> None:
    with closing(PositionStore(None)) as store:
        store.add("a", 1_000, 1, [Seed("test", Kind.FIAT, "USD", ONE, USD)])
        venue = Venue()
        ledger = Ledger(Rows(), store, LISTINGS, BALANCE, venue)
        drain(ledger)
        assert ledger.book("a").cash["test", "USD"] == USD
        assert venue.moved["test", "USD"] == USD - BALANCE


def test_a_fee_in_the_base_comes_off_the_quantity() -> None:
    source = Rows()
    row = fill(1, "a", 0, ONE, 2_000 * USD)
    names = row.venue, row.symbol, row.side
    source.rows.append(StoredFill(1, "a", *names, ONE, row.price_1e9, 2 * USD, USD // 1_000, "ETH"))
    with closing(PositionStore(None)) as store:
        ledger = Ledger(source, store, LISTINGS, BALANCE, Venue())
        drain(ledger)
        assert ledger.book("a").holdings[KEYS[0]].qty_1e8 == ONE - ONE // 1_000
