"""What a client may put into its sandbox account: requests, read strictly into adjustments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.model.instruments import InstrumentType, Listing
from engine.model.units import (
    INT64_MAX,
    PRICE_SCALE,
    QTY_SCALE,
    divide_half_even,
    price_1e9,
    qty_1e8,
)
from engine.model.wire import Wire
from engine.service.api_error import ApiError, ErrorCode
from engine.service.portfolio.accounting import PEGGED, QTY_TO_AMOUNT, Book, Key, Kind, Seed
from engine.service.portfolio.event_names import EventNames

__all__ = ["SeedCatalogue", "SeedRequest", "SeedRow", "SettingsRequest", "check_worth"]

ROWS_MAX = 1_000
VALUE_MAX_1E9 = 1_000_000_000 * PRICE_SCALE
BALANCE_MAX_USD = 1_000_000_000

QTY_MAX_1E8 = 1_000_000_000 * QTY_SCALE

Fault = tuple[str, str]


class Named(msgspec.Struct, frozen=True):
    """A holding by its inner name; `yes` False for the NO outcome of an event market."""

    symbol: str
    yes: bool


class SeedRow(Wire, frozen=True, kw_only=True):
    """One position: an asset for `fiat` and `crypto`, else a perp's symbol or an outcome.

    `qty` is in units of the asset and not negative except for perps. The default cost basis is 1
    for USD-pegged assets, else 0.
    """

    venue: Annotated[str, Meta(max_length=64)]
    kind: Kind
    symbol: Annotated[str, Meta(max_length=128)]
    qty: Decimal
    entry_price_usd: Decimal | None = None


class SeedRequest(Wire, frozen=True, kw_only=True):
    """Positions to put in place; with `replace` the account is reset first."""

    positions: Annotated[tuple[SeedRow, ...], Meta(max_length=ROWS_MAX)]
    replace: bool = False


class SettingsRequest(Wire, frozen=True, kw_only=True):
    """What to change; only the default balance can be while the engine runs."""

    default_quote_balance_usd: Annotated[int, Meta(ge=0, le=BALANCE_MAX_USD)] | None = None
    seed: int | None = None
    events: bool | None = None
    latency_scale: float | None = None


class SeedCatalogue:
    """What may be held at each venue."""

    def __init__(
        self, listings: Iterable[Listing], aliases: Mapping[str, str], names: EventNames
    ) -> None:
        self._names = names
        self._aliases = aliases
        self._assets: dict[str, dict[str, None]] = {}
        self._perps: dict[str, dict[str, None]] = {}
        for listing in listings:
            instrument = listing.instrument
            assets = self._assets.setdefault(listing.venue, {})
            perps = self._perps.setdefault(listing.venue, {})
            assets[instrument.quote] = None
            if instrument.type is InstrumentType.SPOT:
                assets[instrument.base] = None
            elif instrument.type is InstrumentType.PERP:
                perps[instrument.symbol] = None

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues that hold anything."""
        return tuple(self._assets)

    def seeds(self, request: SeedRequest) -> list[Seed]:
        """The positions of a request; ApiError with the path of each fault."""
        found: dict[Key, Seed] = {}
        faults: list[Fault] = []
        for index, row in enumerate(request.positions):
            seed = self.seed(row)
            if not isinstance(seed, Seed):
                faults.append((f"positions[{index}].{seed[0]}", seed[1]))
            elif (seed.venue, seed.kind, seed.symbol) in found:
                text = "this holding is in the request already (YES and NO of a market are one)"
                faults.append((f"positions[{index}].symbol", text))
            else:
                found[seed.venue, seed.kind, seed.symbol] = seed
        if faults:
            text = f"{len(faults)} of {len(request.positions)} positions cannot be put in place"
            raise ApiError(ErrorCode.VALIDATION_ERROR, text, faults)
        return list(found.values())

    def seed(self, row: SeedRow) -> Seed | Fault:
        """One position, or which field is wrong and why."""
        if row.venue not in self._assets:
            return "venue", f"unknown venue; the sandbox has {', '.join(self._assets)}"
        named = self._name(row)
        if isinstance(named, tuple):
            return named
        symbol = named.symbol
        try:
            qty = qty_1e8(row.qty)
        except ValueError as error:
            return "qty", str(error)
        if qty < 0 and row.kind is not Kind.PERP:
            return "qty", "only perps may be negative; of an event market hold the other outcome"
        pegged = symbol in PEGGED
        try:
            entry = price_1e9(row.entry_price_usd) if row.entry_price_usd is not None else None
        except ValueError as error:
            return "entry_price_usd", str(error)
        if entry is None:
            entry = PRICE_SCALE if pegged else 0
        most = PRICE_SCALE if row.kind is Kind.EVENT_CONTRACT else VALUE_MAX_1E9
        if not 0 <= entry <= most or (pegged and entry != PRICE_SCALE):
            text = "a USD-pegged asset is carried at 1" if pegged else "out of range"
            return "entry_price_usd", text
        if abs(qty) > QTY_MAX_1E8 or value_1e9(qty, entry) > VALUE_MAX_1E9:
            return "qty", "more than a billion in one position"
        signed = (qty, entry) if named.yes else mirrored(qty, entry)
        return Seed(row.venue, row.kind, symbol, *signed)

    def _name(self, row: SeedRow) -> Named | Fault:
        venue, symbol = row.venue, row.symbol
        if row.kind is Kind.EVENT_CONTRACT:
            read = self._names.read(venue, symbol)
            if read is None:
                text = f"no outcome of {venue}; give a token id, or MARKET:YES or MARKET:NO"
                return "symbol", text
            return Named(*read)
        if row.kind is Kind.PERP:
            symbol = self._aliases.get(symbol, symbol)
            if symbol not in self._perps[venue]:
                known = ", ".join(self._perps[venue]) or "none"
                return "symbol", f"no perp of {venue}; it has {known}"
            return Named(symbol, True)
        if symbol not in self._assets[venue]:
            return "symbol", f"no asset of {venue}; it has {', '.join(self._assets[venue])}"
        if Kind.of_asset(symbol) is not row.kind:
            return "kind", f"{symbol} is of kind {Kind.of_asset(symbol)}"
        return Named(symbol, True)


