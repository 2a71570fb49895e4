"""The record of a routing choice, and its repetition from the record alone, bit for bit.

`inputs` is int64 cells as `engine/kernels/decision_pack.py` writes them: the context (mid, time,
version, coefficients, what was asked), every parameter of every venue (fee and constant terms,
takes in flight, lots, minimums), own orders left out, the levels examined on each venue; and last
the time of each venue's last sign of life. The row that the context would have among the parameters
holds the far touch in its first cell (0: there was none, or the record is older than this).
"""

from __future__ import annotations

from array import array
from typing import Final

import numpy as np

from engine.decisions.cost_model import RoutingTerms
from engine.decisions.split import Leg, SplitPlan, Splitter, read_legs
from engine.kernels import landed
from engine.kernels.decision_pack import CONTEXT_FIELD, FORMAT, PACK_HEAD, pack_decision
from engine.kernels.landed import (
    COEFFICIENTS_ID,
    INPUT_FIELDS,
    LEG_WIDTH,
    OUT,
    OUT_HEAD,
    OWN,
    OWN_MAX,
    ROUTING_VERSION,
    VENUES_MAX,
)
from engine.kernels.layout import new_block
from engine.kernels.minimums import Scratch, place_with_minimums
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from engine.model.records import DecisionRecord
from engine.model.units import Side

__all__ = ["DecisionRecorder", "far_touch_1e9", "redo"]

BUY: Final = Side.BUY
SELL: Final = Side.SELL
CELLS_FIRST: Final = 4_096
CELL_BYTES: Final = 8
CONTEXT_AT: Final = PACK_HEAD - landed.CONTEXT_CELLS


class DecisionRecorder:
    """Makes the record of the plan a splitter made last. `venues` names the block's rows."""

    __slots__ = ("cells", "memory", "out", "splitter", "symbol", "venues")

    def __init__(self, splitter: Splitter) -> None:
        self.splitter = splitter
        self.symbol = splitter.market.instrument.symbol
        self.venues = tuple(listing.venue for listing in splitter.listings)
        self._make_room(CELLS_FIRST)

    def record(
        self, plan: SplitPlan, terms: RoutingTerms, decision_id: int, attempt: int
    ) -> DecisionRecord:
        """The record of `plan`, the splitter's last; `terms` are the ones it was made with."""
        splitter = self.splitter
        assert plan.number == splitter.number, "a plan is recorded before the next is made"
        market = splitter.market
        used = pack_decision(market.view, splitter.arena, self.out)
        if used < 0:
            depth = market.block.shape[2]
            fixed = PACK_HEAD + VENUES_MAX * (INPUT_FIELDS + 1 + 2 * OWN_MAX)
            self._make_room(fixed + splitter.venues * depth * 2)
            used = pack_decision(market.view, splitter.arena, self.out)
            assert used >= 0, "all examined levels fit"
        single, single_cost = self.cells[3], self.cells[4]
        context = terms.inputs
        self.cells[PACK_HEAD + CONTEXT_FIELD * splitter.venues] = market.best(1 - terms.side) or 0
        return DecisionRecord(
            decision_id,
            attempt,
            context[ROUTING_VERSION],
            self.symbol,
            SELL if terms.side else BUY,
            plan.planned_qty_1e8 + plan.unplaced_qty_1e8,
            plan.planned_qty_1e8,
            (terms.mid_x2 or 0) // 2,
            plan.est_cost_bps or 0.0,
            self.venues[single] if single >= 0 else "",
            single_cost * 1e-9,
            context[COEFFICIENTS_ID],
            self.venues,
            tuple(terms.reasons),
            tuple([(leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in plan.legs]),
            b"".join((self.memory[: used * CELL_BYTES], array("q", market.alive_ns))),
        )

    def _make_room(self, cells: int) -> None:
        self.out = np.zeros(cells, np.int64)
        self.memory = memoryview(self.out).cast("B")
        self.cells = self.memory.cast("q")


def far_touch_1e9(record: DecisionRecord) -> int:
    """The best price over all venues that could be taken at the choice; 0 where it is not known."""
    cells = np.frombuffer(record.inputs, np.int64)
    if not len(cells) or cells[0] != FORMAT:
        return 0
    return int(cells[PACK_HEAD + CONTEXT_FIELD * int(cells[1])])


def redo(record: DecisionRecord) -> tuple[Leg, ...]:
    """The legs that the recorded inputs give: the same as were sent, to the last unit."""
    cells = np.frombuffer(record.inputs, np.int64)
    assert cells[0] == FORMAT, "the record is of this format"
    venues = int(cells[1])
    mid_x2, _, _, _, side, qty, worst, slack = cells[CONTEXT_AT:PACK_HEAD].tolist()
    packed = cells[PACK_HEAD : int(cells[2])]
    fields = packed[: INPUT_FIELDS * venues].reshape(INPUT_FIELDS, venues)
    counts = packed[INPUT_FIELDS * venues : (INPUT_FIELDS + 1) * venues].tolist()
    depth = max(1, *counts)
    block = new_block(venues, depth)
    arena = np.zeros(landed.arena_size(venues, depth + 1), np.int64)
    for field in range(INPUT_FIELDS):
        arena[field * VENUES_MAX : field * VENUES_MAX + venues] = fields[field]
    arena[landed.MID_X2] = mid_x2
    at = (INPUT_FIELDS + 1) * venues
    for v in range(venues):
        own = 2 * int(arena[landed.OWN_COUNT + v])
        first = OWN + v * OWN_MAX * 2
        arena[first : first + own] = packed[at : at + own]
        at += own
    for v, count in enumerate(counts):
        levels = packed[at : at + 2 * count].reshape(count, 2)
        block[v, 1 - side, 0, 0] = count
        block[v, 1 - side, 1 : count + 1] = levels[::-1]
        at += 2 * count
    made = sweep(block, arena, side, qty, worst, slack)
    if made == NEEDS_MINIMUMS:
        made = place_with_minimums(block, arena, Scratch(), side, qty, worst, slack)
    return read_legs(arena[OUT : OUT + OUT_HEAD + LEG_WIDTH * made].tolist())
