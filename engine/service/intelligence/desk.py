"""Roll-ups of the durable fills, kept up to date as they are read: the base of the summary.

Each fill is read once, by its sequence number, and counted under its day, venue, symbol and
routing version. With a `RollupFile` a restart goes on where the last one stopped; without, it
reads them anew. Nothing is counted that is not durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Final, NamedTuple

import msgspec

from engine.decisions.node_memory import unpack_memory
from engine.intelligence.rollups import Totals
from engine.model.instruments import InstrumentType
from engine.model.mirror import PAYOFF_1E9, mirror_price
from engine.model.records import DecisionRecord, GraphAccepted
from engine.model.units import notional_1e9
from engine.service.intelligence.rollup_file import Anchor, RollupFile, RollupRow
from engine.service.markets.graph_symbols import given_symbols
from engine.store.chain import decode_entry
from engine.store.queries import Queries

__all__ = ["ANY_VENUE", "DAY_NS", "Arrival", "DeskTotals", "Fetch", "arrival_of", "version_of"]

DAY_NS: Final = 86_400_000_000_000
CHUNK: Final = 250
ARRIVALS_MAX: Final = 65_536
# So many fills later the file is written again: reading them anew takes well under a second.
SAVE_FILLS: Final = 5_000
ANY_VENUE: Final = ""
TOTALS, ORDERS, FILLED = range(3)
FILLS: Final = (
    "SELECT seq, account, order_number, venue, symbol, side, qty_1e8, price_1e9, ts_unix_ns, "
    "fee_1e9, is_maker FROM fills WHERE seq > ? ORDER BY seq LIMIT ?"
)
MANY: Final = "SELECT 1 FROM fills WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?"
ORDER_ROWS: Final = (
    "SELECT order_number, account, symbol, created_ns FROM nodes WHERE order_number > ? "
    "ORDER BY order_number LIMIT ?"
)
ARRIVAL: Final = (
    "SELECT order_number - first_order, policy_state, accepted FROM nodes "
    "JOIN graphs USING (graph_number) JOIN graph_bodies USING (graph_number) "
    "WHERE order_number = ?"
)
BEFORE: Final = "SELECT DISTINCT venue FROM fills WHERE order_number = ? AND seq < ?"
VERSION: Final = "SELECT record FROM decisions WHERE order_number = ? ORDER BY seq LIMIT 1"
# One statement, so that both counts are of the same moment.
COUNTS: Final = (
    "SELECT ifnull((SELECT sum(fill_count) FROM accounts), 0) "
    "- (SELECT count(*) FROM fills WHERE seq > ?), "
    "ifnull((SELECT sum(order_count) FROM accounts), 0) "
    "- (SELECT count(*) FROM nodes WHERE order_number > ?)"
)
BLOCK: Final = "SELECT last_seq, hash FROM journal WHERE first_seq <= ? ORDER BY first_seq DESC"
ORDER_SEQ: Final = "SELECT first_seq FROM nodes WHERE order_number = ?"

Key = tuple[str, str, int]
Day = tuple[int, int]


class Known(msgspec.Struct):
    """What the fills of one order are measured by, and where it has filled so far.

    `mirrored`: it was given as a NO order, whose prices are 1 - p, and `arrival_x2` is of those.
    """

    arrival_x2: int
    mirrored: bool
    version: int
    venues: set[str]


class DeskTotals:
    """Totals by (account, day), then (venue, symbol, routing version); orders by symbol.

    One entry for each day, venue and symbol that an account traded. `orders_filled` counts, for
    the same keys, orders by their first fill there, and under `ANY_VENUE` by their first fill at
    all. Version 0 is that of orders without a routing decision.
    """

    def __init__(self, queries: Queries, file: RollupFile | None = None) -> None:
        self.queries = queries
        self.file = file
        self.fills: dict[Day, dict[Key, Totals]] = {}
        self.orders: dict[Day, dict[str, int]] = {}
        self.orders_filled: dict[Day, dict[Key, int]] = {}
        self.last_fill = 0
        self.last_order = 0
        self._known: dict[int, Known] = {}
        self._changed: set[tuple[int, Day, Key]] = set()
        self._unsaved = 0
        self._turn = asyncio.Lock()
        if file is not None:
            self._restore(file)

    async def catch_up(self) -> None:
        """Read what came since the last time, a millisecond or two at a stretch."""
        async with self._turn:
            for read in (self._read_fills, self._read_orders):
                more = True
                while more:
                    more = read()
                    await asyncio.sleep(0)
            if self._unsaved >= SAVE_FILLS:
                self.save()

    def behind(self) -> bool:
        """Whether there are many fills that were not read yet."""
        return bool(self._fetch(MANY, (self.last_fill, SAVE_FILLS - 1)))

    def save(self) -> None:
        """Write what changed since the last time; without a file nothing happens."""
        if self.file is None or not self._changed:
            return
        anchor = self._anchor()
        if anchor is not None:
            self.file.save(anchor, [self._row(*one) for one in sorted(self._changed)])
            self._changed.clear()
            self._unsaved = 0

    def merged(
        self,
        account: int,
        days: range,
        symbol: str | None,
        venue: str | None,
        version: int | None = None,
    ) -> tuple[Totals, dict[str, Totals], dict[str, Totals]]:
        """All, by venue and by symbol."""
        whole = Totals()
        venues: dict[str, Totals] = {}
        symbols: dict[str, Totals] = {}
        for (name, traded, routed), totals in self._rows(self.fills, account, days):
            if symbol in (None, traded) and venue in (None, name) and version in (None, routed):
                whole.merge(totals)
                venues.setdefault(name, Totals()).merge(totals)
                symbols.setdefault(traded, Totals()).merge(totals)
        return whole, venues, symbols

    def order_count(
        self,
        account: int,
        days: range,
        symbol: str | None,
        venue: str | None,
        version: int | None = None,
    ) -> int:
        """Orders created in these days; with a venue or version those that filled so in them."""
        if venue is not None or version is not None:
            place = ANY_VENUE if venue is None else venue
            rows = self._rows(self.orders_filled, account, days)
            return sum(
                count
                for (name, of, routed), count in rows
                if name == place and symbol in (None, of) and version in (None, routed)
            )
        return sum(n for of, n in self._rows(self.orders, account, days) if symbol in (None, of))

    def names(self, account: int) -> tuple[set[str], set[str]]:
        """The venues and symbols that an account has filled on or in."""
        found = [
            key for (owner, _), keyed in self.fills.items() if owner == account for key in keyed
        ]
        return {venue for venue, _, _ in found}, {symbol for _, symbol, _ in found}

    def _rows(
        self, table: dict[Day, dict[Any, Any]], account: int, days: range
    ) -> Iterable[tuple[Any, Any]]:
        """Rows of the days; of all days that there are when fewer."""
        wanted: Iterable[int] = days
        if len(days) > len(table):
            wanted = sorted(day for owner, day in table if owner == account and day in days)
        for day in wanted:
            yield from table.get((account, day), {}).items()

    # -- reading the journal

    def _read_fills(self) -> bool:
        rows = self._fetch(FILLS, (self.last_fill, CHUNK))
        for seq, account, order, venue, symbol, side, qty, price, ts_ns, fee, maker in rows:
            known = self._order(order, seq)
            if known.mirrored:
                side, price = 1 - side, mirror_price(price)
            slip, away, arrival_x2 = None, 0, known.arrival_x2
            if arrival_x2:
                away = (1 - 2 * side) * (2 * price - arrival_x2)
                slip = 1e4 * away / arrival_x2
            day = account, ts_ns // DAY_NS
            key = venue, symbol, known.version
            keyed = self.fills.setdefault(day, {})
            totals = keyed.get(key)
            if totals is None:
                totals = keyed[key] = Totals()
            totals.add(notional_1e9(price, qty), fee, bool(maker), slip, qty, away / 2)
            self._changed.add((TOTALS, day, key))
            if venue not in known.venues and order is not None:
                if not known.venues:
                    self._count_order(day, (ANY_VENUE, symbol, known.version))
                self._count_order(day, key)
                known.venues.add(venue)
            self.last_fill = seq
        self._unsaved += len(rows)
        return len(rows) == CHUNK

    def _count_order(self, day: Day, key: Key) -> None:
        counts = self.orders_filled.setdefault(day, {})
        counts[key] = counts.get(key, 0) + 1
        self._changed.add((FILLED, day, key))

    def _read_orders(self) -> bool:
        rows = self._fetch(ORDER_ROWS, (self.last_order, CHUNK))
        for number, account, symbol, created_ns in rows:
            day = account, created_ns // DAY_NS
            counts = self.orders.setdefault(day, {})
            counts[symbol] = counts.get(symbol, 0) + 1
            self._changed.add((ORDERS, day, (ANY_VENUE, symbol, 0)))
            self.last_order = number
        return len(rows) == CHUNK

    def _order(self, order_number: int | None, seq: int) -> Known:
        """The order of a fill as it was before that."""
        if order_number is None:
            return Known(0, False, 0, set())
        known = self._known.get(order_number)
        if known is None:
            if len(self._known) >= ARRIVALS_MAX:
                for oldest in list(self._known)[: ARRIVALS_MAX // 4]:
                    del self._known[oldest]
            venues = {row[0] for row in self._fetch(BEFORE, (order_number, seq))}
            began = arrival_of(self._fetch, order_number)
            version = version_of(self._fetch, order_number)
            known = Known(began.mid_x2, began.mirrored, version, venues)
            self._known[order_number] = known
        return known

    def _fetch(self, sql: str, values: Sequence[object]) -> list[Any]:
        queries = self.queries
        with nullcontext() if queries.shared is None else queries.shared.guard:
            return queries.connection.execute(sql, tuple(values)).fetchall()

    # -- the file

    def _restore(self, file: RollupFile) -> None:
        """Take over what the file holds, if this journal is the one that it was read from."""
        found = file.load()
        if found is None:
            return
        anchor, rows = found
        block = self._block(anchor.seq)
        if block is None or block[1] != anchor.hash:
            file.forget("the journal is not the one that they were read from")
            return
        try:
            for row in rows:
                self._take(row)
            counted = sum(one.fills for keyed in self.fills.values() for one in keyed.values())
            placed = sum(sum(counts.values()) for counts in self.orders.values())
            held = tuple(self._fetch(COUNTS, (anchor.last_fill, anchor.last_order))[0])
            if held != (counted, placed):
                raise ValueError("they hold another number of fills or orders than the journal")
        except ValueError as error:
            file.forget(str(error))
            self.fills, self.orders, self.orders_filled = {}, {}, {}
            return
        self.last_fill, self.last_order = anchor.last_fill, anchor.last_order

    def _take(self, row: RollupRow) -> None:
        kind, account, day, venue, symbol, version = row.key
        at, key = (account, day), (venue, symbol, version)
        if kind == TOTALS:
            self.fills.setdefault(at, {})[key] = Totals.unpacked(row.body)
        elif kind == ORDERS:
            self.orders.setdefault(at, {})[symbol] = int(row.body)
        elif kind == FILLED:
            self.orders_filled.setdefault(at, {})[key] = int(row.body)
        else:
            raise ValueError("there is a row of an unknown kind")

    def _row(self, kind: int, at: Day, key: Key) -> RollupRow:
        if kind == TOTALS:
            body = self.fills[at][key].packed()
        elif kind == ORDERS:
            body = b"%d" % self.orders[at][key[1]]
        else:
            body = b"%d" % self.orders_filled[at][key]
        return RollupRow((kind, *at, *key), body)

    def _anchor(self) -> Anchor | None:
        """How far was read, and the journal's own hash there."""
        rows = self._fetch(ORDER_SEQ, (self.last_order,))
        block = self._block(max(self.last_fill, rows[0][0] if rows else 0))
        if block is None:
            return None
        return Anchor(self.last_fill, self.last_order, *block)

    def _block(self, seq: int) -> tuple[int, bytes] | None:
        """Last sequence and hash of the journal's block that holds a sequence."""
        rows = self._fetch(BLOCK + " LIMIT 1", (seq,))
        if not rows or rows[0][0] < seq:
            return None
        return rows[0][0], bytes(rows[0][1])