def check_worth(book: Book, seeds: Iterable[Seed], mark_1e9: Callable[[Key], int | None]) -> None:
    """ApiError where a position or their sum would not fit 64 bits, prices doubling included."""
    put = {(seed.venue, seed.kind, seed.symbol): seed for seed in seeds}
    cash = dict(book.cash)
    total = 0
    for key, seed in put.items():
        if seed.symbol in PEGGED:
            cash[seed.venue, seed.symbol] = seed.qty_1e8 * QTY_TO_AMOUNT
            continue
        worth = value_1e9(seed.qty_1e8, max(seed.entry_1e9, mark_1e9(key) or 0))
        if worth > VALUE_MAX_1E9:
            text = f"{seed.symbol} on {seed.venue} would be worth more than a billion dollars"
            raise ApiError(ErrorCode.VALIDATION_ERROR, f"{text}; put less of it in place")
        total += worth
    for key, one in book.holdings.items():
        if key not in put:
            total += max(abs(one.cost_1e9), value_1e9(one.qty_1e8, mark_1e9(key) or 0))
    if sum(abs(amount) for amount in cash.values()) + 2 * total > INT64_MAX:
        text = "the account would be worth more than can be counted; put less in place"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text)


def mirrored(qty_no_1e8: int, entry_no_1e9: int) -> tuple[int, int]:
    """NO contracts as the signed YES position that they are."""
    return -qty_no_1e8, PRICE_SCALE - entry_no_1e9


def value_1e9(qty: int, price: int) -> int:
    """Money of so much at this price, without its sign."""
    return divide_half_even(abs(qty) * price, PRICE_SCALE // QTY_TO_AMOUNT)
