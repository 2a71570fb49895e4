"""What legs cost against what the router predicted: the error that routing version 3 learns from.

Predicted is the planned price and the constant term of the venue (latency, adverse drift, misses),
without version 3's own correction; realised is what was paid. Both leave the fee out, which is the
same in both. Only legs that filled whole count: part of a leg is its best part.
"""

from __future__ import annotations

from typing import Final

from engine.decisions.cost_model import CostModel, RoutingTerms

__all__ = ["LEGS_MAX", "LegCosts"]

LEGS_MAX: Final = 1_024
CENT_1E9: Final = 10_000_000
ERROR_MAX: Final = 100.0
V3: Final = 3


# Venue, side, quantity, price x quantity, twice the mid, constant term, own correction. A plain
# tuple: it is made on the way to the venue, and everything else waits for the answer.
Planned = tuple[int, int, int, int, int, int, float]


class LegCosts:
    """At most `LEGS_MAX` legs of one market; the oldest gives way."""

    __slots__ = ("costs", "legs")

    def __init__(self, costs: CostModel) -> None:
        self.costs = costs
        self.legs: dict[str, Planned] = {}

    def plan(
        self, key: str, venue: int, qty_1e8: int, price_times_qty: int, terms: RoutingTerms
    ) -> None:
        """A leg leaves; `key` is its client order id, `terms` those it was planned with."""
        mid_x2 = terms.mid_x2
        if not mid_x2:
            return
        legs = self.legs
        if len(legs) >= LEGS_MAX:
            del legs[next(iter(legs))]
        own = self.costs.delta(venue) if terms.version >= V3 else 0.0
        constant = terms.constants[venue]
        legs[key] = venue, terms.side, qty_1e8, price_times_qty, mid_x2, constant, own

    def settle(self, key: str, filled_1e8: int, price_times_qty: int) -> float | None:
        """The leg's last word: realised less predicted cost, told to the observations."""
        leg = self.legs.pop(key, None)
        if leg is None or price_times_qty <= 0:
            return None
        venue, side, qty_1e8, planned, mid_x2, constant, own = leg
        if filled_1e8 != qty_1e8:
            return None
        unit = CENT_1E9 if self.costs.event else mid_x2 * 0.5e-4
        paid = (1 - 2 * side) * (price_times_qty - planned) / qty_1e8 / unit
        # One broken price must not move the mean of two hundred.
        error = min(ERROR_MAX, max(-ERROR_MAX, paid - constant / unit + own))
        self.costs.observations.observe_cost(venue, error)
        return error
