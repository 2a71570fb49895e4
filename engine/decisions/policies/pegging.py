"""Where a passive order rests, and when it follows the market: the peg of every posting policy.

All prices are in 1e-9. "Forward" is the aggressive direction: up for a buy, down for a sell.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.policies.policy import PolicyView
from engine.errors import Reason
from engine.model.units import PRICE_SCALE, Side, round_passive

__all__ = ["Peg", "PegRule", "capped", "far_touch", "forward", "inside_spread", "tamer"]

MS: Final = 1_000_000
INSIDE_SPREAD_TICKS: Final = 3


class PegRule(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How one urgency posts and follows.

    `away_ticks` 0 never follows; else the order follows once the own touch has been that many
    ticks ahead for `hold_ns`, looked at every `check_ns`. `inside` posts one tick ahead of the
    touch where the spread has three ticks or more. A refused post is repeated after `retry_ns`,
    one refused for being marketable at most `tries_max` times in a row.
    """

    inside: bool
    away_ticks: int
    hold_ns: int
    check_ns: int
    venues_max: int
    retry_ns: int = 100 * MS
    tries_max: int = 10


class Peg:
    """Price and patience of what one policy rests.

    `floor_1e9` is the most forward price that has rested: a new price never stands behind it,
    save where it would meet the far touch, which a post-only order may not.
    """

    __slots__ = (
        "away_since_ns",
        "floor_1e9",
        "not_before_ns",
        "out",
        "posted_1e9",
        "rule",
        "tries",
    )

    def __init__(self, rule: PegRule) -> None:
        self.rule = rule
        self.reset()

    def reset(self) -> None:
        """Begin anew: nothing has rested."""
        self.floor_1e9: int | None = None
        self.away_since_ns: int | None = None
        self.not_before_ns = 0
        self.tries = 0
        self.out = False
        self.posted_1e9: int | None = None

    def price(self, view: PolicyView) -> int | None:
        """Where to rest now; None while the market does not tell.

        Own touch (or the limit where that side is empty), never past the cap, never marketable.
        """
        self._remember(view)
        if self.out:
            # Nobody was told of an answer: all of the last post rested, and some has gone since.
            self.rested(view)
        market, side = view.market, view.side
        tick, own, far = market.tick_1e9, market.touch(side), far_touch(view)
        price = view.limit_1e9 if own is None else own
        if price is None:
            return None
        if self.rule.inside and own is not None and far is not None:
            # The touch may be our own order: it is not to be improved on.
            if own != view.working_price_1e9:
                price = inside_spread(side, own, far, tick)
        if self.floor_1e9 is not None:
            price = _bolder(side, price, self.floor_1e9)
        price = self._behind_far(view, price)
        return price if price > 0 and not (market.event and price >= PRICE_SCALE) else None

    def follows(self, view: PolicyView) -> bool:
        """Whether what rests has stood behind the touch long enough to be pulled forward."""
        self._remember(view)
        own, resting = view.market.touch(view.side), view.working_price_1e9
        rule = self.rule
        if not rule.away_ticks or own is None or resting is None:
            self.away_since_ns = None
            return False
        reach = self._behind_far(view, own)
        if view.side.sign * (reach - resting) < rule.away_ticks * view.market.tick_1e9:
            self.away_since_ns = None
            return False
        if self.away_since_ns is None:
            self.away_since_ns = view.now_ns
        return view.now_ns - self.away_since_ns >= rule.hold_ns

    def sent(self, price_1e9: int) -> None:
        """A post goes out."""
        self.out = True
        self.posted_1e9 = price_1e9
        self.away_since_ns = None

    def settle(self, view: PolicyView, reason: Reason) -> Reason:
        """Take in how the last post ended; a reason that is not NONE means: give up."""
        self._remember(view)
        if not self.out:
            # No answer to a post of ours: something that rested is gone, or became free.
            return Reason.NONE
        if reason is Reason.NONE:
            self.rested(view)
            return Reason.NONE
        self.out = False
        if reason is Reason.BELOW_MINIMUM and view.working_qty_1e8 == 0:
            return reason
        if reason is Reason.POST_ONLY:
            self.tries += 1
            if self.tries >= self.rule.tries_max:
                return reason
            self.not_before_ns = view.now_ns + self.rule.retry_ns
            return Reason.NONE
        self.not_before_ns = view.now_ns + max(self.rule.check_ns, self.rule.retry_ns)
        return Reason.NONE

    def rested(self, view: PolicyView) -> None:
        """All that was posted rests, or did and has filled since."""
        if self.out:
            self._raise_floor(view.side, self.posted_1e9)
        self.out = False
        self.tries = 0

    def interrupted(self, view: PolicyView) -> None:
        """After a pause: answers have come without us, waits are over.

        What was on its way may have rested meanwhile, so it counts as if it had.
        """
        self._remember(view)
        self.rested(view)
        self.away_since_ns = None
        self.not_before_ns = min(self.not_before_ns, view.now_ns)

    def pack(self) -> list[object]:
        """The state as a small array, for `unpack`."""
        prices = (self.floor_1e9, self.posted_1e9)
        return [*prices, self.away_since_ns, self.not_before_ns, self.tries, self.out]

    def unpack(self, packed: list[object]) -> None:
        """Take over what `pack` gave."""
        fields = msgspec.convert(packed, tuple[int | None, int | None, int | None, int, int, bool])
        self.floor_1e9, self.posted_1e9, self.away_since_ns = fields[:3]
        self.not_before_ns, self.tries, self.out = fields[3:]

    def _remember(self, view: PolicyView) -> None:
        self._raise_floor(view.side, view.working_price_1e9)

    def _raise_floor(self, side: Side, rested_1e9: int | None) -> None:
        if rested_1e9 is not None:
            floor = self.floor_1e9
            self.floor_1e9 = rested_1e9 if floor is None else _bolder(side, floor, rested_1e9)

    def _behind_far(self, view: PolicyView, price: int) -> int:
        market, side, far = view.market, view.side, far_touch(view)
        if far is not None:
            price = tamer(side, price, forward(side, far, -market.tick_1e9))
        return round_passive(capped(view, price), market.tick_1e9, side)


def inside_spread(side: Side, own: int, far: int, tick: int) -> int:
    """The own touch, a tick ahead of it where the spread has three ticks or more."""
    wide = side.sign * (far - own) >= INSIDE_SPREAD_TICKS * tick
    return forward(side, own, tick) if wide else own


def far_touch(view: PolicyView) -> int | None:
    """Best price that a resting order of the view's side must stay behind: the engine's own too."""
    return view.market.touch(view.side.opposite)


def forward(side: Side, price: int, amount: int) -> int:
    """`price` moved by `amount` in the aggressive direction of `side`."""
    return price + side.sign * amount


def tamer(side: Side, a: int, b: int) -> int:
    """The less aggressive of two prices."""
    return min(a, b) if side is Side.BUY else max(a, b)


def capped(view: PolicyView, price: int) -> int:
    """`price`, no worse than the node's cap."""
    return price if view.cap_1e9 is None else tamer(view.side, price, view.cap_1e9)


def _bolder(side: Side, a: int, b: int) -> int:
    return max(a, b) if side is Side.BUY else min(a, b)
