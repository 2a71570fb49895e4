"""Roll-ups of the durable fills, kept up to date as they are read: the base of the summary.

Each fill is read once, by its sequence number, and counted under its day, venue and symbol; a
restart reads them anew. Nothing is counted that is not durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Final

from engine.decisions.node_memory import unpack_memory
from engine.intelligence.rollups import Totals
from engine.model.records import GraphAccepted
from engine.model.units import notional_1e9
from engine.store.chain import decode_entry
from engine.store.queries import Queries

__all__ = ["DAY_NS", "DeskTotals"]

DAY_NS: Final = 86_400_000_000_000
CHUNK: Final = 250
ARRIVALS_MAX: Final = 65_536
FILLS: Final = (
    "SELECT seq, account, order_number, venue, symbol, side, qty_1e8, price_1e9, ts_unix_ns, "
    "fee_1e9, is_maker FROM fills WHERE seq > ? ORDER BY seq LIMIT ?"
)
ORDERS: Final = (
    "SELECT order_number, account, symbol, created_ns FROM nodes WHERE order_number > ? "
    "ORDER BY order_number LIMIT ?"
)
ARRIVAL: Final = (
    "SELECT order_number - first_order, policy_state, accepted FROM nodes "
    "JOIN graphs USING (graph_number) JOIN graph_bodies USING (graph_number) "
    "WHERE order_number = ?"
)

Key = tuple[str, str]


class DeskTotals:
    """Totals by (account, day), then (venue, symbol); orders by (account, day), then symbol.

    One entry for each day, venue and symbol that an account traded. `orders_filled` counts, for
    the same keys, orders by their first fill there.
    """

    def __init__(self, queries: Queries) -> None:
        self.queries = queries
        self.fills: dict[tuple[int, int], dict[Key, Totals]] = {}
        self.orders: dict[tuple[int, int], dict[str, int]] = {}
        self.orders_filled: dict[tuple[int, int], dict[Key, int]] = {}
        self.last_fill = 0
        self.last_order = 0
        self._arrivals: dict[int, tuple[int, set[str]]] = {}
        self._turn = asyncio.Lock()

    async def catch_up(self) -> None:
        """Read what came since the last time, a millisecond or two at a stretch."""
        async with self._turn:
            for read in (self._read_fills, self._read_orders):
                more = True
                while more:
                    more = read()
                    await asyncio.sleep(0)

    def merged(
        self, account: int, days: range, symbol: str | None, venue: str | None
    ) -> tuple[Totals, dict[str, Totals], dict[str, Totals]]:
        """All, by venue and by symbol."""
        whole = Totals()
        venues: dict[str, Totals] = {}
        symbols: dict[str, Totals] = {}
        for (name, traded), totals in self._rows(self.fills, account, days):
            if symbol in (None, traded) and venue in (None, name):
                whole.merge(totals)
                venues.setdefault(name, Totals()).merge(totals)
                symbols.setdefault(traded, Totals()).merge(totals)
        return whole, venues, symbols

    def order_count(self, account: int, days: range, symbol: str | None, venue: str | None) -> int:
        """Orders created in these days; with a venue those that first filled there in them."""
        if venue is not None:
            rows = self._rows(self.orders_filled, account, days)
            return sum(n for (name, of), n in rows if name == venue and symbol in (None, of))
        return sum(n for of, n in self._rows(self.orders, account, days) if symbol in (None, of))

    def _rows(
        self, table: dict[tuple[int, int], dict[Any, Any]], account: int, days: range
    ) -> Iterable[tuple[Any, Any]]:
        """Rows of the days; of all days that there are when fewer."""
        wanted: Iterable[int] = days
        if len(days) > len(table):
            wanted = sorted(day for owner, day in table if owner == account and day in days)
        for day in wanted:
            yield from table.get((account, day), {}).items()

    def _read_fills(self) -> bool:
        rows = self._fetch(FILLS, (self.last_fill, CHUNK))
        for seq, account, order, venue, symbol, side, qty, price, ts_ns, fee, maker in rows:
            arrival_x2, seen = self._arrival(order)
            slip = None
            if arrival_x2:
                slip = 1e4 * (1 - 2 * side) * (2 * price - arrival_x2) / arrival_x2
            day = account, ts_ns // DAY_NS
            keyed = self.fills.setdefault(day, {})
            totals = keyed.get((venue, symbol))
            if totals is None:
                totals = keyed[venue, symbol] = Totals()
            totals.add(notional_1e9(price, qty), fee, bool(maker), slip)
            if venue not in seen and order is not None:
                seen.add(venue)
                counts = self.orders_filled.setdefault(day, {})
                counts[venue, symbol] = counts.get((venue, symbol), 0) + 1
            self.last_fill = seq
        return len(rows) == CHUNK

    def _read_orders(self) -> bool:
        rows = self._fetch(ORDERS, (self.last_order, CHUNK))
        for number, account, symbol, created_ns in rows:
            counts = self.orders.setdefault((account, created_ns // DAY_NS), {})
            counts[symbol] = counts.get(symbol, 0) + 1
            self.last_order = number
        return len(rows) == CHUNK

    def _arrival(self, order_number: int | None) -> tuple[int, set[str]]:
        """Twice the arrival mid of an order (0 unknown), and the venues it has filled on."""
        if order_number is None:
            return 0, set()
        known = self._arrivals.get(order_number)
        if known is None:
            if len(self._arrivals) >= ARRIVALS_MAX:
                for oldest in list(self._arrivals)[: ARRIVALS_MAX // 4]:
                    del self._arrivals[oldest]
            known = self._arrivals[order_number] = (self._arrival_x2(order_number), set())
        return known

    def _arrival_x2(self, order_number: int) -> int:
        rows = self._fetch(ARRIVAL, (order_number,))
        if not rows:
            return 0
        index, state, body = rows[0]
        accepted = decode_entry(body).payload
        assert isinstance(accepted, GraphAccepted), "a body is the entry of its acceptance"
        memory = unpack_memory(state)
        node = memory.amended or accepted.graph.nodes[index]
        if memory.baseline_x2 and node.execution.pacing is None:
            return memory.baseline_x2
        doubled = accepted.arrival_mids_x2
        return doubled[index] if index < len(doubled) else 0

    def _fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        queries = self.queries
        with nullcontext() if queries.shared is None else queries.shared.guard:
            return queries.connection.execute(sql, tuple(values)).fetchall()
