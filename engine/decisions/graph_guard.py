"""What watches one graph while it runs: its legs, its runtime limits, what follows a breach."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.runtime_risk import Breach, RuntimeMonitor, increases_exposure
from engine.errors import Reason
from engine.model.progress import NodeProgress
from engine.model.risk import GraphRisk
from engine.model.units import Side

__all__ = ["GraphGuard", "Leg"]


PROTECTIONS = (Reason.NODE_FAILED, Reason.LOSS_LIMIT, Reason.UNHEDGED_LIMIT)


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One node as its guard sees it; `multiplier_1e8` is base units of one contract."""

    side: Side
    underlying: str
    multiplier_1e8: int
    market: MarketBlock


class GraphGuard:
    """Pure but for the markets it reads. One for each graph that has something to watch."""

    __slots__ = ("_heard", "_legs", "_monitor", "action", "marks")

    def __init__(self, legs: Sequence[Leg], risk: GraphRisk | None) -> None:
        self._legs = tuple(legs)
        failure = None if risk is None else risk.on_failure
        runtime = None if risk is None else risk.runtime
        self.action = None if failure is None else failure.action
        self._monitor = None if runtime is None else RuntimeMonitor(legs, runtime)
        self.marks = self._monitor is not None
        self._heard: list[NodeProgress | None] = [None] * len(legs)

    @property
    def watches(self) -> bool:
        """Whether nodes have to tell every move: the default failure action asks who works."""
        return self._monitor is not None or self.action is None

    def hear(self, progress: NodeProgress) -> None:
        """Keep what a node has done so far."""
        self._heard[progress.node_index] = progress

    def moved(
        self,
        progress: NodeProgress,
        open_qty_1e8: int,
        unknown_qty_1e8: int,
        price_times_qty: int,
        fees_1e9: int,
        now_ns: int,
    ) -> Breach | None:
        """A node moved: is the graph within its limits?"""
        self.hear(progress)
        if self._monitor is None:
            return None
        index = progress.node_index
        self._monitor.update(
            index, progress.net_qty_1e8, open_qty_1e8, unknown_qty_1e8, price_times_qty, fees_1e9
        )
        return self._monitor.check(now_ns)

    def mark(self, now_ns: int) -> Breach | None:
        """Time has passed: is the graph within its limits at the prices of now?"""
        if self._monitor is None:
            return None
        # A long position is left by selling at the bid, a short one by buying at the ask.
        exits = [leg.market.best(0 if leg.side is Side.BUY else 1) for leg in self._legs]
        return self._monitor.mark(now_ns, exits)

    def forgive(self) -> None:
        """A person resumed the graph: causes that were reported may be reported again."""
        if self._monitor is not None:
            self._monitor.forgive()

    def flatten(self, spare: Sequence[int]) -> dict[int, int]:
        """What each spare leg must trade so that the graph's proven fills are closed, in 1e-8.

        A leg closes its instrument if it stands on the opposite side of what was filled there.
        """
        wanted: dict[int, int] = {}
        for index in spare:
            leg = self._legs[index]
            net = sum(
                one.side.sign * heard.filled_qty_1e8
                for one, heard in zip(self._legs, self._heard, strict=True)
                if heard is not None and one.market is leg.market
            )
            if net * leg.side.sign < 0:
                wanted[index] = abs(net)
        return wanted

    def lets_hedges_work(self, paused: str) -> bool:
        """Whether a graph paused for this reason paused by default protection: hedges go on."""
        return self.action is None and paused.partition(":")[0] in PROTECTIONS

    def started(self, index: int) -> bool:
        """Whether the node has become active."""
        heard = self._heard[index]
        return heard is not None and heard.started_ns > 0

    def increases(self, index: int) -> bool:
        """Whether more of this node makes the position in its underlying larger."""
        leg = self._legs[index]
        net = sum(
            one.side.sign * heard.net_qty_1e8
            for one, heard in zip(self._legs, self._heard, strict=True)
            if heard is not None and one.underlying == leg.underlying
        )
        return increases_exposure(leg.side, net)
