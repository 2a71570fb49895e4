"""Views and journal entries of a NO order told as it was given: the other side, at 1 - p.

Money and quantities are the same on both sides. Prices are mirrored, and what is in bps of a price
is in bps of the price that is shown.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.model.mirror import mirror_price
from engine.model.records import (
    ChildrenIntended,
    DecisionRecord,
    FillRecord,
    JournalEntry,
    PostRecord,
)
from engine.service.markets.graph_symbols import Given
from engine.service.order_views import FillView, OrderView
from engine.store.rows import FillRow

__all__ = [
    "OTHER_SIDE",
    "entry_as_given",
    "fill_as_given",
    "fill_row_as_given",
    "mirrored_bps",
    "order_as_given",
]

OTHER_SIDE: Final = {"BUY": "SELL", "SELL": "BUY", "buy": "sell", "sell": "buy"}


def order_as_given(view: OrderView, given: Given | None) -> OrderView:
    """An order as its client gave it; the same object where nothing differs."""
    if given is None:
        return view
    if not given.mirrored:
        return msgspec.structs.replace(view, symbol=given.symbol)
    average = view.avg_fill_price_1e9
    return msgspec.structs.replace(
        view,
        symbol=given.symbol,
        side=OTHER_SIDE[view.side],
        avg_fill_price_1e9=mirror_price(average) if average else 0,
    )


def fill_as_given(view: FillView, given: Given | None) -> FillView:
    """A fill as the client gave its order; the same object where nothing differs."""
    if given is None:
        return view
    if not given.mirrored:
        return msgspec.structs.replace(view, symbol=given.symbol)
    price = view.price_1e9
    return msgspec.structs.replace(
        view,
        symbol=given.symbol,
        side=OTHER_SIDE[view.side],
        price_1e9=mirror_price(price),
        taker_fee_bps_applied=mirrored_bps(view.taker_fee_bps_applied, price),
        maker_fee_bps_applied=mirrored_bps(view.maker_fee_bps_applied, price),
    )


def fill_row_as_given(row: FillRow, given: Given | None) -> FillRow:
    """The prices and the side of a stored fill as its client gave its order."""
    if given is None or not given.mirrored:
        return row
    return msgspec.structs.replace(
        row,
        side=row.side.opposite,
        price_1e9=mirror_price(row.price_1e9),
        mid_1e9=mirror_price(row.mid_1e9) if row.mid_1e9 else 0,
        touch_1e9=mirror_price(row.touch_1e9) if row.touch_1e9 else 0,
    )


def entry_as_given(entry: JournalEntry, given: Given | None) -> JournalEntry:
    """An entry with its symbols, sides and prices as the client gave the order, for its traces.

    What a decision was made on, its prices and its costs stay: they are not shown there.
    """
    payload = entry.payload
    if given is None:
        return entry
    if isinstance(payload, DecisionRecord | PostRecord):
        told: DecisionRecord | PostRecord | FillRecord | ChildrenIntended
        told = msgspec.structs.replace(payload, symbol=given.symbol)
        if given.mirrored:
            told = msgspec.structs.replace(told, side=payload.side.opposite)
    elif isinstance(payload, FillRecord):
        told = msgspec.structs.replace(payload, symbol=given.symbol)
        if given.mirrored:
            price = mirror_price(payload.price_1e9)
            told = msgspec.structs.replace(told, side=payload.side.opposite, price_1e9=price)
    elif isinstance(payload, ChildrenIntended) and given.mirrored:
        children = tuple(
            msgspec.structs.replace(
                one, side=one.side.opposite, limit_price_1e9=mirror_price(one.limit_price_1e9)
            )
            for one in payload.children
        )
        told = msgspec.structs.replace(payload, children=children)
    else:
        return entry
    return msgspec.structs.replace(entry, payload=told)


def mirrored_bps(bps: float | None, price_1e9: int) -> float | None:
    """Bps of a price as bps of the other side's; None where that has no price."""
    other = mirror_price(price_1e9)
    return None if bps is None or other <= 0 else bps * price_1e9 / other
