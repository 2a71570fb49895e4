"""Limits watched while a graph runs: what is unhedged, for how long, and what it has lost.

Everything is computed from proven fills and from what is still out; nothing is guessed. What is
in flight or unknown counts as nothing or as all of it, whichever is worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from engine.errors import Reason
from engine.model.risk import RuntimeRisk
from engine.model.units import PRICE_SCALE, QTY_SCALE, Side, format_decimal, format_qty

__all__ = ["Breach", "ResidualExposure", "RuntimeMonitor", "increases_exposure"]

# Two marks this far apart have to agree on a loss: one torn or thin book is no reason to stop.
MARK_GAP_NS = 250_000_000
UNMARKABLE_AFTER_NS = 5_000_000_000
# Below one unit of quantity nothing can be hedged.
DUST_1E8 = 1


class MonitoredLeg(Protocol):
    """What the monitor needs of a node: `multiplier_1e8` is base units of one contract.

    Nodes with the same `market` trade the same instrument, so their quantities cancel out.
    """

    @property
    def side(self) -> Side: ...

    @property
    def underlying(self) -> str: ...

    @property
    def multiplier_1e8(self) -> int: ...

    @property
    def market(self) -> object: ...


class Breach(msgspec.Struct, frozen=True, gc=False):
    """A limit that the graph has passed, told once until it is forgiven."""

    reason: Reason
    text: str


class ResidualExposure(msgspec.Struct, frozen=True, gc=False):
    """What a graph holds in one underlying, base units in 1e-8.

    `net_qty_1e8` is proven; between `low_qty_1e8` and `high_qty_1e8` lies every outcome of what is
    still out.
    """

    underlying: str
    net_qty_1e8: int
    low_qty_1e8: int
    high_qty_1e8: int

    @property
    def worst_qty_1e8(self) -> int:
        """The largest position, either way, that may come of it."""
        return max(abs(self.low_qty_1e8), abs(self.high_qty_1e8))


class _Sums:
    """One underlying over its nodes: what is proven, and what may still be bought and sold."""

    __slots__ = ("above_since_ns", "buying", "net", "selling")

    def __init__(self) -> None:
        self.net = 0
        self.buying = 0
        self.selling = 0
        self.above_since_ns = -1

    @property
    def worst(self) -> int:
        return max(abs(self.net + self.buying), abs(self.net - self.selling))


class _Node(msgspec.Struct, gc=False):
    """The newest word of one node, in base units and money."""

    net: int = 0
    open: int = 0
    price_times_qty: int = 0
    fees: int = 0


class RuntimeMonitor:
    """The runtime limits of one graph; cost of an update does not grow with its nodes.

    `update` after a node moved, then `check`; `mark` at intervals. Fills price a position at its
    gross quantity; the net one (less fees in kind) is what is left to unwind.
    """

    __slots__ = (
        "_healthy_ns",
        "_legs",
        "_loss_max",
        "_loss_since_ns",
        "_market_count",
        "_markets",
        "_nodes",
        "_qty_max",
        "_sums",
        "_told",
        "_unhedged_ns_max",
    )

    def __init__(self, legs: Sequence[MonitoredLeg], limits: RuntimeRisk) -> None:
        self._legs = tuple(legs)
        self._nodes = [_Node() for _ in legs]
        places: dict[object, int] = {}
        self._markets = [places.setdefault(leg.market, len(places)) for leg in self._legs]
        self._market_count = len(places)
        self._sums: dict[str, _Sums] = {}
        for leg in self._legs:
            self._sums.setdefault(leg.underlying, _Sums())
        self._loss_max = _scaled(limits.max_loss_usd, PRICE_SCALE)
        self._qty_max = _scaled(limits.max_unhedged_qty, QTY_SCALE)
        milliseconds = limits.max_unhedged_ms
        self._unhedged_ns_max = None if milliseconds is None else milliseconds * 1_000_000
        self._healthy_ns = -1
        self._loss_since_ns = -1
        self._told: set[tuple[Reason, str]] = set()

    def update(
        self,
        index: int,
        filled_net_1e8: int,
        open_1e8: int,
        unknown_1e8: int,
        price_times_qty: int,
        fees_1e9: int,
    ) -> None:
        """Take a node's cumulative facts.

        `filled_net_1e8` is in base units, as `NodeProgress.net_qty_1e8`; `open_1e8` (working or in
        flight) and `unknown_1e8` are in the node's own units. `price_times_qty` is the sum over
        fills of price (1e-9) x quantity (1e-8).
        """
        leg, node = self._legs[index], self._nodes[index]
        sums = self._sums[leg.underlying]
        out = (open_1e8 + unknown_1e8) * leg.multiplier_1e8 // QTY_SCALE
        sums.net += leg.side.sign * (filled_net_1e8 - node.net)
        if leg.side is Side.BUY:
            sums.buying += out - node.open
        else:
            sums.selling += out - node.open
        node.net, node.open = filled_net_1e8, out
        node.price_times_qty, node.fees = price_times_qty, fees_1e9

    def check(self, now_ns: int) -> Breach | None:
        """The first limit on unhedged quantity that is passed now and was not told before."""
        for underlying, sums in self._sums.items():
            worst = sums.worst
            if worst <= DUST_1E8:
                sums.above_since_ns = -1
                continue
            if sums.above_since_ns < 0:
                sums.above_since_ns = now_ns
            if self._qty_max is not None and worst > self._qty_max:
                cap = format_qty(self._qty_max)
                text = f"{format_qty(worst)} {underlying} may be unhedged, above {cap}"
                if breach := self._tell(Reason.UNHEDGED_LIMIT, f"qty {underlying}", text):
                    return breach
            limit, since = self._unhedged_ns_max, now_ns - sums.above_since_ns
            if limit is not None and since > limit:
                text = (
                    f"{format_qty(worst)} {underlying} may be unhedged for "
                    f"{since // 1_000_000} ms, longer than {limit // 1_000_000} ms"
                )
                if breach := self._tell(Reason.UNHEDGED_LIMIT, f"time {underlying}", text):
                    return breach
        return None

    def mark(self, now_ns: int, exits: Sequence[int | None]) -> Breach | None:
        """Mark the positions to `exits`, each node's executable price to leave by (None: none).

        Also looks at the clocks of `check`. A node that holds nothing needs no price.
        """
        breach = self.check(now_ns)
        if breach is not None or self._loss_max is None:
            return breach
        result = self.result_1e9(exits)
        if result is None:
            if self._healthy_ns < 0:
                self._healthy_ns = now_ns
            if now_ns - self._healthy_ns < UNMARKABLE_AFTER_NS:
                return None
            text = "the position has had no price to leave at for 5 s"
            return self._tell(Reason.UNMARKABLE, "", text)
        self._healthy_ns = now_ns
        self._told.discard((Reason.UNMARKABLE, ""))
        if -result <= self._loss_max:
            self._loss_since_ns = -1
            return None
        if self._loss_since_ns < 0:
            self._loss_since_ns = now_ns
        if now_ns - self._loss_since_ns < MARK_GAP_NS:
            return None
        cap = format_decimal(self._loss_max, 9)
        text = f"the graph has lost {format_decimal(-result, 9)} USD, above {cap}"
        return self._tell(Reason.LOSS_LIMIT, "", text)

    def result_1e9(self, exits: Sequence[int | None]) -> int | None:
        """Realised and unrealised result less fees, in 1e-9 USD; None without a needed price.

        Cash of all fills, plus what the net position in each instrument brings at the exit price
        of the side that opened it.
        """
        total: int = 0
        held = [0] * self._market_count
        for leg, node, place in zip(self._legs, self._nodes, self._markets, strict=True):
            cash = node.price_times_qty * leg.multiplier_1e8 // QTY_SCALE
            total -= leg.side.sign * cash + node.fees * QTY_SCALE
            held[place] += leg.side.sign * node.net
        for leg, place, price in zip(self._legs, self._markets, exits, strict=True):
            if held[place] * leg.side.sign > 0:
                if price is None:
                    return None
                total += held[place] * price
                held[place] = 0
        result: int = total // QTY_SCALE
        return result

    def residual(self) -> tuple[ResidualExposure, ...]:
        """What the graph holds or may come to hold, by underlying, in the order of its nodes."""
        return tuple(
            ResidualExposure(name, sums.net, sums.net - sums.selling, sums.net + sums.buying)
            for name, sums in self._sums.items()
        )

    def forgive(self) -> None:
        """Causes that were told may be told again, and their clocks start anew."""
        self._told.clear()
        self._loss_since_ns = self._healthy_ns = -1
        for sums in self._sums.values():
            sums.above_since_ns = -1

    def _tell(self, reason: Reason, cause: str, text: str) -> Breach | None:
        """A breach the first time, None afterwards."""
        if (reason, cause) in self._told:
            return None
        self._told.add((reason, cause))
        return Breach(reason, text)


def increases_exposure(side: Side, underlying_net_1e8: int) -> bool:
    """Whether trading on `side` makes the position in its underlying larger.

    From flat, either side does; that lets hedges of a position work and stops everything else.
    """
    return side.sign * underlying_net_1e8 >= 0


def _scaled(limit: Decimal | None, scale: int) -> int | None:
    """A limit in integers, rounded down so that it is never looser than what was asked."""
    if limit is None:
        return None
    floor: int = math.floor(limit * scale)
    return floor
