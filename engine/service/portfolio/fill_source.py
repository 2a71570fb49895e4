"""Reads the durable fills in their order, and the orders that are still open, for the portfolio."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import msgspec

from engine.model.instruments import Environment
from engine.model.orders import ChildState
from engine.model.units import Side
from engine.store.queries import Queries
from engine.store.schema import journal_error

__all__ = ["FillSource", "OpenChild", "StoredFill"]

PAGE = 2_000


class StoredFill(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What accounts need of a fill row, with its client."""

    seq: int
    client_id: str
    venue: str
    symbol: str
    side: Side
    qty_1e8: int
    price_1e9: int
    fee_1e9: int
    commission_1e9: int | None
    commission_asset: str | None

    @property
    def signed_1e8(self) -> int:
        """Positive for a buy."""
        return -self.qty_1e8 if self.side else self.qty_1e8


class OpenChild(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order at a venue that may still fill."""

    venue: str
    symbol: str
    side: Side
    qty_1e8: int
    filled_qty_1e8: int
    limit_price_1e9: int
    state: ChildState

    @property
    def left_1e8(self) -> int:
        """What may still fill; a venue's excess leaves nothing."""
        return max(0, self.qty_1e8 - self.filled_qty_1e8)


class FillSource:
    """Reads of one journal, in one environment, on the connection of its queries."""

    def __init__(self, queries: Queries, environment: Environment) -> None:
        self._queries = queries
        self._environment = environment

    def after(self, seq: int) -> list[StoredFill]:
        """The next fills of all clients, oldest first; a page of them, [] at the end."""
        sql = (
            "SELECT seq, client_id, venue, symbol, side, qty_1e8, price_1e9, fee_1e9, "
            "commission_1e9, commission_asset FROM fills CROSS JOIN accounts "
            "ON accounts.account = fills.account "
            "WHERE seq > ? AND environment = ? ORDER BY seq LIMIT ?"
        )
        values = (seq, self._environment.value, PAGE)
        return [msgspec.convert(row, StoredFill) for row in self._fetch(sql, values)]

    def all(self) -> Iterator[StoredFill]:
        """Every fill, oldest first, a page at a time."""
        seq = 0
        while page := self.after(seq):
            yield from page
            seq = page[-1].seq

    def open_children(self, client_id: str) -> list[OpenChild]:
        """The client's orders at venues that are not known to have ended."""
        sql = (
            "SELECT children.venue, nodes.symbol, children.side, children.qty_1e8, "
            "children.filled_qty_1e8, children.limit_price_1e9, children.state "
            "FROM children JOIN nodes ON nodes.order_number = children.order_number "
            "WHERE children.state < 4 AND nodes.account = "
            "(SELECT account FROM accounts WHERE client_id = ? AND environment = ?)"
        )
        values = (client_id, self._environment.value)
        return [msgspec.convert(row, OpenChild) for row in self._fetch(sql, values)]

    def open_graphs(self, client_id: str) -> int:
        """How many of the client's graphs have not ended."""
        sql = (
            "SELECT count(*) FROM graphs WHERE status IN ('active', 'paused') AND account = "
            "(SELECT account FROM accounts WHERE client_id = ? AND environment = ?)"
        )
        return int(self._fetch(sql, (client_id, self._environment.value))[0][0])

    def _fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        shared = self._queries.shared
        try:
            with nullcontext() if shared is None else shared.guard:
                return self._queries.connection.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise journal_error("read", error) from error
