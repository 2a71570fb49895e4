"""The walk that the router would make now, without an order: for preview, routing and slippage.

The router's own code plans: its cost formula, its splitter, its takes in flight, its collar. Only
the working memory is another, so that nothing of a dry walk is left behind in the router.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actors.router import RouterActor
from engine.decisions.cost_model import CostModel, RoutingVersion, Urgency
from engine.decisions.market import MarketBlock
from engine.decisions.node_plan import NodeIdentity, node_worst_price
from engine.decisions.split import Leg, SplitPlan, Splitter
from engine.errors import Reason
from engine.kernels.landed import OUT, OWN, RATE, RATE_BUY
from engine.model.fees import fee_1e9, fee_bps_at
from engine.model.graph import Node
from engine.model.instruments import Environment, Listing
from engine.model.mirror import PAYOFF_1E9, mirror_price
from engine.model.units import (
    QTY_SCALE,
    Side,
    average_price_1e9,
    divide_half_even,
)
from engine.service.quotes.walk_views import Candidate, LegView

__all__ = ["DryRouter", "Walk", "collar_price", "mirror"]

DRY = "dry"
NS_PER_MS = 1_000_000


class Walk(msgspec.Struct, frozen=True, gc=False):
    """One dry plan as the asker's outcome sees it: `mid_x2` and prices are mirrored for NO.

    `fees_1e9` stands beside `plan.legs`; `candidates` are all the market's venues.
    """

    side: Side
    qty_1e8: int
    plan: SplitPlan
    fees_1e9: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    listings: tuple[Listing, ...]

    @property
    def price_times_qty(self) -> int:
        """Exact sum of price x quantity over the legs."""
        return sum(leg.price_times_qty for leg in self.plan.legs)

    @property
    def notional_1e9(self) -> int:
        """Money of the planned quantity."""
        return divide_half_even(self.price_times_qty, QTY_SCALE)

    @property
    def fee_1e9(self) -> int:
        """Taker fees of all legs, each as one fill at its average price."""
        return sum(self.fees_1e9)

    @property
    def avg_price_1e9(self) -> int | None:
        """Average price, None where nothing could be planned."""
        planned = self.plan.planned_qty_1e8
        return average_price_1e9(self.price_times_qty, planned) if planned else None

    @property
    def slippage_1e9(self) -> int | None:
        """What the prices cost beyond the mid, in money; negative is a gain."""
        if self.plan.mid_x2 is None:
            return None
        return divide_half_even(self._over_mid_x2, 2 * QTY_SCALE)

    @property
    def slippage_bps(self) -> float | None:
        """The same in bps of the mid."""
        at_mid = (self.plan.mid_x2 or 0) * self.plan.planned_qty_1e8
        return self._over_mid_x2 * 10_000 / at_mid if at_mid else None

    @property
    def fee_bps(self) -> float | None:
        """Fees in bps of the mid."""
        at_mid = (self.plan.mid_x2 or 0) * self.plan.planned_qty_1e8
        return self.fee_1e9 * 2 * QTY_SCALE * 10_000 / at_mid if at_mid else None

    @property
    def legs(self) -> list[LegView]:
        """The legs as they are shown."""
        return [self._leg(leg, fee) for leg, fee in zip(self.plan.legs, self.fees_1e9, strict=True)]

    @property
    def _over_mid_x2(self) -> int:
        """Twice what the legs pay beyond the mid, in 1e-9 x 1e-8."""
        at_mid = (self.plan.mid_x2 or 0) * self.plan.planned_qty_1e8
        return self.side.sign * (2 * self.price_times_qty - at_mid)

    def _leg(self, leg: Leg, fee: int) -> LegView:
        money = divide_half_even(leg.price_times_qty, QTY_SCALE)
        return LegView(
            venue=self.listings[leg.venue_index].venue,
            qty=leg.qty_1e8 / QTY_SCALE,
            qty_1e8=leg.qty_1e8,
            share=leg.qty_1e8 / self.plan.planned_qty_1e8,
            avg_price_1e9=average_price_1e9(leg.price_times_qty, leg.qty_1e8),
            worst_price_1e9=leg.worst_planned_1e9,
            limit_price_1e9=leg.limit_price_1e9,
            notional_1e9=money,
            fee_1e9=fee,
            fee_bps=fee * 10_000 / money if money else None,
        )


class DryRouter:
    """Plans on `market` as `router` would; `market` is the router's own, or a snapshot of it.

    On a snapshot there is no silence to judge by, so freshness neither costs nor excludes.
    """

    __slots__ = ("_costs", "_live", "_slack", "_splitter", "market")

    def __init__(self, router: RouterActor, market: MarketBlock | None = None) -> None:
        live = router.costs
        self.market = router.market if market is None else market
        fresh = live.fresh_only and market is None
        self._costs = CostModel(self.market, live.observations, live.coefficients, fresh_only=fresh)
        self._splitter = Splitter(self.market)
        # The splitter and what it has in flight outlive a restart of the router actor.
        self._live = router.splitter
        self._slack = router.leg_slack

    def walk(
        self,
        side: Side,
        qty_1e8: int,
        worst_1e9: int | None,
        now_ns: int,
        *,
        urgency: int = Urgency.MEDIUM,
        pinned: str | None = None,
    ) -> Walk:
        """One plan by routing version 1, takes in flight left out as the router leaves them."""
        live, own = self._live, self._splitter
        live.takes.expire(now_ns)
        own.arena[RATE_BUY:RATE] = live.arena[RATE_BUY:RATE]
        own.arena[OWN:OUT] = live.arena[OWN:OUT]
        terms = self._costs.terms(int(side), now_ns, urgency, RoutingVersion.V1, pinned)
        plan = own.plan(int(side), qty_1e8, worst_1e9, terms, leg_slack=self._slack)
        candidates = self._candidates(terms.reasons, plan)
        fees = tuple(self._fee(leg) for leg in plan.legs)
        return Walk(side, qty_1e8, plan, fees, candidates, self.market.listings)

    def _fee(self, leg: Leg) -> int:
        schedule = self.market.listings[leg.venue_index].fees
        assert schedule is not None, "a venue of unknown fee is not routed to"
        price = average_price_1e9(leg.price_times_qty, leg.qty_1e8)
        return fee_1e9(schedule, price, leg.qty_1e8, maker=False)

    def _candidates(self, reasons: Sequence[Reason], plan: SplitPlan) -> tuple[Candidate, ...]:
        taken = {leg.venue_index: leg.qty_1e8 for leg in plan.legs}
        mid_1e9 = (plan.mid_x2 or 0) // 2
        made = []
        for listing, reason in zip(self.market.listings, reasons, strict=True):
            v, fees = listing.venue_index, listing.fees
            eligible = reason is Reason.NONE
            latency_ns = self._costs.observations.latency_ns[v]
            made.append(
                Candidate(
                    venue=listing.venue,
                    eligible=eligible,
                    reason=None if eligible else reason.value,
                    taker_fee_bps=None
                    if fees is None or not mid_1e9
                    else fee_bps_at(fees, mid_1e9),
                    latency_ms=latency_ns / NS_PER_MS,
                    planned_qty_1e8=taken.get(v, 0),
                )
            )
        return tuple(made)


def collar_price(node: Node, side: Side, market: MarketBlock, collar_bps: int | None) -> int | None:
    """The worst price that a node of these terms would start with now."""
    identity = NodeIdentity(DRY, Environment.SANDBOX, DRY, 0, node, 0, side, 0, 0, None)
    return node_worst_price(identity, market, market.mid_x2(), collar_bps)


def mirror(walk: Walk) -> Walk:
    """The same walk told of the other outcome: who sells one at p buys the other at 1 - p."""
    plan = walk.plan
    legs = tuple(
        Leg(
            leg.venue_index,
            leg.qty_1e8,
            mirror_price(leg.limit_price_1e9),
            mirror_price(leg.worst_planned_1e9),
            PAYOFF_1E9 * leg.qty_1e8 - leg.price_times_qty,
        )
        for leg in plan.legs
    )
    mid_x2 = None if plan.mid_x2 is None else 2 * PAYOFF_1E9 - plan.mid_x2
    told = msgspec.structs.replace(plan, legs=legs, mid_x2=mid_x2)
    # A fee is the same money on both sides, and other bps of the other price.
    unit = plan.mid_x2 / mid_x2 if plan.mid_x2 and mid_x2 else 1.0
    candidates = tuple(
        one
        if one.taker_fee_bps is None
        else msgspec.structs.replace(one, taker_fee_bps=one.taker_fee_bps * unit)
        for one in walk.candidates
    )
    return msgspec.structs.replace(walk, plan=told, side=walk.side.opposite, candidates=candidates)
