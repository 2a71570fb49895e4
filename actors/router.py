"""The router actor: splits approved quantity over the venues of one instrument and sends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.decisions.cost_model import CostModel, RoutingTerms
from engine.decisions.decision_record import DecisionRecorder
from engine.decisions.fills import decision_marks
from engine.decisions.leg_costs import LegCosts
from engine.decisions.market_facts import others_tops
from engine.decisions.places import PostChoice
from engine.decisions.post_record import PostRecorder
from engine.decisions.posts import Posts, asked_price_1e9
from engine.decisions.split import SplitPlan, Splitter
from engine.decisions.watches import Watches
from engine.errors import Reason
from engine.messages import (
    ApprovedOrder,
    ApprovedRoute,
    BarVenue,
    ChildrenPlanned,
    ChildReport,
    LiquidityAppeared,
    Record,
    RestingChanged,
    TakeSettled,
    TouchReached,
    UnwatchLiquidity,
    WatchLiquidity,
)
from engine.model.instruments import Listing
from engine.model.orders import (
    ChildOrder,
    Grant,
    OrderReport,
    ReportKind,
    RouteIntent,
    TimeInForce,
    client_order_id,
)
from engine.model.records import ChildIntent, ChildrenIntended, DecisionRecord, PostRecord
from engine.model.units import Side
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["RouterActor"]

AVAILABLE_LEVELS = 32
# Looking an enum member up by its class costs a tenth of a microsecond each time.
FOK: Final = TimeInForce.FOK
IOC: Final = TimeInForce.IOC
GTC: Final = TimeInForce.GTC


class RouterActor(
    Actor[
        ApprovedRoute
        | TakeSettled
        | RestingChanged
        | TouchReached
        | WatchLiquidity
        | UnwatchLiquidity
        | BarVenue
    ]
):
    """One an instrument, so that two nodes sweeping the same book see each other's takes.

    What rests of any node is left out of the books (`MarketBlock.own`) from the moment it is sent
    until its end is proven: nobody is to trade with this engine's own orders.

    `trades` stand in the order of the market's listings. Decisions and then intents go to the
    journal before the orders go to the venues.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 4_096
    # After a restart every node tells what rests of it, as it asked for its liquidity before.
    mailbox_hard_capacity = 131_072

    def __init__(
        self,
        engine_number: int,
        splitter: Splitter,
        costs: CostModel,
        watches: Watches,
        journal: ActorRef,
        trades: Sequence[ActorRef],
        leg_slack: bool,
    ) -> None:
        self.engine_number = engine_number
        self.splitter = splitter
        self.recorder = DecisionRecorder(splitter)
        self.market = splitter.market
        self.costs = costs
        self.leg_costs = LegCosts(costs)
        self.watches = watches
        self.journal = journal
        self.leg_slack = leg_slack
        self.trades = trades
        self.posts = Posts(splitter.market)
        self.post_recorder = PostRecorder(splitter.market, self.posts)
        self.decisions = 0

    @handles(ApprovedRoute)
    def on_route(self, route: ApprovedRoute) -> None:
        grant = route.grant
        intent = grant.intent
        if intent.post_venues:
            self.on_post(grant)
            return
        # A plain integer: an enum costs the kernel's dispatcher 45 us a call.
        splitter, side = self.splitter, int(intent.side)
        version = intent.routing_version
        in_flight = splitter.takes.in_flight(side) if version > 1 else None
        terms = self.terms_of(intent, in_flight)
        make_plan = splitter.plan_single if intent.tif is FOK else splitter.plan
        plan = make_plan(
            side, intent.qty_1e8, grant.worst_price_1e9, terms, leg_slack=self.leg_slack
        )
        self.decisions += 1
        record = self.recorder.record(plan, terms, self.decisions, intent.attempt)
        children, intended = self.children_of(grant, plan)
        self.record(intent, record)
        reason, unplaced = plan.reason, plan.unplaced_qty_1e8
        if intent.rest and unplaced:
            resting = self.resting_child(grant, terms, unplaced, len(children))
            if resting is not None:
                children.append(resting)
                intended.append(intent_of(resting))
                unplaced -= resting.qty_1e8
                reason = Reason.NONE
            elif not children and self.posts.too_small(intent):
                # Neither now nor later: waiting for a better market would not make it larger.
                reason = Reason.BELOW_MINIMUM
        self.send(grant, children, intended, unplaced, reason)

    def on_post(self, grant: Grant) -> None:
        """Rest all of it post-only at the wished price, on the venues of best passive value."""
        intent = grant.intent
        terms = self.terms_of(intent, None)
        choice = self.posts.choose(intent, grant.worst_price_1e9, terms.reasons)
        price = asked_price_1e9(intent, grant.worst_price_1e9)
        self.record_post(intent, (intent.qty_1e8, price, intent.post_venues), terms, choice)
        children = [
            self.child_of(grant, index, self.market.listings[venue], qty, price, post_only=True)
            for index, (venue, qty, price) in enumerate(choice.places)
        ]
        intended = [intent_of(child) for child in children]
        self.send(grant, children, intended, choice.unplaced_qty_1e8, choice.reason)

    def terms_of(self, intent: RouteIntent, in_flight: list[int] | None) -> RoutingTerms:
        """What each venue costs now; those that refuse the node for good are barred for it."""
        seen = self.costs.observations
        barred = [
            index
            for index, listing in enumerate(self.market.listings)
            if listing.venue in intent.avoid and not seen.barred[index]
        ]
        for index in barred:
            seen.set_barred(index, True)
        terms = self.costs.terms(
            int(intent.side),
            self.ctx.now_ns,
            intent.urgency,
            intent.routing_version,
            intent.venue,
            in_flight,
        )
        for index in barred:
            seen.set_barred(index, False)
        return terms

    def send(
        self,
        grant: Grant,
        children: list[ChildOrder],
        intended: list[ChildIntent],
        unplaced: int,
        reason: Reason,
    ) -> None:
        """Intents to the journal, then orders to the venues, then the plan to its node."""
        intent = grant.intent
        if children:
            told = ChildrenIntended(intent.attempt, grant.grant_id, tuple(intended))
            self.record(intent, told)
            trades = self.trades
            for child in children:
                if not trades[child.listing.venue_index].tell(ApprovedOrder(child, grant)):
                    self.no_room(child)
                elif child.tif is GTC:
                    self.rests(child)
        planned = ChildrenPlanned(
            intent.attempt,
            grant.grant_id,
            tuple(children),
            unplaced,
            reason,
            *decision_marks(self.market, intent.side),
            self.decisions,
        )
        self.ctx.tell(intent.owner_id, planned)

    @handles(TakeSettled)
    def on_settled(self, settled: TakeSettled) -> None:
        now_ns = self.ctx.now_ns
        filled = settled.filled_qty_1e8
        self.splitter.takes.settle(settled.client_order_id, filled, settled.exchange_ns, now_ns)
        seen = self.costs.observations
        hit = filled >= settled.qty_1e8
        mid_x2 = self.market.mid_x2()
        seen.observe_take(settled.venue_index, settled.side, filled, hit, now_ns, mid_x2)
        self.leg_costs.settle(settled.client_order_id, filled, settled.price_times_qty)
        if settled.answer_ns:
            seen.observe_latency(settled.venue_index, settled.answer_ns // 2)

    @handles(RestingChanged)
    def on_resting(self, told: RestingChanged) -> None:
        name, left = told.client_order_id, told.open_qty_1e8
        self.market.own.put(name, told.venue_index, told.side, told.price_1e9, left)

    @handles(TouchReached)
    def on_touch(self, touch: TouchReached) -> None:
        side = touch.side
        price = self.best_of_others(1 - side)
        if price is None:
            return
        for owner_id in self.watches.reached(side, price):
            self.ctx.tell(owner_id, LiquidityAppeared(price))

    @handles(WatchLiquidity)
    def on_watch(self, watch: WatchLiquidity) -> None:
        price = self.available_price(watch.side, watch.price_1e9)
        if price is not None:
            self.ctx.tell(watch.owner_id, LiquidityAppeared(price))
        else:
            # Without room the node still ends by its horizon; it only sweeps no second time.
            self.watches.arm(watch.owner_id, watch.side, watch.price_1e9)

    @handles(BarVenue)
    def on_bar(self, bar: BarVenue) -> None:
        for index, listing in enumerate(self.market.listings):
            if listing.venue == bar.venue:
                self.costs.observations.set_barred(index, bar.barred)

    @handles(UnwatchLiquidity)
    def on_unwatch(self, message: UnwatchLiquidity) -> None:
        self.watches.disarm(message.owner_id)

    def children_of(
        self, grant: Grant, plan: SplitPlan
    ) -> tuple[list[ChildOrder], list[ChildIntent]]:
        """One immediate child a leg, and its record; each is a take in flight from now on."""
        intent = grant.intent
        side, owner_id, grant_id = intent.side, intent.owner_id, grant.grant_id
        reduce = intent.reduce_only
        tif = FOK if intent.tif is FOK else IOC
        listings, add_take = self.market.listings, self.splitter.takes.add
        plan_leg, terms = self.leg_costs.plan, self.costs.terms_made
        now_ns = self.ctx.now_ns
        legs = plan.legs
        children: list[ChildOrder] = []
        intended: list[ChildIntent] = []
        prefix = self.engine_number, intent.graph_number, intent.node_index, intent.attempt
        # The longest name is checked; the others differ in their last number only.
        stem = client_order_id(*prefix, len(legs)).rpartition("-")[0]
        for index, leg in enumerate(legs):
            name = f"{stem}-{index}"
            venue, qty, limit = leg.venue_index, leg.qty_1e8, leg.limit_price_1e9
            listing = listings[venue]
            add_take(name, venue, side, qty, now_ns)
            plan_leg(name, venue, qty, leg.price_times_qty, terms)
            children.append(
                ChildOrder(
                    name, grant_id, owner_id, index, listing, side, qty, limit, tif, False, reduce
                )
            )
            intended.append(ChildIntent(name, listing.venue, side, qty, limit, tif))
        return children, intended

    def resting_child(
        self, grant: Grant, terms: RoutingTerms, qty_1e8: int, index: int
    ) -> ChildOrder | None:
        """The rest of a limit order at its worst price, on the venue of best passive value."""
        # A slippage cap may be tighter than the limit.
        limit = grant.worst_price_1e9
        assert limit is not None, "only a limit order rests"
        wish = grant.intent
        choice = self.posts.rest(wish.side, qty_1e8, limit, terms.reasons)
        self.record_post(wish, (qty_1e8, limit, 0), terms, choice)
        if not choice.places:
            return None
        venue, qty, price = choice.places[0]
        return self.child_of(grant, index, self.market.listings[venue], qty, price)

    def child_of(
        self,
        grant: Grant,
        index: int,
        listing: Listing,
        qty_1e8: int,
        price_1e9: int,
        *,
        post_only: bool = False,
    ) -> ChildOrder:
        """A resting child."""
        intent = grant.intent
        prefix = intent.graph_number, intent.node_index, intent.attempt
        return ChildOrder(
            client_order_id(self.engine_number, *prefix, index),
            grant.grant_id,
            intent.owner_id,
            index,
            listing,
            intent.side,
            qty_1e8,
            price_1e9,
            TimeInForce.GTC,
            post_only,
            intent.reduce_only,
        )

    def available_price(self, side: Side, worst_1e9: int | None) -> int | None:
        """The touch, if a usable venue shows size inside `worst_1e9` beyond what is in flight."""
        market = self.market
        takes = self.splitter.takes
        takes.expire(self.ctx.now_ns)
        in_flight = takes.in_flight(side)
        for v in range(len(market.listings)):
            if not market.usable(v):
                continue
            free = -in_flight[v]
            levels = market.levels(v, 1 - side, AVAILABLE_LEVELS)
            for price, qty in market.own.left(v, 1 - side, levels):
                if worst_1e9 is not None and (price - worst_1e9) * side.sign > 0:
                    break
                free += qty
            if free > 0:
                return self.best_of_others(1 - side)
        return None

    def best_of_others(self, taken: Side | int) -> int | None:
        """Best price of a side over usable books, without what is our own."""
        market = self.market
        if not market.own.resting[taken]:
            return market.best(taken)
        tops = others_tops(market, taken, range(len(market.listings)))
        best = min if taken else max
        return best((price for price, _ in tops), default=None)

    def rests(self, child: ChildOrder) -> None:
        """On its way to a book: from now on it is our own there."""
        venue, price = child.listing.venue_index, child.limit_price_1e9
        self.market.own.put(child.client_order_id, venue, child.side, price, child.qty_1e8)

    def no_room(self, child: ChildOrder) -> None:
        """A venue's trade actor refused: the order never left, which is proof for its owner."""
        report = OrderReport(
            ReportKind.REJECTED,
            child.client_order_id,
            child.listing.venue,
            recv_ns=self.ctx.now_ns,
            cum_qty_1e8=0,
            code=Reason.ENGINE_BUSY.value,
            text=f"the order session of {child.listing.venue} has no room; try again",
        )
        self.ctx.tell(child.owner_id, ChildReport(report))

    def record_post(
        self,
        intent: RouteIntent,
        asked: tuple[int, int, int],
        terms: RoutingTerms,
        choice: PostChoice,
    ) -> None:
        """Where it is to rest, and what that was decided on, to the journal."""
        self.decisions += 1
        make = self.post_recorder.record
        self.record(intent, make(intent, asked, terms.reasons, choice, self.decisions))

    def record(
        self, intent: RouteIntent, payload: ChildrenIntended | DecisionRecord | PostRecord
    ) -> None:
        self.journal.tell(
            Record(intent.client_id, intent.environment, intent.graph_id, intent.node_id, payload)
        )


def intent_of(child: ChildOrder) -> ChildIntent:
    """What the journal knows of a child before it leaves."""
    return ChildIntent(
        child.client_order_id,
        child.listing.venue,
        child.side,
        child.qty_1e8,
        child.limit_price_1e9,
        child.tif,
    )
