"""Smart order routing: split one quantity over venues, keep what is in flight, record the choice.

`Splitter` belongs to one router (one market). Its arena (see `engine/kernels/landed.py`) holds
every venue's parameters between calls, so that a plan is one kernel call and one list. The split
itself is exact: levels in order of landed price, to the last unit; see that module for the rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from engine.decisions.cost_model import RoutingTerms
from engine.decisions.market import INT64_MAX, MarketBlock
from engine.decisions.takes import TakesInFlight
from engine.errors import Reason
from engine.kernels import landed
from engine.kernels.landed import LEG_WIDTH, OUT, OUT_HEAD, OWN_MAX, TERMS_END, VENUES_MAX
from engine.kernels.minimums import Scratch, place_with_minimums
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from engine.model.instruments import Listing
from engine.model.units import PRICE_SCALE

__all__ = ["Leg", "SplitPlan", "Splitter", "read_legs"]

FEE_UNIT: Final = 1_000
PLACED: Final = Reason.NONE


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One order to send. `worst_planned_1e9` is the worst level it was planned on;
    `price_times_qty` the exact sum of price (1e-9) x quantity (1e-8) it is expected to pay.
    """

    venue_index: int
    qty_1e8: int
    limit_price_1e9: int
    worst_planned_1e9: int
    price_times_qty: int


