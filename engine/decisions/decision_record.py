"""The record of a routing choice, and its repetition from the record alone, bit for bit.

`inputs` is int64 cells: a header (`HEADER_FIELDS`), the silence of each venue in ns, then what
`engine/kernels/decision_pack.py` writes: every parameter of every venue (fee and constant terms,
takes in flight, lots, minimums), own orders left out, and the levels examined on each venue.
"""

from __future__ import annotations

from array import array
from typing import Final

import numpy as np

from engine.decisions.cost_model import RoutingTerms
from engine.decisions.split import Leg, SplitPlan, Splitter, read_legs
from engine.kernels import landed
from engine.kernels.decision_pack import SINGLE_KEY, SINGLE_VENUE, pack_inputs, single_venue
from engine.kernels.landed import INPUT_FIELDS, LEG_WIDTH, OUT, OWN, OWN_MAX, VENUES_MAX
from engine.kernels.layout import new_block
from engine.kernels.minimums import Scratch, place_with_minimums
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from engine.model.records import DecisionRecord
from engine.model.units import Side

__all__ = ["DecisionRecorder", "redo"]

FORMAT: Final = 1
HEADER_FIELDS: Final = 10
CELLS_FIRST: Final = 4_096
CELL_BYTES: Final = 8


class DecisionRecorder:
    """Makes the record of the plan a splitter made last. `venues` names the block's rows."""

    __slots__ = ("memory", "out", "single", "splitter", "symbol", "venues")

    def __init__(self, splitter: Splitter) -> None:
        self.splitter = splitter
        self.symbol = splitter.market.instrument.symbol
        self.venues = tuple(listing.venue for listing in splitter.listings)
        self.out = np.zeros(CELLS_FIRST, np.int64)
        self.memory = memoryview(self.out).cast("B")
        self.single = np.zeros(2, np.int64)

    def record(
        self, plan: SplitPlan, terms: RoutingTerms, decision_id: int, attempt: int
    ) -> DecisionRecord:
        """The record of `plan`, the splitter's last; `terms` are the ones it was made with."""
        splitter = self.splitter
        last = splitter.last
        assert plan.number == last.number, "a plan is recorded before the next is made"
        side, mid_x2 = last.side, terms.mid_x2 or 0
        view, arena = splitter.market.view, splitter.arena
        used = pack_inputs(view, arena, side, self.out)
        if used < 0:
            used = self._enlarge(side)
        header = (
            FORMAT,
            splitter.venues,
            side,
            last.qty_1e8,
            last.worst,
            last.leg_slack,
            mid_x2,
            terms.now_ns,
            terms.version,
            terms.coefficients_id,
        )
        cells = array("q", header)
        cells.extend(terms.silences)
        inputs = cells.tobytes() + self.memory[: used * CELL_BYTES]
        best_name, best_cost = "", 0.0
        if plan.planned_qty_1e8:
            wanted = plan.planned_qty_1e8
            best = single_venue(view, arena, side, wanted, last.worst, self.single)
            if best >= 0 and mid_x2:
                best_name = self.venues[best]
                best_cost = splitter.key_bps(side, self.single.item(SINGLE_KEY), mid_x2)
        return DecisionRecord(
            decision_id,
            attempt,
            terms.version,
            self.symbol,
            Side(side),
            last.qty_1e8,
            plan.planned_qty_1e8,
            mid_x2 // 2,
            plan.est_cost_bps or 0.0,
            best_name,
            best_cost,
            terms.coefficients_id,
            self.venues,
            tuple(terms.reasons),
            tuple([(leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in plan.legs]),
            inputs,
        )

    def _enlarge(self, side: int) -> int:
        """Make room for a deep decision: at most every level of one side of every book."""
        splitter = self.splitter
        depth = splitter.market.block.shape[2]
        fixed = VENUES_MAX * (INPUT_FIELDS + 1 + 2 * OWN_MAX)
        self.out = np.zeros(fixed + splitter.venues * depth * 2, np.int64)
        self.memory = memoryview(self.out).cast("B")
        used = int(pack_inputs(splitter.market.view, splitter.arena, side, self.out))
        assert used >= 0, "all examined levels fit"
        return used


def redo(record: DecisionRecord) -> tuple[Leg, ...]:
    """The legs that the recorded inputs give: the same as were sent, to the last unit."""
    cells = np.frombuffer(record.inputs, np.int64)
    _, venues, side, qty, worst, slack = (int(cell) for cell in cells[:6])
    packed = cells[HEADER_FIELDS + venues :]
    fields = packed[: INPUT_FIELDS * venues].reshape(INPUT_FIELDS, venues)
    counts = packed[INPUT_FIELDS * venues : (INPUT_FIELDS + 1) * venues]
    depth = max(1, int(counts.max()))
    block = new_block(venues, depth)
    arena = np.zeros(landed.arena_size(venues, depth + 1), np.int64)
    for field in range(INPUT_FIELDS):
        arena[field * VENUES_MAX : field * VENUES_MAX + venues] = fields[field]
    at = (INPUT_FIELDS + 1) * venues
    for v in range(venues):
        own = 2 * int(arena[landed.OWN_COUNT + v])
        first = OWN + v * OWN_MAX * 2
        arena[first : first + own] = packed[at : at + own]
        at += own
    for v in range(venues):
        count = int(counts[v])
        levels = packed[at : at + 2 * count].reshape(count, 2)
        block[v, 1 - side, 0, 0] = count
        block[v, 1 - side, 1 : count + 1] = levels[::-1]
        at += 2 * count
    made = sweep(block, arena, side, qty, worst, slack)
    if made == NEEDS_MINIMUMS:
        made = place_with_minimums(block, arena, Scratch(), side, qty, worst, slack)
    return read_legs(arena[OUT : OUT + 1 + LEG_WIDTH * made].tolist())
