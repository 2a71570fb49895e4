"""The account at one simulated venue: balances, holds for open orders, positions, fees.

All amounts are 1e-9 of the asset (a base quantity times ten). Spot and event contracts move both
assets; a perp moves the quote only, by realised profit and fees. With `short_allowed` a sale of
spot or event contracts may go below zero against quote collateral, as on a margin account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.model.fees import fee_1e9
from engine.model.instruments import InstrumentType, Listing
from engine.model.units import PPM, PRICE_SCALE, QTY_SCALE, Side, divide_half_even, notional_1e9

__all__ = ["SEED_BALANCE_1E9", "Account", "Position"]

SEED_BALANCE_1E9 = 1_000_000_000 * PRICE_SCALE
QTY_TO_AMOUNT = PRICE_SCALE // QTY_SCALE
PERP_MARGIN_PPM = 100_000
# Looking an enum member up by its class costs a tenth of a microsecond each time.
BUY: Final = Side.BUY
PERP: Final = InstrumentType.PERP
PREDICTION: Final = InstrumentType.PREDICTION


class Position:
    """Signed quantity of one symbol, its average entry, realised profit and fees."""

    __slots__ = ("entry_1e9", "fees_1e9", "qty_1e8", "realised_1e9")

    def __init__(self, qty_1e8: int = 0, entry_1e9: int = 0) -> None:
        self.qty_1e8 = qty_1e8
        self.entry_1e9 = entry_1e9
        self.realised_1e9 = 0
        self.fees_1e9 = 0

    def apply(self, signed_1e8: int, price_1e9: int) -> int:
        """Add a signed fill; the profit it realised, in 1e-9 of the quote."""
        held = self.qty_1e8
        after = held + signed_1e8
        if held == 0 or (held > 0) == (signed_1e8 > 0):
            cost = abs(held) * self.entry_1e9 + abs(signed_1e8) * price_1e9
            self.entry_1e9 = divide_half_even(cost, abs(after))
            self.qty_1e8 = after
            return 0
        closed = min(abs(held), abs(signed_1e8))
        sign = 1 if held > 0 else -1
        profit = sign * divide_half_even(closed * (price_1e9 - self.entry_1e9), QTY_SCALE)
        self.qty_1e8 = after
        if after == 0:
            self.entry_1e9 = 0
        elif (after > 0) != (held > 0):
            self.entry_1e9 = price_1e9
        self.realised_1e9 += profit
        return profit


class Account:
    """Balances by asset and positions by venue symbol; bounded by the listings of the venue."""

    def __init__(
        self, balances: Mapping[str, int] | None = None, *, short_allowed: bool = True
    ) -> None:
        self.balances: dict[str, int] = dict(balances or {})
        self.held: dict[str, int] = {}
        self.positions: dict[str, Position] = {}
        self.short_allowed = short_allowed

    def seed(self, listings: Mapping[str, Listing], amount_1e9: int = SEED_BALANCE_1E9) -> None:
        """Start over with `amount_1e9` of every quote asset; holds of open orders stay."""
        self.balances = {listing.instrument.quote: amount_1e9 for listing in listings.values()}
        self.positions = {}

    def balance(self, asset: str) -> int:
        """What the account has of an asset, holds included."""
        return self.balances.get(asset, 0)

    def available(self, asset: str) -> int:
        """What is not held for open orders."""
        return self.balances.get(asset, 0) - self.held.get(asset, 0)

    def position(self, symbol: str) -> Position:
        """The position in a symbol, made on first use."""
        position = self.positions.get(symbol)
        if position is None:
            position = self.positions[symbol] = Position()
        return position

    def set_position(self, listing: Listing, qty_1e8: int, entry_1e9: int) -> None:
        """Put a position in place (restored or given by the user)."""
        self.positions[listing.venue_symbol] = Position(qty_1e8, entry_1e9)
        if listing.instrument.type is not InstrumentType.PERP:
            self.balances[base_asset(listing)] = qty_1e8 * QTY_TO_AMOUNT

    def shift(self, listing: Listing, signed_1e8: int, price_1e9: int) -> None:
        """Change what is held of a listing from outside the market: no money, no fee moves."""
        if not signed_1e8:
            return
        self.position(listing.venue_symbol).apply(signed_1e8, price_1e9)
        if listing.instrument.type is not PERP:
            self.add(base_asset(listing), signed_1e8 * QTY_TO_AMOUNT)

    def required(self, listing: Listing, side: Side, qty_1e8: int, price_1e9: int) -> Hold:
        """What an order of this size must find available and keeps held while open."""
        quote = listing.instrument.quote
        notional = notional_1e9(price_1e9, qty_1e8)
        fees = listing.fees
        fee = max(0, fee_1e9(fees, price_1e9, qty_1e8, maker=False)) if fees else 0
        if listing.instrument.type is PERP:
            return quote, divide_half_even(notional * PERP_MARGIN_PPM, PPM) + fee
        if side is BUY:
            return quote, notional + fee
        base, amount = base_asset(listing), qty_1e8 * QTY_TO_AMOUNT
        if not self.short_allowed or self.available(base) >= amount:
            return base, amount
        ceiling = listing.price_max_1e9
        return quote, (notional_1e9(ceiling - price_1e9, qty_1e8) if ceiling else notional) + fee

    def hold(self, hold: Hold) -> bool:
        """Keep the amount for an order; False when it is not available."""
        asset, amount = hold
        held = self.held.get(asset, 0)
        if self.balances.get(asset, 0) - held < amount:
            return False
        self.held[asset] = held + amount
        return True

    def release(self, asset: str, amount_1e9: int) -> None:
        """Give a hold back."""
        held = self.held.get(asset, 0) - amount_1e9
        assert held >= 0, "more is released than was held"
        self.held[asset] = held

    def fill(
        self, listing: Listing, side: Side, qty_1e8: int, price_1e9: int, fee: int, fee_asset: str
    ) -> None:
        """Move assets and position for one execution, and charge its fee (1e-9)."""
        quote = listing.instrument.quote
        sign = side.sign
        signed = qty_1e8 * sign
        position = self.position(listing.venue_symbol)
        profit = position.apply(signed, price_1e9)
        position.fees_1e9 += fee
        balances = self.balances
        if listing.instrument.type is PERP:
            balances[quote] = balances.get(quote, 0) + profit
        else:
            base, money = base_asset(listing), notional_1e9(price_1e9, qty_1e8)
            balances[base] = balances.get(base, 0) + signed * QTY_TO_AMOUNT
            balances[quote] = balances.get(quote, 0) - sign * money
        balances[fee_asset] = balances.get(fee_asset, 0) - fee

    def fund(self, listing: Listing, mark_1e9: int, rate_ppm: int) -> int:
        """Charge one funding payment of a perp position; positive: the account paid."""
        qty = self.position(listing.venue_symbol).qty_1e8
        paid = divide_half_even(qty * mark_1e9 * rate_ppm, QTY_SCALE * PPM)
        self.add(listing.instrument.quote, -paid)
        return paid

    def add(self, asset: str, amount_1e9: int) -> None:
        """Change a balance by a signed amount."""
        self.balances[asset] = self.balances.get(asset, 0) + amount_1e9


Hold = tuple[str, int]
"""Asset and amount in 1e-9."""


def base_asset(listing: Listing) -> str:
    """The asset that is held: the coin of a spot pair, the symbol of an event contract."""
    if listing.instrument.type is PREDICTION:
        return listing.venue_symbol
    return listing.instrument.base