class SplitPlan(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one split.

    `reason` says why `unplaced_qty_1e8` is not zero, NONE when it is. `est_cost_bps` is the
    average of price and fee against the mid at the decision, None without a mid. `number`
    identifies the plan to `record`, which must be called before the next plan.
    """

    legs: tuple[Leg, ...]
    planned_qty_1e8: int
    unplaced_qty_1e8: int
    reason: Reason
    est_cost_bps: float | None
    mid_x2: int | None
    number: int


class Splitter:
    """Plans splits of one market. `cells` is the arena as a flat view of integers.

    The market's own resting orders are left out of its books. At most `VENUES_MAX` venues.
    """

    __slots__ = (
        "arena",
        "cells",
        "listings",
        "market",
        "number",
        "own_changes",
        "own_side",
        "scratch",
        "takes",
        "venues",
    )

    def __init__(self, market: MarketBlock) -> None:
        self.market = market
        self.listings = market.listings
        self.venues = len(market.listings)
        assert self.venues <= VENUES_MAX, "a market has at most 32 venues"
        depth = market.block.shape[2]
        self.arena = np.zeros(landed.arena_size(self.venues, depth), np.int64)
        self.cells = memoryview(self.arena).cast("B").cast("q")
        self.scratch: Scratch | None = None
        self.takes = TakesInFlight(market, self.cells)
        self.number = 0
        self.own_changes = self.own_side = 0
        for listing in market.listings:
            self.set_listing(listing)

    def set_listing(self, listing: Listing) -> None:
        """Take over a listing's grid, minimums and fees (at the start, and when they change)."""
        v, cells, fees = listing.venue_index, self.cells, listing.fees
        cells[landed.LOT + v] = listing.lot_1e8
        cells[landed.QTY_MIN + v] = listing.qty_min_1e8
        cells[landed.NOTIONAL_MIN + v] = listing.notional_min_1e9
        cells[landed.TICK + v] = listing.tick_1e9
        cells[landed.PRICE_MAX + v] = listing.price_max_1e9 or 0
        if fees is not None:
            cells[landed.EXPONENT + v] = fees.exponent if fees.quadratic else 0
        self.set_quote_rate(v, 1.0)

    def set_quote_rate(self, venue_index: int, rate: float) -> None:
        """Price of the venue's quote currency in the market's, 1.0 when they are the same."""
        v, cells, fees = venue_index, self.cells, self.listings[venue_index].fees
        rate_1e9 = round(rate * PRICE_SCALE)
        assert PRICE_SCALE // 2 < rate_1e9 < PRICE_SCALE * 3 // 2, "a quote rate is near one"
        fee_1e9 = fees.taker_ppm * FEE_UNIT * rate_1e9 // PRICE_SCALE if fees is not None else 0
        flat = 0 if fees is not None and fees.quadratic else fee_1e9
        cells[landed.RATE_BUY + v] = rate_1e9 - PRICE_SCALE + flat
        cells[landed.RATE_SELL + v] = PRICE_SCALE - rate_1e9 + flat
        cells[landed.SHAPE_RATE + v] = fee_1e9 - flat

    def leave_out_own(self, taken: int) -> None:
        """Leave our own resting orders of the side `taken` out of every book until the next."""
        own = self.market.own
        if own.changes == self.own_changes and (taken == self.own_side or not own.orders):
            return
        self.own_changes, self.own_side = own.changes, taken
        for v in range(self.venues):
            self.set_own_orders(v, own.best(v, taken))

    def set_own_orders(self, venue_index: int, orders: Sequence[tuple[int, int]]) -> None:
        """Own resting orders (price_1e9, qty_1e8) on the side to be taken next, to be left out."""
        assert len(orders) <= OWN_MAX, "a venue's own orders to leave out are at most 16"
        first = landed.OWN + venue_index * OWN_MAX * 2
        for i, (price, qty) in enumerate(orders):
            self.cells[first + 2 * i] = price
            self.cells[first + 2 * i + 1] = qty
        self.cells[landed.OWN_COUNT + venue_index] = len(orders)

    def plan(
        self,
        side: int,
        qty_1e8: int,
        worst_price_1e9: int | None,
        terms: RoutingTerms,
        *,
        leg_slack: bool = True,
    ) -> SplitPlan:
        """Split `qty_1e8` of a buy (0) or sell (1) over the venues that `terms` allow.

        `leg_slack` widens each leg's limit by max(tick, 1 bp) inside the worst price; without it
        the limit is exactly the worst planned level. Takes in flight are subtracted, not added:
        the caller adds them under the ids of the children that it makes.
        """
        assert qty_1e8 > 0, "only a positive quantity can be split"
        cells = self.cells
        if self.takes.takes:
            self.takes.expire(terms.now_ns)
        if self.market.own.changes:
            self.leave_out_own(1 - side)
        cells[:TERMS_END] = terms.cells
        worst = worst_price_1e9 or 0
        slack = 1 if leg_slack else 0
        made = sweep(self.market.view, self.arena, side, qty_1e8, worst, slack)
        minimums = made == NEEDS_MINIMUMS
        if minimums:
            made = self._with_minimums(side, qty_1e8, worst, slack)
        self.number += 1
        out = cells[OUT : OUT + OUT_HEAD + LEG_WIDTH * made].tolist()
        unplaced = qty_1e8 - out[0]
        reason = PLACED
        if unplaced:
            reason = self._unplaced_reason(side, qty_1e8, worst, terms, minimums)
        cost = out[1] * 1e-9 if terms.mid_x2 else None
        return SplitPlan(read_legs(out), out[0], unplaced, reason, cost, terms.mid_x2, self.number)

    def plan_single(
        self,
        side: int,
        qty_1e8: int,
        worst_price_1e9: int | None,
        terms: RoutingTerms,
        *,
        leg_slack: bool = True,
    ) -> SplitPlan:
        """All of `qty_1e8` on the one cheapest venue that can fill it at once (for FOK).

        Without such a venue the plan is empty, with FOK_NOT_SINGLE_VENUE.
        """
        active = terms.active.tolist()
        best, best_key = -1, 0.0
        for v in range(self.venues):
            if active[v]:
                self._only(terms, v)
                plan = self.plan(side, qty_1e8, worst_price_1e9, terms, leg_slack=leg_slack)
                if not plan.unplaced_qty_1e8:
                    key = self._landed_sum(side, v) / qty_1e8 + terms.constants[v]
                    if best < 0 or key < best_key:
                        best, best_key = v, key
        self._only(terms, best)
        plan = self.plan(side, qty_1e8, worst_price_1e9, terms, leg_slack=leg_slack)
        for v in range(self.venues):
            terms.active[v] = active[v]
        if best < 0:
            plan = msgspec.structs.replace(plan, reason=Reason.FOK_NOT_SINGLE_VENUE)
        return plan

    def _only(self, terms: RoutingTerms, chosen: int) -> None:
        for v in range(self.venues):
            terms.active[v] = v == chosen

    def _with_minimums(self, side: int, qty: int, worst: int, slack: int) -> int:
        """Lots or minimums were not met: search venue subsets (rare, slower)."""
        scratch = self.scratch
        if scratch is None:
            scratch = self.scratch = Scratch()
        return place_with_minimums(self.market.view, self.arena, scratch, side, qty, worst, slack)

    def _landed_sum(self, side: int, v: int) -> float:
        """Sum of key x quantity of a venue's take without its constant."""
        cells = self.cells
        rate = cells[(landed.RATE_SELL if side else landed.RATE_BUY) + v]
        cost = cells[landed.COST_HIGH + v] << 62 | cells[landed.COST_LOW + v]
        shapes = cells[landed.SHAPE_SUM + v] * cells[landed.SHAPE_RATE + v]
        return cost * ((1 - 2 * side) + rate * 1e-9) + shapes * 0.1

    def _unplaced_reason(
        self, side: int, qty: int, worst: int, terms: RoutingTerms, minimums: bool
    ) -> Reason:
        """Why not all was placed: no venue allowed, no levels, levels past the worst price."""
        if not any(terms.active):
            if terms.pinned is not None and all(x.venue != terms.pinned for x in self.listings):
                return Reason.BAD_VENUE
            for reason in terms.reasons:
                if reason not in (Reason.NONE, Reason.PINNED_ELSEWHERE):
                    return reason
            return Reason.NO_LIQUIDITY
        bound = worst or (0 if side else INT64_MAX)
        if minimums and self._visible(side, bound, terms) >= qty:
            return Reason.BELOW_MINIMUM
        for v in range(self.venues):
            if terms.active[v]:
                last = self._last_level(v, 1 - side)
                if last and (last[0] < bound if side else last[0] > bound):
                    return Reason.BEYOND_LIMIT
        return Reason.NO_LIQUIDITY

    def _visible(self, side: int, bound: int, terms: RoutingTerms) -> int:
        """Quantity of the allowed venues inside the worst price."""
        return sum(
            qty
            for v in range(self.venues)
            if terms.active[v]
            for price, qty in self._levels(v, 1 - side)
            if (price >= bound if side else price <= bound)
        )

    def _levels(self, v: int, taken: int) -> list[tuple[int, int]]:
        """Levels of others, best first."""
        levels = self.market.levels(v, taken, self.market.depth)
        return self.market.own.left(v, taken, levels)

    def _last_level(self, v: int, taken: int) -> tuple[int, int] | None:
        """The worst level of others."""
        if not self.market.own.resting[taken]:
            return self.market.last_level(v, taken)
        levels = self._levels(v, taken)
        return levels[-1] if levels else None


def read_legs(out: list[int]) -> tuple[Leg, ...]:
    """Legs from the kernel's output cells (see `engine/kernels/legs.py`)."""
    cells = iter(out[OUT_HEAD:])
    return tuple(
        [
            Leg(venue, qty, limit, worst, high << 62 | low)
            for venue, qty, limit, worst, high, low in zip(*[cells] * LEG_WIDTH, strict=True)
        ]
    )
