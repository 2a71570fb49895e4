"""A simulated node that drives one policy through a random market and checks what it asks for.

It keeps the rules of the node actor: one attempt out, facts first and then the policy, timers and
watches gone after a pause. Every check is an assertion in `act`; the log of actions is kept for
comparing runs.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    Policy,
    PolicyView,
    Post,
    Rebase,
    Route,
    Stop,
    Wake,
    Watch,
)
from engine.errors import Reason
from engine.model.orders import TimeInForce
from engine.model.units import Side
from tests.support.policy_views import LOT, MS, TICK, StatedMarket

MOVE_NS = 100 * MS
LATENCY_MS_MAX = 300
EVENTS_MAX = 20_000
ODD_REASONS = (Reason.NO_LIQUIDITY, Reason.STALE_VENUE, Reason.ENGINE_BUSY, Reason.BEYOND_LIMIT)


class Chances(msgspec.Struct, frozen=True, kw_only=True):
    """What may happen to a driven policy."""

    pause: float = 0.0
    reload: float = 0.0
    grow: float = 0.0
    refuse: float = 0.15
    crossed: float = 0.05
    gap: float = 0.03
    collar_bps: int = 100


class RestingOrder:
    """One resting child of the simulated node."""

    def __init__(self, qty_1e8: int, price_1e9: int) -> None:
        self.open_1e8 = qty_1e8
        self.price_1e9 = price_1e9
        self.cancelling = False


class PolicyDriver:
    """Runs one policy until it ends; `ended_ns` and `reason` say how."""

    def __init__(
        self,
        make: Callable[[], Policy],
        *,
        seed: int,
        side: Side,
        target: int,
        limit_1e9: int | None = None,
        chances: Chances | None = None,
        event: bool = False,
    ) -> None:
        self.make, self.policy = make, make()
        self.random = random.Random(seed)
        # Reloading draws from a generator of its own, so that it leaves the story as it is.
        self.reload_random = random.Random(seed)
        self.side, self.target, self.limit_1e9 = side, target, limit_1e9
        self.chances = chances or Chances()
        self.market = StatedMarket(event=event)
        if event:
            self.market.bid, self.market.ask = 50 * TICK, 53 * TICK
        self.now_ns = 0
        self.filled = 0
        self.routing: Route | Post | None = None
        self.orders: list[RestingOrder] = []
        self.attempt_reason = Reason.NONE
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.count = 0
        self.token = 0
        self.watching = False
        self.paused = False
        self.resuming = False
        self.grown = False
        self.paused_ns = 0
        self.stopping: Reason | None = None
        self.ended_ns: int | None = None
        self.log: list[tuple[int, Action]] = []
        # With `forward_only` a post may not stand behind what rested before.
        self.forward_only = False
        self.rested_1e9: int | None = None
        self.cap_1e9: int | None = None
        self.rebase()

    # -- the run

    def run(self, until_ns: int) -> None:
        """Start, and go on until the policy has ended or the time is over."""
        self.after(MOVE_NS, self.move)
        self.act(self.policy.start(self.view()))
        self.decide()
        while self.ended_ns is None and self.queue and self.queue[0][0] <= until_ns:
            assert self.count < EVENTS_MAX, "it turns in circles"
            self.now_ns, _, task = heapq.heappop(self.queue)
            task()

    def after(self, delay_ns: int, task: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.queue, (self.now_ns + delay_ns, self.count, task))

    def latency_ns(self) -> int:
        return self.random.randint(1, LATENCY_MS_MAX) * MS

    def cancel(self) -> None:
        """The owner cancels."""
        if self.stopping is None and self.ended_ns is None:
            self.stop(Reason.CANCELLED)

    # -- the node's view

    @property
    def working(self) -> int:
        return sum(one.open_1e8 for one in self.orders if not one.cancelling)

    @property
    def open(self) -> int:
        return sum(one.open_1e8 for one in self.orders)

    @property
    def remaining(self) -> int:
        routing = self.routing.qty_1e8 if self.routing else 0
        return max(0, self.target - self.filled - self.open - routing)

    @property
    def in_flight(self) -> bool:
        return self.routing is not None or any(one.cancelling for one in self.orders)

    def view(self) -> PolicyView:
        prices = [one.price_1e9 for one in self.orders if not one.cancelling]
        pick = max if self.side is Side.BUY else min
        return PolicyView(
            self.now_ns,
            self.side,
            self.target,
            self.filled,
            self.remaining,
            self.working,
            pick(prices) if prices else None,
            self.in_flight,
            self.cap_1e9,
            self.limit_1e9,
            self.market,
        )

    def rebase(self) -> None:
        bid, ask = self.market.bid, self.market.ask
        if bid is None or ask is None:
            return
        slip = (bid + ask) // 2 * self.chances.collar_bps // 10_000 // TICK * TICK
        cap = (bid if self.side is Side.BUY else ask) + self.side.sign * slip
        if self.limit_1e9 is not None:
            cap = self.tamer(cap, self.limit_1e9)
        self.cap_1e9 = cap

    def tamer(self, a: int, b: int) -> int:
        return min(a, b) if self.side is Side.BUY else max(a, b)

    # -- what the policy asks for

    def act(self, actions: Sequence[Action]) -> None:
        sent = 0
        for action in actions:
            self.log.append((self.now_ns, action))
            assert self.stopping is None, f"{action} after the end"
            if isinstance(action, Route | Post):
                sent += 1
                assert sent == 1, "one attempt at a time"
                self.send(action)
            elif isinstance(action, Wake):
                self.token += 1
                assert action.at_ns >= self.now_ns, "a wake lies ahead"
                token = self.token
                self.after(action.at_ns - self.now_ns, partial(self.wake, token))
            elif isinstance(action, Watch):
                self.watching = True
            elif isinstance(action, CancelWorking):
                self.cancel_working()
            elif isinstance(action, Rebase):
                self.rebase()
            else:
                assert isinstance(action, Stop)
                self.stop(action.reason)
        if self.reload_random.random() < self.chances.reload:
            self.reload()

    def reload(self) -> None:
        state = self.policy.state()
        self.policy = self.make()
        self.policy.load(state)
        assert self.policy.state() == state, "a loaded policy equals the saved one"

    def send(self, action: Route | Post) -> None:
        assert not self.in_flight, "nothing is sent while an answer is awaited"
        assert 0 < action.qty_1e8 <= self.remaining, "only what is free is sent"
        far = self.market.touch(self.side.opposite)
        if isinstance(action, Route):
            if action.limit_1e9 is not None and self.cap_1e9 is not None:
                assert self.tamer(action.limit_1e9, self.cap_1e9) == action.limit_1e9, (
                    "past the cap"
                )
        else:
            price = action.price_1e9
            assert price % TICK == 0, "off the grid"
            assert 1 <= action.venues_max <= 2, "at most two venues"
            if self.cap_1e9 is not None:
                assert self.tamer(price, self.cap_1e9) == price, "past the cap"
            if far is not None:
                assert self.side.sign * (far - price) > 0, "a post is not marketable"
            if self.forward_only:
                self.check_forward(price, far)
        self.routing = action
        self.after(self.latency_ns(), self.answer)

    def check_forward(self, price: int, far: int | None) -> None:
        """Never behind what rested, save where that would be marketable or past the cap now."""
        floor = self.rested_1e9
        if floor is None or self.tamer(price, floor) == floor:
            return
        marketable = far is not None and self.side.sign * (far - floor) <= 0
        assert marketable, "a re-peg never goes backwards"
        assert far is not None, "marketable needs a far side"
        assert price == far - self.side.sign * TICK, "no further back than it must"

    def cancel_working(self) -> None:
        for one in self.orders:
            if not one.cancelling:
                one.cancelling = True
                self.after(self.latency_ns(), partial(self.pulled, one))

    def stop(self, reason: Reason) -> None:
        self.stopping = reason
        self.token += 1
        self.cancel_working()
        self.end_if_proven()

    # -- facts

    def answer(self) -> None:
        action, self.routing = self.routing, None
        assert action is not None
        self.attempt_reason = Reason.NONE
        if isinstance(action, Post):
            self.answer_post(action)
        else:
            self.answer_route(action)
        if self.stopping is not None:
            self.cancel_working()
        self.decide()

    def answer_post(self, post: Post) -> None:
        parts = [post.qty_1e8]
        if post.venues_max == 2 and post.qty_1e8 >= 2 * LOT:
            half = post.qty_1e8 // 2 // LOT * LOT
            parts = [half, post.qty_1e8 - half]
        far = self.market.touch(self.side.opposite)
        for part in parts:
            marketable = far is not None and self.side.sign * (far - post.price_1e9) <= 0
            if marketable or self.random.random() < self.chances.refuse:
                self.attempt_reason = Reason.POST_ONLY
            else:
                self.orders.append(RestingOrder(part, post.price_1e9))
                floor, price = self.rested_1e9, post.price_1e9
                if floor is None or self.tamer(price, floor) == floor:
                    self.rested_1e9 = price

    def answer_route(self, route: Route) -> None:
        worst = self.cap_1e9 if route.limit_1e9 is None else route.limit_1e9
        far = self.market.touch(self.side.opposite)
        inside = far is not None and (worst is None or self.tamer(far, worst) == far)
        share = self.random.choice((0, 0, 1, 2, 3, 4)) if inside else 0
        taken = route.qty_1e8 * share // 4
        if route.tif is TimeInForce.FOK and taken < route.qty_1e8:
            taken = 0
        self.filled += taken
        self.market.traded += taken
        rest = route.qty_1e8 - taken
        if rest and route.rest:
            assert worst is not None, "a rest needs a price"
            self.orders.append(RestingOrder(rest, worst))
        elif rest:
            self.attempt_reason = self.random.choice((Reason.NONE, *ODD_REASONS))

    def pulled(self, order: RestingOrder) -> None:
        if order in self.orders:
            self.orders.remove(order)
            self.decide()

    def wake(self, token: int) -> None:
        if token == self.token and self.stopping is None and not self.paused:
            self.act(self.policy.on_wake(self.view()))
            self.decide()

    # -- the world

    def move(self) -> None:
        """A tenth of a second of market: touch, prints, fills, and what chance brings."""
        self.after(MOVE_NS, self.move)
        market, rng, chances = self.market, self.random, self.chances
        bid = market.bid if market.bid is not None else market.ask
        bid = bid if bid is not None else 30 * TICK
        bid = max(2 * TICK, bid + rng.randint(-2, 2) * TICK)
        if market.event:
            bid = min(bid, 90 * TICK)
        market.bid, market.ask = bid, bid + rng.randint(1, 6) * TICK
        if rng.random() < chances.crossed:
            market.ask = market.bid - TICK
        if rng.random() < chances.gap:
            market.bid = None
        if rng.random() < chances.gap:
            market.ask = None
        market.far_qty = rng.randint(1, 50) * LOT
        market.usual_spread = rng.choice((None, TICK, 3 * TICK))
        market.traded += rng.randint(0, 20) * LOT
        self.fill_resting()
        if rng.random() < chances.pause and not self.paused:
            self.pause(rng.randint(1, 8_000) * MS)
        if rng.random() < chances.grow:
            self.target += rng.randint(1, 5) * LOT
            self.grown = True
        far = market.touch(self.side.opposite)
        if self.watching and far is not None and not self.paused and self.stopping is None:
            if self.cap_1e9 is None or self.tamer(far, self.cap_1e9) == far:
                self.watching = False
                self.act(self.policy.on_liquidity(self.view()))
        self.decide()

    def fill_resting(self) -> None:
        for one in list(self.orders):
            if self.random.random() < 0.1:
                taken = min(one.open_1e8, self.random.randint(1, 40) * LOT)
                one.open_1e8 -= taken
                self.filled += taken
                self.market.traded += taken
                if not one.open_1e8:
                    self.orders.remove(one)

    def pause(self, length_ns: int) -> None:
        self.paused = True
        self.paused_ns += length_ns
        self.token += 1
        self.watching = False
        self.after(length_ns, self.unpause)

    def unpause(self) -> None:
        self.paused = False
        self.resuming = True
        self.decide()

    def decide(self) -> None:
        """As the node does after any fact."""
        assert self.filled <= self.target, "never more than the target"
        if self.ended_ns is not None:
            return
        if self.filled >= self.target and not self.in_flight and self.stopping is None:
            self.stopping = Reason.NONE
        if self.stopping is None and not self.in_flight and not self.paused:
            if self.resuming:
                self.resuming = self.grown = False
                self.act(self.policy.resume(self.view()))
            elif self.grown:
                self.grown = False
                if self.remaining:
                    self.watching = False
                    self.act(self.policy.on_target(self.view()))
            elif self.remaining and not self.watching:
                self.act(self.policy.on_attempt_done(self.view(), self.attempt_reason))
        self.end_if_proven()

    def end_if_proven(self) -> None:
        if self.stopping is not None and self.routing is None and not self.orders:
            self.ended_ns = self.now_ns
