"""Average-cost accounting in exact integers: what fills and adjustments make of a portfolio.

Method: average cost. The money of a fill is rounded once, half to even to 1e-9, as venues book
it; what a partial close takes from the cost is rounded the same way. Every other number is a sum
or a difference, so at any mark, for everything but seeded and redeemed rows,
equity change = realised + unrealised - fees holds to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from engine.model.instruments import InstrumentType, Listing
from engine.model.units import PRICE_SCALE, QTY_SCALE, divide_half_even

__all__ = [
    "PEGGED",
    "QTY_TO_AMOUNT",
    "Adjustment",
    "Book",
    "Holding",
    "Key",
    "Kind",
    "Redeem",
    "Seed",
    "Trade",
    "Wipe",
    "key_of",
    "short_1e8",
]

PEGGED = frozenset(("DAI", "PYUSD", "USD", "USDC", "USDT"))
"""Assets that are carried at 1 USD."""

FIAT = frozenset(("USD",))
QTY_TO_AMOUNT = PRICE_SCALE // QTY_SCALE


class Kind(StrEnum):
    """The wire's kinds of position."""

    FIAT = "fiat"
    CRYPTO = "crypto"
    PERP = "perp"
    EVENT_CONTRACT = "event_contract"

    @classmethod
    def of_asset(cls, asset: str) -> Kind:
        """Of something that is held as a balance."""
        return cls.FIAT if asset in FIAT else cls.CRYPTO


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A fill as the account counts it. `fee_1e9` is USD; `base_fee_1e9` was taken in the base."""

    venue: str
    symbol: str
    signed_1e8: int
    price_1e9: int
    fee_1e9: int = 0
    fee_asset: str | None = None
    base_fee_1e9: int = 0


class Seed(msgspec.Struct, frozen=True, gc=False, tag="seed"):
    """A position put in place; no money moves and the row's P&L starts at zero.

    `symbol` is the asset, the perp, or the event market; NO contracts are a negative quantity.
    """

    venue: str
    kind: Kind
    symbol: str
    qty_1e8: int
    entry_1e9: int


class Wipe(msgspec.Struct, frozen=True, gc=False, tag="wipe"):
    """Everything is gone; each quote asset of each venue starts over with this much."""

    balance_1e9: int


class Redeem(msgspec.Struct, frozen=True, gc=False, tag="redeem"):
    """An event market pays `payoff_1e9` for each YES contract, and the rest of 1 USD for NO."""

    venue: str
    symbol: str
    payoff_1e9: int


Adjustment = Seed | Wipe | Redeem
Key = tuple[str, Kind, str]


class Holding:
    """Signed quantity of one thing, the signed money that it cost, and what came of it.

    The cost of a short is the money received, as a negative number. `short` tells the last side
    that was held, also once nothing is.
    """

    __slots__ = ("cost_1e9", "fees_1e9", "qty_1e8", "realised_1e9", "redeemed", "short")

    def __init__(self, qty_1e8: int = 0, cost_1e9: int = 0) -> None:
        self.qty_1e8 = qty_1e8
        self.cost_1e9 = cost_1e9
        self.realised_1e9 = 0
        self.fees_1e9 = 0
        self.redeemed = False
        self.short = qty_1e8 < 0

    @property
    def entry_1e9(self) -> int:
        """Average entry price, rounded half to even; 0 when nothing is held."""
        if not self.qty_1e8:
            return 0
        return divide_half_even(abs(self.cost_1e9) * QTY_SCALE, abs(self.qty_1e8))

    def trade(self, signed_1e8: int, money_1e9: int) -> int:
        """Add a signed fill that moved this much money (not negative); the profit realised."""
        held = self.qty_1e8
        sign = 1 if signed_1e8 > 0 else -1
        self.qty_1e8 = held + signed_1e8
        self.short = self.qty_1e8 < 0 if self.qty_1e8 else held < 0
        if held == 0 or (held > 0) == (signed_1e8 > 0):
            self.cost_1e9 += sign * money_1e9
            return 0
        closed = min(abs(held), abs(signed_1e8))
        part = divide_half_even(money_1e9 * closed, abs(signed_1e8))
        gone = divide_half_even(self.cost_1e9 * closed, abs(held))
        self.cost_1e9 += sign * (money_1e9 - part) - gone
        profit = -sign * part - gone
        self.realised_1e9 += profit
        return profit


class Book:
    """One client's holdings and money. Bounded by the listings of the configured venues.

    `cash` is by venue and pegged asset, in 1e-9. Of a short event position (which is held as NO
    contracts) the 1 USD a contract that it may have to pay is out of `cash`, as if NO had been
    bought; so a NO row is worth 1 - p and cash is what can be spent. `unbooked` counts fills that
    cannot be told in USD: of instruments that are listed no more, or priced in another coin.
    """

    __slots__ = ("cash", "holdings", "listings", "unbooked")

    def __init__(self, listings: Iterable[Listing], balance_1e9: int) -> None:
        self.listings = {(one.venue, one.instrument.symbol): one for one in listings}
        self.holdings: dict[Key, Holding] = {}
        self.cash: dict[tuple[str, str], int] = {}
        self.unbooked = 0
        self.wipe(balance_1e9)

    def holding(self, key: Key) -> Holding:
        """The holding of this key, made on first use."""
        found = self.holdings.get(key)
        if found is None:
            found = self.holdings[key] = Holding()
        return found

    def book(self, trade: Trade) -> None:
        """Book one fill: holding, money, fee."""
        listing = self.listings.get((trade.venue, trade.symbol))
        if listing is None or listing.instrument.quote not in PEGGED:
            self.unbooked += 1
            return
        key = key_of(listing)
        if key[2] in PEGGED:
            self.unbooked += 1
            return
        holding = self.holding(key)
        self._move(listing, holding, trade.signed_1e8, trade.price_1e9)
        if trade.base_fee_1e9:
            # What the venue kept of the base counts as sold at the fill's price to pay the fee.
            kept = -(-trade.base_fee_1e9 // QTY_TO_AMOUNT)
            self._move(listing, holding, -kept, trade.price_1e9)
        holding.fees_1e9 += trade.fee_1e9
        pegged = trade.fee_asset in PEGGED
        asset = trade.fee_asset if pegged and trade.fee_asset else listing.instrument.quote
        self._pay(trade.venue, asset, -trade.fee_1e9)

    def apply(self, adjustment: Adjustment) -> None:
        """Book what was done to the account from outside the market."""
        if isinstance(adjustment, Wipe):
            self.wipe(adjustment.balance_1e9)
        elif isinstance(adjustment, Seed):
            self._seed(adjustment)
        else:
            self._redeem(adjustment)

    def venue_cash(self) -> dict[tuple[str, str], int]:
        """Money as the venue's account counts it: shorts of events have brought theirs in."""
        found = dict(self.cash)
        for (venue, kind, symbol), holding in self.holdings.items():
            if kind is Kind.EVENT_CONTRACT and holding.qty_1e8 < 0:
                key = (venue, self.quote_of(venue, symbol))
                found[key] = found.get(key, 0) + short_1e8(holding.qty_1e8) * QTY_TO_AMOUNT
        return found

    def quote_of(self, venue: str, symbol: str) -> str:
        """What a symbol is paid in; of one that is listed no more, what its venue pays in."""
        listing = self.listings.get((venue, symbol))
        if listing is not None:
            return listing.instrument.quote
        return next((asset for name, asset in self.cash if name == venue), "USD")

    def wipe(self, balance_1e9: int) -> None:
        """Start over with this much of every quote asset of every venue."""
        self.holdings = {}
        self.unbooked = 0
        quotes = {(one.venue, one.instrument.quote): None for one in self.listings.values()}
        self.cash = {key: balance_1e9 for key in quotes if key[1] in PEGGED}

    def _seed(self, seed: Seed) -> None:
        if seed.symbol in PEGGED:
            self.cash[seed.venue, seed.symbol] = seed.qty_1e8 * QTY_TO_AMOUNT
            return
        sign = 1 if seed.qty_1e8 > 0 else -1
        cost = sign * divide_half_even(abs(seed.qty_1e8) * seed.entry_1e9, QTY_SCALE)
        self.holdings[seed.venue, seed.kind, seed.symbol] = Holding(seed.qty_1e8, cost)

    def _redeem(self, redeem: Redeem) -> None:
        key = (redeem.venue, Kind.EVENT_CONTRACT, redeem.symbol)
        holding = self.holdings.get(key)
        if holding is None or not holding.qty_1e8:
            return
        quote = self.quote_of(redeem.venue, redeem.symbol)
        self._trade_event(redeem.venue, quote, holding, -holding.qty_1e8, redeem.payoff_1e9)
        holding.redeemed = True

    def _move(self, listing: Listing, holding: Holding, signed_1e8: int, price_1e9: int) -> None:
        instrument = listing.instrument
        if instrument.type is InstrumentType.PREDICTION:
            self._trade_event(listing.venue, instrument.quote, holding, signed_1e8, price_1e9)
            return
        scale = QTY_SCALE * QTY_SCALE
        exact = abs(signed_1e8) * price_1e9 * instrument.multiplier_1e8
        money = divide_half_even(exact, scale)
        profit = holding.trade(signed_1e8, money)
        if instrument.type is InstrumentType.PERP:
            self._pay(listing.venue, instrument.quote, profit)
        else:
            self._pay(listing.venue, instrument.quote, -money if signed_1e8 > 0 else money)

    def _trade_event(
        self, venue: str, quote: str, holding: Holding, signed_1e8: int, price_1e9: int
    ) -> None:
        before = short_1e8(holding.qty_1e8)
        money = divide_half_even(abs(signed_1e8) * price_1e9, QTY_SCALE)
        holding.trade(signed_1e8, money)
        holding.redeemed = False
        kept = (short_1e8(holding.qty_1e8) - before) * QTY_TO_AMOUNT
        self._pay(venue, quote, (-money if signed_1e8 > 0 else money) - kept)

    def _pay(self, venue: str, asset: str, amount_1e9: int) -> None:
        self.cash[venue, asset] = self.cash.get((venue, asset), 0) + amount_1e9


def key_of(listing: Listing) -> Key:
    """Under which key fills of a listing are held."""
    instrument = listing.instrument
    if instrument.type is InstrumentType.PERP:
        return listing.venue, Kind.PERP, instrument.symbol
    if instrument.type is InstrumentType.PREDICTION:
        return listing.venue, Kind.EVENT_CONTRACT, instrument.symbol
    return listing.venue, Kind.of_asset(instrument.base), instrument.base


def short_1e8(qty_1e8: int) -> int:
    """How much is held of the other outcome."""
    return max(0, -qty_1e8)
