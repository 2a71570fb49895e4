"""The audit of a routing decision: redone from its record, and held against what it could be.

`redone` repeats the split from the recorded inputs alone. The bound is a walk over the same inputs
that may ignore lots and minimums: no split can cost less, so selection error lies between zero and
the distance to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from engine.decisions.decision_record import redo
from engine.kernels import landed
from engine.kernels.decision_pack import FORMAT, PACK_HEAD
from engine.kernels.landed import INPUT_FIELDS
from engine.model.records import DecisionRecord
from engine.model.units import PRICE_SCALE

__all__ = ["Candidate", "DecisionAudit", "Inputs", "audit"]

CONTEXT_AT: Final = PACK_HEAD - landed.CONTEXT_CELLS


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A venue as the decision saw it. Costs are bps of the mid for the first unit there.

    `score_bps` is what it was ranked by, price, fee and the other terms together, + is a cost.
    `eligible` says that the split could use it; `reason` says why not. `price_bps` is price against
    the mid, + is a cost; `terms_bps` are the other terms (latency, fade, misses, own footprint), +
    is a cost. `examined_levels` is how deep it was looked at; `taken_qty_1e8` is what it got.
    """

    venue: str
    eligible: bool
    reason: str
    score_bps: float | None
    price_bps: float | None
    fee_bps: float | None
    terms_bps: float | None
    examined_levels: int
    taken_qty_1e8: int


class DecisionAudit(msgspec.Struct, frozen=True, gc=False):
    """What can be said of a decision from its record.

    `redone` is whether the record gives the same legs again, bit for bit. `plan_cost_bps` is the
    landed cost (price, fee, terms) of what was chosen, `bound_cost_bps` of the best that could be,
    `optimality_gap_bps` their distance. `best_single_*` is the counterfactual of one venue.
    """

    redone: bool
    candidates: tuple[Candidate, ...]
    chosen: tuple[str, ...]
    est_cost_bps: float | None
    plan_cost_bps: float | None
    bound_cost_bps: float | None
    optimality_gap_bps: float | None
    best_single_venue: str | None
    best_single_cost_bps: float | None
    saving_vs_single_bps: float | None
    why: str


