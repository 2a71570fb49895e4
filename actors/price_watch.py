"""The price watch of one instrument: who waits for which price, and for how long it must hold."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.market import INT64_MAX, INT64_MIN, MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.price_triggers import PriceTriggers
from engine.messages import (
    ArmPrice,
    DisarmPrice,
    HoldDue,
    LastCheck,
    PriceMoved,
    PriceReached,
    PriceRefused,
    PriceSource,
)
from engine.runtime.actor import Actor, Lane, handles

__all__ = ["PriceWatchActor"]

LAST_CHECK_NS: Final = 50_000_000
SPREADS_MAX: Final = 5
TOLD_BY_BOOKS: Final = (PriceSource.MID, PriceSource.BID, PriceSource.ASK)


class _Held(msgspec.Struct, gc=False):
    """A reached price that must stay reached: its order, and the timer that ends the wait then."""

    order: ArmPrice
    timer: int
    due_ns: int


class PriceWatchActor(Actor[ArmPrice | DisarmPrice | PriceMoved | HoldDue | LastCheck]):
    """Keeps the thresholds of each source, and tells books the bounds that concern them.

    The mid counts while the consolidated spread is at most five times its usual one. A mark that
    no venue gives is the mid. LAST is looked at every 50 ms on the extremes since then, so no
    touch is missed. Bounded by `triggers_max` for each source.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 4_096
    mailbox_hard_capacity = 262_144

    def __init__(self, market: MarketBlock, tape: MarketTape, triggers_max: int) -> None:
        self.market = market
        self.tape = tape
        self.triggers_max = triggers_max
        self.triggers = {source: PriceTriggers(triggers_max) for source in PriceSource}
        self.holds: dict[tuple[int, int], ArmPrice] = {}
        self.held: dict[tuple[int, int], _Held] = {}
        # Which source an owner's edge waits on, where it is not the mid.
        self.elsewhere: dict[tuple[int, int], PriceSource] = {}
        # Where a held price is left again, on the source that reached it.
        self.leaving = {source: PriceTriggers(triggers_max) for source in PriceSource}
        self.last_timer = 0
        self.refused = 0

    @handles(ArmPrice)
    def on_arm(self, order: ArmPrice) -> None:
        source = PriceSource.MID if order.source is PriceSource.MARK else order.source
        key = (order.owner_id, order.edge_index)
        self.forget(key)
        if source is PriceSource.LAST:
            # Trades from before the arming are for those who waited then.
            self.look_last()
        if len(self.triggers[source]) + len(self.leaving[source]) >= self.triggers_max:
            # A held price keeps its place, since it may have to wait again.
            self.refused += 1
            self.tell_owner(order.owner_id, PriceRefused(order.edge_index))
            self.publish()
            return
        if order.hold_ns:
            self.holds[key] = order
        if source is not PriceSource.MID:
            self.elsewhere[key] = source
        price = self.price_of(source)
        if price is not None and reaches(price, order.above, order.price_x2_1e9):
            self.reached(key, price)
        else:
            self.wait(source, order)
        if source is PriceSource.LAST and not self.last_timer:
            self.last_timer = self.ctx.after(LAST_CHECK_NS, LastCheck())
        self.publish()

    @handles(DisarmPrice)
    def on_disarm(self, order: DisarmPrice) -> None:
        self.forget((order.owner_id, order.edge_index))
        self.publish()

    @handles(PriceMoved)
    def on_moved(self, moved: PriceMoved) -> None:
        """The extremes that a book saw; what they cross is told, also if the price has gone."""
        self.look(PriceSource.MID, moved.mid_x2)
        if moved.bid_1e9:
            self.look(PriceSource.BID, 2 * moved.bid_1e9)
        if moved.ask_1e9:
            self.look(PriceSource.ASK, 2 * moved.ask_1e9)
        # Books compared with the bounds of before: what has moved since then was not told.
        for source in TOLD_BY_BOOKS:
            self.look_now(source)
        self.publish()

    @handles(HoldDue)
    def on_hold_due(self, due: HoldDue) -> None:
        key = (due.owner_id, due.edge_index)
        source = self.elsewhere.get(key, PriceSource.MID)
        if source is PriceSource.LAST:
            self.look_last()
        held = self.held.get(key)
        if held is None or self.ctx.now_ns < held.due_ns:
            # The timer of a hold that was given up while this was on its way.
            return
        self.leaving[source].disarm(*key)
        price, order = self.price_of(source), held.order
        if price is None or not reaches(price, order.above, order.price_x2_1e9):
            # Stale, torn or gone: nothing proves that it held.
            self.left(key)
            self.publish()
            return
        del self.held[key]
        self.elsewhere.pop(key, None)
        self.tell_owner(due.owner_id, PriceReached(due.edge_index, held.order.price_x2_1e9))
        self.publish()

    @handles(LastCheck)
    def on_last_check(self, check: LastCheck) -> None:
        self.last_timer = 0
        self.look_last()
        if len(self.triggers[PriceSource.LAST]) or len(self.leaving[PriceSource.LAST]):
            self.last_timer = self.ctx.after(LAST_CHECK_NS, check)

    def look_last(self) -> None:
        """Extremes of the trades since the last look, then where they ended."""
        extremes = self.tape.take_extremes()
        if extremes is not None:
            for price in extremes:
                self.look(PriceSource.LAST, 2 * price)
            self.look_now(PriceSource.LAST)

    def look_now(self, source: PriceSource) -> None:
        """The present price, where there is one to trust."""
        price = self.price_of(source)
        if price is not None:
            self.look(source, price)

    def look(self, source: PriceSource, price_x2: int) -> None:
        """One price of a source: what leaves it goes back to waiting, what it reaches is told."""
        for owner_id, edge_index, _ in self.leaving[source].crossed(price_x2):
            self.left((owner_id, edge_index))
        for owner_id, edge_index, _ in self.triggers[source].crossed(price_x2):
            self.reached((owner_id, edge_index), price_x2)

    def reached(self, key: tuple[int, int], price_x2: int) -> None:
        order = self.holds.pop(key, None)
        if order is None:
            self.elsewhere.pop(key, None)
            self.tell_owner(key[0], PriceReached(key[1], price_x2))
            return
        timer = self.ctx.after(order.hold_ns, HoldDue(*key))
        self.held[key] = _Held(order, timer, self.ctx.now_ns + order.hold_ns)
        # It leaves as soon as its price is on the other side of the threshold.
        away = order.price_x2_1e9 - 1 if order.above else order.price_x2_1e9 + 1
        source = self.elsewhere.get(key, PriceSource.MID)
        self.leaving[source].arm(*key, not order.above, away)

    def left(self, key: tuple[int, int]) -> None:
        """A held price went away before its time: it waits to be reached again."""
        held = self.held.pop(key)
        self.ctx.cancel(held.timer)
        order = held.order
        self.holds[key] = order
        source = self.elsewhere.get(key, PriceSource.MID)
        self.wait(source, order)

    def wait(self, source: PriceSource, order: ArmPrice) -> None:
        key = (order.owner_id, order.edge_index)
        armed = self.triggers[source].arm(*key, order.above, order.price_x2_1e9)
        assert armed, "its place was kept"

    def forget(self, key: tuple[int, int]) -> None:
        """All that is kept of an owner's edge."""
        source = self.elsewhere.pop(key, PriceSource.MID)
        self.triggers[source].disarm(*key)
        self.holds.pop(key, None)
        held = self.held.pop(key, None)
        if held is not None:
            self.ctx.cancel(held.timer)
            self.leaving[source].disarm(*key)

    def tell_owner(self, owner_id: int, message: PriceReached | PriceRefused) -> None:
        """An owner that has gone has its disarming on the way here."""
        owner = self.ctx.ref(owner_id)
        if owner is not None:
            owner.tell(message)

    def price_of(self, source: PriceSource) -> int | None:
        """The present price (twice, in 1e-9), None where there is none to trust."""
        market = self.market
        if source is PriceSource.LAST:
            return 2 * self.tape.last_price_1e9 or None
        mid = market.mid_x2()
        if mid is None:
            return None
        bid, ask = market.best(0), market.best(1)
        usual = self.tape.usual_spread_1e9()
        assert bid is not None, "a mid has a bid"
        assert ask is not None, "a mid has an ask"
        if usual is not None and usual > 0 and ask - bid > SPREADS_MAX * usual:
            return None
        if source is PriceSource.BID:
            return 2 * bid
        return 2 * ask if source is PriceSource.ASK else mid

    def publish(self) -> None:
        """The bounds between which a book's move concerns nobody here."""
        market, triggers, leaving = self.market, self.triggers, self.leaving
        mid, mid_left = triggers[PriceSource.MID], leaving[PriceSource.MID]
        market.trigger_low_x2 = max(mid.low_x2, mid_left.low_x2)
        market.trigger_high_x2 = min(mid.high_x2, mid_left.high_x2)
        touch = PriceSource.BID, PriceSource.ASK
        if any(len(triggers[source]) or len(leaving[source]) for source in touch):
            # Rare: then every move of the best is looked at.
            market.trigger_low_x2, market.trigger_high_x2 = INT64_MAX, INT64_MIN


def reaches(price_x2: int, above: bool, threshold_x2: int) -> bool:
    """Inclusive on both sides."""
    return price_x2 >= threshold_x2 if above else price_x2 <= threshold_x2
