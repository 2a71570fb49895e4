"""An incident run again: its decisions bit for bit, its orders and its totals from its fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from engine.decisions.decision_record import CELL_BYTES, CONTEXT_AT, redo
from engine.decisions.post_record import redo_post, unsound
from engine.kernels.decision_pack import FORMAT, PACK_HEAD
from engine.kernels.landed import (
    FLIGHT_BUY,
    FLIGHT_SELL,
    INPUT_FIELDS,
    LOT,
    NOTIONAL_MIN,
    OWN_COUNT,
    OWN_MAX,
    PRICE_MAX,
    QTY_MIN,
    TICK,
    VENUES_MAX,
)
from engine.model.orders import TimeInForce
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    DecisionRecord,
    FillRecord,
    JournalEntry,
    NodeChanged,
    PostRecord,
)
from engine.service.incident import Incident

__all__ = ["IncidentReport", "replay_incident"]

OWN_FIELD: Final = OWN_COUNT // VENUES_MAX
# What a real split never holds would send the kernel's search into the woods.
LEAST: Final = {
    LOT: 1,
    TICK: 1,
    QTY_MIN: 0,
    NOTIONAL_MIN: 0,
    PRICE_MAX: 0,
    FLIGHT_BUY: 0,
    FLIGHT_SELL: 0,
}
LEG_FIELDS: Final = ("venue_index", "qty_1e8", "limit_price_1e9")
# From this entry version on, what rests has its own decision before it.
POSTS_SINCE: Final = 4


class IncidentReport(msgspec.Struct, frozen=True):
    """How much was checked; `problem` names the first difference in one sentence, "" for none.

    `decisions` are those to take and to post; their `legs` are the orders that they chose.
    `seq` and `field` say where it is, `stored` and `redone` what differs. `unintended_fills` are
    of orders whose intent is not in the journal: a crash may lose it under durability "async".
    """

    graph_id: str
    decisions: int
    legs: int
    children: int
    fills: int
    unintended_fills: int
    node_states: int
    frames: int
    problem: str = ""
    seq: int | None = None
    field: str = ""
    stored: str = ""
    redone: str = ""

    @property
    def ok(self) -> bool:
        return not self.problem


def replay_incident(incident: Incident) -> IncidentReport:
    """Redo every decision from its recorded inputs and every total from the recorded fills.

    A decision's legs must be the stored ones to the last unit, its orders must be its legs, to
    take or to rest, and each recorded state of a node must be the sum of its fills so far.
    """
    again = _Again(incident)
    try:
        again.run()
    except _Difference as found:
        return again.report(found)
    return again.report()


class _Difference(Exception):
    """The first difference between what is stored and what comes out again."""

    def __init__(self, entry: JournalEntry, field: str, stored: object, redone: object) -> None:
        super().__init__(field)
        self.seq = entry.seq
        self.field = field
        self.stored = str(stored)
        self.redone = str(redone)
        where = f"entry {entry.seq} of node {entry.node_id!r}"
        self.problem = f"{where}: {field} is stored as {stored}, redone it is {redone}"


class _Again:
    """The state of one replay."""

    def __init__(self, incident: Incident) -> None:
        self.incident = incident
        self.decisions = 0
        self.legs = 0
        self.children = 0
        self.fills = 0
        self.unintended = 0
        self.node_states = 0
        # By node and attempt: the decisions that its orders must follow.
        self.decided: dict[tuple[str, int], DecisionRecord] = {}
        self.posted: dict[tuple[str, int], PostRecord] = {}
        self.intended: dict[str, ChildIntent] = {}
        # By node: quantity, price times quantity, fees, number of fills.
        self.sums: dict[str, list[int]] = {}

    def run(self) -> None:
        for entry in self.incident.entries:
            check = CHECKS.get(type(entry.payload))
            if check is not None:
                check(self, entry)

    def report(self, found: _Difference | None = None) -> IncidentReport:
        header = self.incident.header
        told: Mapping[str, object] = {}
        if found is not None:
            told = {
                name: getattr(found, name)
                for name in ("problem", "seq", "field", "stored", "redone")
            }
        report = IncidentReport(
            header.graph_id,
            self.decisions,
            self.legs,
            self.children,
            self.fills,
            self.unintended,
            self.node_states,
            header.frames,
        )
        return msgspec.structs.replace(report, **told)

    def decision(self, entry: JournalEntry) -> None:
        record = entry.payload
        assert isinstance(record, DecisionRecord)
        for name, stored, given in _context(entry, record):
            _same(entry, name, stored, given)
        legs = [(leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in redo(record)]
        for index, (stored, redone) in enumerate(zip(record.legs, legs, strict=False)):
            for name, had, came in zip(LEG_FIELDS, stored, redone, strict=True):
                _same(entry, f"leg {index} {name}", had, came)
        _same(entry, "number of legs", len(record.legs), len(legs))
        _same(entry, "planned_qty_1e8", record.planned_qty_1e8, sum(leg[1] for leg in legs))
        self.decided[entry.node_id, record.attempt] = record
        self.decisions += 1
        self.legs += len(legs)

    def post(self, entry: JournalEntry) -> None:
        record = entry.payload
        assert isinstance(record, PostRecord)
        broken = unsound(record)
        if broken:
            raise _Difference(entry, broken, getattr(record, broken), "nothing that can be redone")
        choice = redo_post(record)
        for index, (stored, redone) in enumerate(zip(record.places, choice.places, strict=False)):
            for name, had, came in zip(LEG_FIELDS, stored, redone, strict=True):
                _same(entry, f"place {index} {name}", had, came)
        _same(entry, "number of places", len(record.places), len(choice.places))
        _same(entry, "unplaced_qty_1e8", record.unplaced_qty_1e8, choice.unplaced_qty_1e8)
        _same(entry, "reason", record.reason, choice.reason.value)
        self.posted[entry.node_id, record.attempt] = record
        self.decisions += 1
        self.legs += len(choice.places)

    def orders(self, entry: JournalEntry) -> None:
        told = entry.payload
        assert isinstance(told, ChildrenIntended)
        key = entry.node_id, told.attempt
        taking = [child for child in told.children if child.tif is not TimeInForce.GTC]
        resting = [child for child in told.children if child.tif is TimeInForce.GTC]
        took, posted = self.decided.pop(key, None), self.posted.pop(key, None)
        if took is not None:
            _follows(entry, "child", taking, took, took.legs)
        if posted is not None:
            _follows(entry, "resting child", resting, posted, posted.places)
        elif resting and entry.version >= POSTS_SINCE:
            _same(entry, "decisions to post", 0, 1)
        for child in told.children:
            self.intended[child.client_order_id] = child
        self.children += len(told.children)

    def fill(self, entry: JournalEntry) -> None:
        fill = entry.payload
        assert isinstance(fill, FillRecord)
        child = self.intended.get(fill.client_order_id)
        if child is None:
            self.unintended += 1
        else:
            _same(entry, "venue of the fill", fill.venue, child.venue)
            _same(entry, "side of the fill", fill.side, child.side)
        sums = self.sums.setdefault(entry.node_id, [0, 0, 0, 0])
        sums[0] += fill.qty_1e8
        sums[1] += fill.qty_1e8 * fill.price_1e9
        sums[2] += fill.fee_1e9
        sums[3] += 1
        self.fills += 1

    def node(self, entry: JournalEntry) -> None:
        state = entry.payload
        assert isinstance(state, NodeChanged)
        qty, total, fees, count = self.sums.get(entry.node_id, (0, 0, 0, 0))
        _same(entry, "filled_qty_1e8", state.filled_qty_1e8, qty)
        _same(entry, "price_times_qty", state.price_times_qty, str(total))
        _same(entry, "fees_1e9", state.fees_1e9, fees)
        _same(entry, "fill_count", state.fill_count, count)
        self.node_states += 1


CHECKS: Final[Mapping[type, Callable[[_Again, JournalEntry], None]]] = {
    DecisionRecord: _Again.decision,
    ChildrenIntended: _Again.orders,
    FillRecord: _Again.fill,
    NodeChanged: _Again.node,
    PostRecord: _Again.post,
}


def _same(entry: JournalEntry, field: str, stored: object, redone: object) -> None:
    if stored != redone:
        raise _Difference(entry, field, stored, redone)


def _follows(
    entry: JournalEntry,
    what: str,
    children: Sequence[ChildIntent],
    record: DecisionRecord | PostRecord,
    legs: Sequence[tuple[int, int, int]],
) -> None:
    """Orders against the decision that they are of."""
    for index, (leg, child) in enumerate(zip(legs, children, strict=False)):
        expected = record.venues[leg[0]], leg[1], leg[2], record.side
        actual = child.venue, child.qty_1e8, child.limit_price_1e9, child.side
        names = ("venue", "qty_1e8", "limit_price_1e9", "side")
        for name, had, came in zip(names, actual, expected, strict=True):
            _same(entry, f"{what} {index} {name}", had, came)
    _same(entry, f"number of {what}ren", len(children), len(legs))


def _context(entry: JournalEntry, record: DecisionRecord) -> list[tuple[str, object, object]]:
    """What the record says of its inputs and what they say; _Difference when they are broken."""
    venues = len(record.venues)
    if len(record.inputs) % CELL_BYTES or len(record.inputs) < CELL_BYTES * PACK_HEAD:
        raise _Difference(entry, "inputs", f"{len(record.inputs)} bytes", "no packed decision")
    cells = np.frombuffer(record.inputs, np.int64)
    _same(entry, "format of the inputs", int(cells[0]), FORMAT)
    _same(entry, "venues of the inputs", int(cells[1]), venues)
    _same(entry, "cells of the inputs", int(cells[2]), _cells_told(cells, venues))
    _same(entry, "length of the inputs", len(cells), int(cells[2]) + venues)
    mid_x2, _, version, coefficients, side, qty, _, _ = cells[CONTEXT_AT:PACK_HEAD].tolist()
    single = int(cells[3])
    best = record.venues[single] if 0 <= single < venues else ""
    return [
        ("side", int(record.side), side),
        ("qty_1e8", record.qty_1e8, qty),
        ("mid_1e9", record.mid_1e9, mid_x2 // 2),
        ("routing_version", record.routing_version, version),
        ("coefficients_id", record.coefficients_id, coefficients),
        ("best_single_venue", record.best_single_venue, best),
        ("best_single_cost_bps", record.best_single_cost_bps, int(cells[4]) * 1e-9),
    ]


def _cells_told(cells: np.ndarray[tuple[int], np.dtype[np.int64]], venues: int) -> int:
    """How many cells the packed counts ask for; 0 when a count is out of its bounds."""
    fixed = PACK_HEAD + venues * (INPUT_FIELDS + 1)
    if not 1 <= venues <= VENUES_MAX or len(cells) < fixed:
        return 0
    first = PACK_HEAD + venues * OWN_FIELD
    own = cells[first : first + venues].tolist()
    levels = cells[fixed - venues : fixed].tolist()
    if not all(0 <= count <= OWN_MAX for count in own):
        return 0
    if not all(0 <= count <= len(cells) for count in levels):
        return 0
    for offset, least in LEAST.items():
        start = PACK_HEAD + venues * (offset // VENUES_MAX)
        if (cells[start : start + venues] < least).any():
            return 0
    asked: int = sum(own) + sum(levels)
    return fixed + 2 * asked