class Inputs:
    """The recorded inputs of a split, read back."""

    __slots__ = ("counts", "fields", "levels", "mid_x2", "now_ns", "side", "sign")

    def __init__(self, record: DecisionRecord) -> None:
        cells = np.frombuffer(record.inputs, np.int64)
        assert cells[0] == FORMAT, "the record is of this format"
        venues = int(cells[1])
        context = cells[CONTEXT_AT:PACK_HEAD].tolist()
        self.mid_x2: int = context[0]
        self.now_ns: int = context[1]
        self.side: int = context[4]
        self.sign = 1 - 2 * self.side
        packed = cells[PACK_HEAD : int(cells[2])]
        self.fields: list[list[int]] = (
            packed[: INPUT_FIELDS * venues].reshape(INPUT_FIELDS, venues).tolist()
        )
        start = INPUT_FIELDS * venues
        self.counts: list[int] = packed[start : start + venues].tolist()
        at = start + venues
        own: list[dict[int, int]] = []
        for v in range(venues):
            mine: dict[int, int] = {}
            for _ in range(self.field(landed.OWN_COUNT, v)):
                price, qty = int(packed[at]), int(packed[at + 1])
                mine[price] = mine.get(price, 0) + qty
                at += 2
            own.append(mine)
        self.levels: list[list[tuple[int, int]]] = []
        for v in range(venues):
            rows = packed[at : at + 2 * self.counts[v]].tolist()
            at += 2 * self.counts[v]
            pairs = zip(rows[::2], rows[1::2], strict=True)
            self.levels.append([(p, max(0, q - own[v].get(p, 0))) for p, q in pairs])
            self._subtract_flight(v)

    def field(self, name: int, venue: int) -> int:
        """One parameter of one venue; `name` as in `engine/kernels/landed.py`."""
        return self.fields[name // landed.VENUES_MAX][venue]

    def _subtract_flight(self, venue: int) -> None:
        """What was in flight at the venue counts as taken, from its best level on."""
        name = landed.FLIGHT_SELL if self.side else landed.FLIGHT_BUY
        away, left = self.field(name, venue), []
        for price, qty in self.levels[venue]:
            gone = min(away, qty)
            away -= gone
            if qty > gone:
                left.append((price, qty - gone))
        self.levels[venue] = left

    def fee(self, venue: int, price: int) -> float:
        """Fee (and quote rate) in 1e-9 of one unit at a price."""
        name = landed.RATE_SELL if self.side else landed.RATE_BUY
        fee: float = price * self.field(name, venue) / PRICE_SCALE
        exponent = self.field(landed.EXPONENT, venue)
        if exponent and price < PRICE_SCALE:
            p = price / PRICE_SCALE
            shape: float = (p * (1.0 - p)) ** exponent
            fee += shape * self.field(landed.SHAPE_RATE, venue)
        return fee

    def key(self, venue: int, price: int, before: int = 0) -> float:
        """What a unit costs once landed, in 1e-9, signed so that less is better."""
        slope = self.field(landed.SLOPE, venue) * float(landed.SLOPE_UNIT) * before
        constant = self.field(landed.CONSTANT, venue)
        return float(self.sign * price + self.fee(venue, price) + constant + slope)

    def recorded_unit(self) -> float:
        """What turns recorded costs into bps of the mid: events record them of the payoff."""
        event = any(self.fields[landed.EXPONENT // landed.VENUES_MAX]) or any(
            self.fields[landed.PRICE_MAX // landed.VENUES_MAX]
        )
        return PRICE_SCALE / (self.mid_x2 / 2) if event and self.mid_x2 else 1.0

    def bps(self, key: float) -> float:
        """A signed landed price as its distance to the mid."""
        mid = self.mid_x2 / 2
        return float(1e4 * (key - self.sign * mid) / mid)


def audit(record: DecisionRecord) -> DecisionAudit:
    """Redo a decision and hold it against its alternatives."""
    legs = redo(record)
    told = tuple((leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in legs)
    inputs = Inputs(record)
    taken = {venue: qty for venue, qty, _ in record.legs}
    candidates = tuple(
        _candidate(record, inputs, v, taken.get(v, 0)) for v in range(len(record.venues))
    )
    placed = sum(taken.values())
    plan = bound = gap = None
    if placed and inputs.mid_x2:
        plan = inputs.bps(_plan_key(inputs, taken) / placed)
        least = _bound_key(inputs, placed)
        bound = None if least is None else inputs.bps(least / placed)
        gap = None if bound is None else max(0.0, plan - bound)
    single = record.best_single_venue or None
    known = bool(record.mid_1e9) and placed > 0
    unit = inputs.recorded_unit() if known else 1.0
    cost = record.best_single_cost_bps * unit if single and known else None
    estimated = record.est_cost_bps * unit if known else None
    saving = None if cost is None or estimated is None else cost - estimated
    chosen = tuple(record.venues[v] for v in sorted(taken))
    return DecisionAudit(
        told == record.legs,
        candidates,
        chosen,
        estimated,
        plan,
        bound,
        gap,
        single,
        cost,
        saving,
        _why(candidates, placed),
    )


def _candidate(record: DecisionRecord, inputs: Inputs, v: int, taken: int) -> Candidate:
    reason = record.eligibility[v]
    levels = inputs.levels[v]
    if not levels or not inputs.mid_x2:
        return Candidate(
            record.venues[v], not reason, reason, None, None, None, None, inputs.counts[v], taken
        )
    price, mid = levels[0][0], inputs.mid_x2 / 2
    terms = 1e4 * inputs.field(landed.CONSTANT, v) / mid
    return Candidate(
        record.venues[v],
        not reason,
        reason,
        inputs.bps(inputs.key(v, price)),
        inputs.bps(inputs.sign * price),
        1e4 * inputs.fee(v, price) / mid,
        terms,
        inputs.counts[v],
        taken,
    )


def _plan_key(inputs: Inputs, taken: dict[int, int]) -> float:
    """Sum of key x quantity of what was chosen, each venue's levels in price order."""
    total = 0.0
    for v, qty in taken.items():
        before = 0
        for price, size in inputs.levels[v]:
            part = min(size, qty - before)
            total += inputs.key(v, price, before) * part
            before += part
            if before >= qty:
                break
    return total


def _bound_key(inputs: Inputs, placed: int) -> float | None:
    """The least sum of key x quantity for `placed`, lots and minimums put aside."""
    offers: list[tuple[float, int, int]] = []
    for v, levels in enumerate(inputs.levels):
        if not inputs.fields[landed.ACTIVE // landed.VENUES_MAX][v]:
            continue
        before = 0
        for price, size in levels:
            offers.append((inputs.key(v, price, before), v, size))
            before += size
    total, left = 0.0, placed
    for key, _, size in sorted(offers):
        part = min(size, left)
        total += key * part
        left -= part
        if not left:
            return total
    # The levels that were looked at do not hold it: the record keeps no more than it needed.
    return None


def _why(candidates: Sequence[Candidate], placed: int) -> str:
    """The choice in one sentence."""
    if not placed:
        reasons = sorted({one.reason for one in candidates if one.reason})
        return "nothing was placed: " + (", ".join(reasons) or "no levels inside the limit")
    best = [one for one in candidates if one.taken_qty_1e8]
    scores = [one.score_bps for one in best if one.score_bps is not None]
    out = [f"{one.venue} ({one.reason})" for one in candidates if not one.eligible]
    names = ", ".join(one.venue for one in best)
    text = f"{names}: cheapest landed levels in order of price, fee and expected loss on the way"
    if scores:
        text += f", first unit from {min(scores):.2f} bps"
    return text + (f"; not eligible: {', '.join(out)}" if out else "")
