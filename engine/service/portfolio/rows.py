"""Turns a client's book into the rows and totals of the positions endpoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import msgspec

from engine.model.units import PRICE_SCALE, QTY_SCALE, divide_half_even
from engine.service.portfolio.accounting import PEGGED, QTY_TO_AMOUNT, Book, Holding, Key, Kind
from engine.service.portfolio.event_names import EventNames
from engine.service.portfolio.locks import Locks
from engine.service.portfolio.views import InstrumentView, Lifecycle, PositionRow, Totals

__all__ = ["View", "is_gone", "rows_of", "totals_of"]

ACTIVE, RESOLVED, REDEEMED, CLOSED = "active", "resolved", "redeemed", "closed"
GONE = (REDEEMED, CLOSED)
KINDS = tuple(Kind)


class View(msgspec.Struct, frozen=True):
    """What rows are made from. `mark_1e9` knows the price of a key (of YES), or None."""

    book: Book
    locks: Locks
    names: EventNames
    mark_1e9: Callable[[Key], int | None]


def rows_of(
    view: View, venues: Collection[str] | None = None, kinds: Collection[Kind] | None = None
) -> list[PositionRow]:
    """All rows of these venues and kinds, closed ones too, ordered by venue, kind and symbol."""
    rows = [row for row in (*cash_rows(view), *holding_rows(view)) if wanted(row, venues, kinds)]
    return sorted(rows, key=order_of)


def order_of(row: PositionRow) -> tuple[str, int, str]:
    """Where a row stands: by venue, then kind, then symbol."""
    return row.venue, KINDS.index(row.instrument.kind), row.instrument.symbol


def is_gone(row: PositionRow) -> bool:
    """Whether a row is left out unless closed ones are asked for."""
    return row.lifecycle.state in GONE


def totals_of(rows: Collection[PositionRow], unbooked: int) -> Totals:
    """Plain sums over these rows."""
    cash = [row for row in rows if row.instrument.symbol in PEGGED]
    crypto = [row for row in rows if is_coin(row)]
    events = [row for row in rows if row.instrument.kind is Kind.EVENT_CONTRACT]
    perps = [row for row in rows if row.instrument.kind is Kind.PERP]
    cash_1e9, crypto_1e9, event_1e9 = value_of(cash), value_of(crypto), value_of(events)
    return Totals(
        nav_usd_1e9=cash_1e9 + crypto_1e9 + event_1e9 + unrealised_of(perps),
        cash_usd_1e9=cash_1e9,
        locked_cash_usd_1e9=sum(row.locked_qty_1e8 * QTY_TO_AMOUNT for row in cash),
        crypto_value_usd_1e9=crypto_1e9,
        event_value_usd_1e9=event_1e9,
        perp_notional_usd_1e9=value_of(perps),
        unrealized_pnl_usd_1e9=unrealised_of(rows),
        realized_pnl_usd_1e9=sum(row.realized_pnl_usd_1e9 for row in rows),
        fees_usd_1e9=sum(row.fees_usd_1e9 for row in rows),
        unpriced_positions=sum(row.current_price_usd_1e9 is None for row in rows),
        unbooked_fills=unbooked,
    )


def wanted(
    row: PositionRow, venues: Collection[str] | None, kinds: Collection[Kind] | None
) -> bool:
    """Whether the filters let a row through; None lets everything."""
    return (venues is None or row.venue in venues) and (
        kinds is None or row.instrument.kind in kinds
    )


def is_coin(row: PositionRow) -> bool:
    """A balance whose price moves."""
    return row.instrument.kind is Kind.CRYPTO and row.instrument.symbol not in PEGGED


def value_of(rows: Collection[PositionRow]) -> int:
    """Sum of the values that are known."""
    return sum(row.current_value_usd_1e9 or 0 for row in rows)


def unrealised_of(rows: Collection[PositionRow]) -> int:
    """Sum of the unrealised profits that are known."""
    return sum(row.unrealized_pnl_usd_1e9 or 0 for row in rows)


def cash_rows(view: View) -> Iterator[PositionRow]:
    """Money: quantities are cut to 1e-8, the value is exact."""
    for (venue, asset), amount in view.book.cash.items():
        kind = Kind.of_asset(asset)
        qty = amount // QTY_TO_AMOUNT
        locked = -(-view.locks.cash.get((venue, asset), 0) // QTY_TO_AMOUNT)
        yield PositionRow(
            id=f"{venue}:{kind}:{asset}",
            venue=venue,
            instrument=InstrumentView(kind=kind, symbol=asset),
            qty_1e8=qty,
            locked_qty_1e8=locked,
            available_qty_1e8=qty - locked,
            entry_price_usd_1e9=PRICE_SCALE,
            current_price_usd_1e9=PRICE_SCALE,
            current_value_usd_1e9=amount,
            unrealized_pnl_usd_1e9=0,
            realized_pnl_usd_1e9=0,
            fees_usd_1e9=0,
            lifecycle=Lifecycle(state=ACTIVE),
            transferable=True,
            settled=True,
            settled_mark_usd_1e9=None,
        )


def holding_rows(view: View) -> Iterator[PositionRow]:
    """Coins, perps and outcomes. Of an event market held short the row is the NO outcome's."""
    for key, holding in view.book.holdings.items():
        venue, kind, symbol = key
        event = kind is Kind.EVENT_CONTRACT
        payoff = view.names.payoff_1e9(venue, symbol) if event else None
        mark = view.mark_1e9(key) if payoff is None else payoff
        qty, cost, name = holding.qty_1e8, holding.cost_1e9, symbol
        entry = holding.entry_1e9
        if event:
            name = view.names.symbol(venue, symbol, yes=not holding.short)
            if holding.short:
                # NO at 1 - p: the 1 USD a contract that stands behind it is part of its cost.
                qty, cost = -qty, cost - qty * QTY_TO_AMOUNT
                entry = divide_half_even(cost * QTY_SCALE, qty) if qty else 0
                mark = None if mark is None else PRICE_SCALE - mark
                payoff = None if payoff is None else PRICE_SCALE - payoff
        value = None if mark is None else divide_half_even(qty * mark, QTY_SCALE)
        locked = view.locks.held.get(key, 0)
        yield PositionRow(
            id=f"{venue}:{kind}:{name}",
            venue=venue,
            instrument=InstrumentView(kind=kind, symbol=name),
            qty_1e8=qty,
            locked_qty_1e8=locked,
            available_qty_1e8=qty - locked,
            entry_price_usd_1e9=entry,
            current_price_usd_1e9=mark,
            current_value_usd_1e9=value,
            unrealized_pnl_usd_1e9=None if value is None else value - cost,
            realized_pnl_usd_1e9=holding.realised_1e9,
            fees_usd_1e9=holding.fees_1e9,
            lifecycle=Lifecycle(state=state_of(holding, payoff)),
            transferable=kind is Kind.CRYPTO,
            settled=payoff is not None or not event,
            settled_mark_usd_1e9=payoff,
        )


def state_of(holding: Holding, payoff_1e9: int | None) -> str:
    """Where a holding stands in its life."""
    if holding.redeemed:
        return REDEEMED
    if not holding.qty_1e8:
        return CLOSED
    return ACTIVE if payoff_1e9 is None else RESOLVED
