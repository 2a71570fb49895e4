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
from engine.kernels.landed import ACTIVE, CONSTANT, LEG_WIDTH, OUT, OWN_MAX, SLOPE, VENUES_MAX
from engine.kernels.minimums import Scratch, place_with_minimums
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from engine.model.instruments import InstrumentType, Listing
from engine.model.units import PRICE_SCALE

__all__ = ["Leg", "SplitPlan", "Splitter", "read_legs"]

FEE_UNIT: Final = 1_000


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

    `own` orders (see `set_own_orders`) are left out of the books. At most `VENUES_MAX` venues.
    """

    __slots__ = (
        "arena",
        "cells",
        "event",
        "last",
        "listings",
        "market",

        "scratch",
        "takes",
        "venues",
    )

    def __init__(self, market: MarketBlock) -> None:
        self.market = market
        self.listings = market.listings
        self.venues = len(market.listings)
        self.event = market.instrument.type is InstrumentType.PREDICTION
        assert self.venues <= VENUES_MAX, "a market has at most 32 venues"
        depth = market.block.shape[2]
        self.arena = np.zeros(landed.arena_size(self.venues, depth), np.int64)
        self.cells = memoryview(self.arena).cast("B").cast("q")
        self.scratch: Scratch | None = None
        self.takes = TakesInFlight(market, self.cells)
        self.last = Asked()
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
        cells, count = self.cells, self.venues
        if self.takes.takes:
            self.takes.expire(terms.now_ns)
        cells[ACTIVE : ACTIVE + count] = memoryview(terms.active)
        cells[CONSTANT : CONSTANT + count] = memoryview(terms.constants)
        if terms.slopes_used or self.last.slopes_used:
            cells[SLOPE : SLOPE + count] = memoryview(terms.slopes)
        worst = worst_price_1e9 or 0
        view, arena = self.market.view, self.arena
        slack = 1 if leg_slack else 0
        made = sweep(view, arena, side, qty_1e8, worst, slack)
        minimums = made == NEEDS_MINIMUMS
        if minimums:
            made = self._with_minimums(side, qty_1e8, worst, slack)
        last = self.last
        last.number += 1
        last.side, last.qty_1e8, last.worst, last.leg_slack = side, qty_1e8, worst, leg_slack
        last.slopes_used = terms.slopes_used
        out = cells[OUT : OUT + 1 + LEG_WIDTH * made].tolist()
        legs = read_legs(out)
        unplaced = qty_1e8 - out[0]
        reason = self._unplaced_reason(side, qty_1e8, terms, minimums) if unplaced else Reason.NONE
        mid_x2 = terms.mid_x2
        cost = self._cost_bps(side, out, mid_x2) if mid_x2 and made else None
        return SplitPlan(legs, out[0], unplaced, reason, cost, mid_x2, last.number)

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
        best: SplitPlan | None = None
        best_key = (0.0, 0)
        active = terms.active[:]
        for v in range(self.venues):
            if not active[v]:
                continue
            for other in range(self.venues):
                terms.active[other] = other == v
            plan = self.plan(side, qty_1e8, worst_price_1e9, terms, leg_slack=leg_slack)
            if plan.unplaced_qty_1e8 or len(plan.legs) != 1:
                continue
            key = (self._landed_sum(side, v) / qty_1e8 + terms.constants[v], v)
            if best is None or key < best_key:
                best, best_key = plan, key
        terms.active[:] = active
        if best is None:
            number = self.last.number
            reason = Reason.FOK_NOT_SINGLE_VENUE
            return SplitPlan((), 0, qty_1e8, reason, None, terms.mid_x2, number)
        chosen = best.legs[0].venue_index
        for other in range(self.venues):
            terms.active[other] = other == chosen
        plan = self.plan(side, qty_1e8, worst_price_1e9, terms, leg_slack=leg_slack)
        terms.active[:] = active
        return plan

    def _with_minimums(self, side: int, qty: int, worst: int, slack: int) -> int:
        """Lots or minimums were not met: search venue subsets (rare, slower)."""
        scratch = self.scratch
        if scratch is None:
            scratch = self.scratch = Scratch()
        return place_with_minimums(self.market.view, self.arena, scratch, side, qty, worst, slack)

    def _cost_bps(self, side: int, out: list[int], mid_x2: int) -> float:
        """Average price and fee of the legs against the mid, in bps (events: of the payoff)."""
        total = 0.0
        for cell in range(1, len(out), LEG_WIDTH):
            total += self._landed_sum(side, out[cell], out[cell + 4], out[cell + 5], out[cell + 6])
        return self.key_bps(side, total / out[0], mid_x2)

    def key_bps(self, side: int, key: float, mid_x2: int) -> float:
        """An average key against the mid: bps of the mid (events: bps of the 1 USD payoff)."""
        mid = mid_x2 * 0.5
        over = key + mid if side else key - mid
        return 1e4 * over / (PRICE_SCALE if self.event else mid)

    def _landed_sum(
        self, side: int, v: int, high: int = -1, low: int = 0, shapes: int = 0
    ) -> float:
        """Sum of key x quantity of a venue's take without its constant (1e-17 money)."""
        cells = self.cells
        if high < 0:
            high, low = cells[landed.COST_HIGH + v], cells[landed.COST_LOW + v]
            shapes = cells[landed.SHAPE_SUM + v]
        rate = cells[(landed.RATE_SELL if side else landed.RATE_BUY) + v]
        factor = (1 - 2 * side) + rate * 1e-9
        total = (high * COST_BASE + low) * factor
        return total + shapes * cells[landed.SHAPE_RATE + v] * 0.1 if shapes else total

    def _unplaced_reason(
        self, side: int, qty: int, terms: RoutingTerms, minimums: bool
    ) -> Reason:
        """Why not all was placed: no venue allowed, no levels, levels past the worst price."""
        if not any(terms.active):
            if terms.pinned is not None and all(x.venue != terms.pinned for x in self.listings):
                return Reason.BAD_VENUE
            for reason in terms.reasons:
                if reason not in (Reason.NONE, Reason.PINNED_ELSEWHERE):
                    return reason
            return Reason.NO_LIQUIDITY
        visible = beyond = 0
        worst = self.last.worst or (0 if side else INT64_MAX)
        for v in range(self.venues):
            if terms.active[v]:
                for price, level_qty in self.market.levels(v, 1 - side, REASON_LEVELS_MAX):
                    inside = price >= worst if side else price <= worst
                    visible += level_qty if inside else 0
                    beyond += not inside
        if minimums and visible >= qty:
            return Reason.BELOW_MINIMUM
        return Reason.BEYOND_LIMIT if beyond else Reason.NO_LIQUIDITY


class Asked:
    """What the last plan was asked, for its decision record."""

    __slots__ = ("leg_slack", "number", "qty_1e8", "side", "slopes_used", "worst")

    def __init__(self) -> None:
        self.number = 0
        self.side = 0
        self.qty_1e8 = 0
        self.worst = 0
        self.leg_slack = True
        self.slopes_used = False


COST_BASE: Final = 2**62
REASON_LEVELS_MAX: Final = 8_192


def read_legs(out: list[int]) -> tuple[Leg, ...]:
    """Legs from the kernel's output cells (see `engine/kernels/legs.py`)."""
    if len(out) == 1 + LEG_WIDTH:
        _, v, qty, limit, worst, high, low, _ = out
        return (Leg(v, qty, limit, worst, high << 62 | low),)
    return tuple(
        [
            Leg(out[i], out[i + 1], out[i + 2], out[i + 3], out[i + 4] << 62 | out[i + 5])
            for i in range(1, len(out), LEG_WIDTH)
        ]
    )