Fetch = Callable[[str, Sequence[object]], list[Any]]


class Arrival(NamedTuple):
    """How an order began: twice its arrival mid, 0 unknown, and whether it was given as a NO order.

    The mid is then that of NO, as are the prices that its fills are to be measured in. `event` says
    that its graph names it an event contract, which is known long after nobody lists it any more.
    """

    mid_x2: int = 0
    mirrored: bool = False
    event: bool = False


def arrival_of(fetch: Fetch, order_number: int) -> Arrival:
    """How an order began."""
    rows = fetch(ARRIVAL, (order_number,))
    if not rows:
        return Arrival()
    index, state, body = rows[0]
    accepted = decode_entry(body).payload
    assert isinstance(accepted, GraphAccepted), "a body is the entry of its acceptance"
    memory = unpack_memory(state)
    given = given_symbols(accepted.graph.metadata).get(accepted.graph.nodes[index].node_id)
    mirrored = given is not None and given.mirrored
    node = memory.amended or accepted.graph.nodes[index]
    doubled = accepted.arrival_mids_x2
    arrival = doubled[index] if index < len(doubled) else 0
    if memory.baseline_x2 and node.execution.pacing is None:
        arrival = memory.baseline_x2
    event = mirrored or node.instrument.type is InstrumentType.PREDICTION
    return Arrival(2 * PAYOFF_1E9 - arrival if mirrored and arrival else arrival, mirrored, event)


def version_of(fetch: Fetch, order_number: int) -> int:
    """Routing version of an order's first decision, 0 where it has none."""
    rows = fetch(VERSION, (order_number,))
    if not rows:
        return 0
    record = decode_entry(rows[0][0]).payload
    assert isinstance(record, DecisionRecord), "a decision row keeps its own entry"
    return record.routing_version
