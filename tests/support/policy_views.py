"""A market that says what it is told, and views of a node for policy tests."""

from __future__ import annotations

from engine.decisions.policies.policy import PolicyView
from engine.model.units import Side

TICK = 10_000_000
LOT = 1_000
BID = 64_000 * 10**9
ASK = BID + TICK
S = 1_000_000_000
MS = 1_000_000


class StatedMarket:
    """A PolicyMarket of plain fields; tests move them."""

    def __init__(self, *, event: bool = False) -> None:
        self.tick_1e9 = TICK
        self.lot_1e8 = LOT
        self.event = event
        self.bid: int | None = BID
        self.ask: int | None = ASK
        # The best price of others where the engine's own order stands before it.
        self.behind_own: int | None = None
        self.far_qty = 10**8
        self.usual_spread: int | None = TICK
        self.traded = 0
        # Expected volume of one second, by second; 0 where a second is not named.
        self.volume: dict[int, int] = {}

    def touch(self, side: Side) -> int | None:
        return self.bid if side is Side.BUY else self.ask

    def takeable(self, side: Side) -> int | None:
        return self.touch(side.opposite) if self.behind_own is None else self.behind_own

    def far_qty_1e8(self, side: Side) -> int:
        return self.far_qty if self.touch(side.opposite) is not None else 0

    def usual_spread_1e9(self) -> int | None:
        return self.usual_spread

    def traded_qty_1e8(self) -> int:
        return self.traded

    def volume_ahead(self, from_ns: int, until_ns: int) -> int:
        return sum(self.volume.get(s, 0) for s in range(from_ns // S, until_ns // S))


def view_at(
    now_ns: int,
    remaining: int,
    *,
    market: StatedMarket | None = None,
    working: int = 0,
    working_price: int | None = None,
    target: int | None = None,
    filled: int | None = None,
    in_flight: bool = False,
    cap: int | None = None,
    limit: int | None = None,
    side: Side = Side.BUY,
) -> PolicyView:
    """A view; `target` and `filled` follow from the rest where they are not given.

    Without `target` nothing is filled or in flight; without `filled` all that is neither free
    nor working is.
    """
    if target is None:
        target = remaining + working + (filled or 0)
    if filled is None:
        filled = target - remaining - working
    return PolicyView(
        now_ns,
        side,
        target,
        filled,
        remaining,
        working,
        working_price,
        in_flight,
        cap,
        limit,
        market or StatedMarket(),
    )
