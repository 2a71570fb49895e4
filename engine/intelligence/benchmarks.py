"""Benchmarks of an execution: arrival, interval VWAP and TWAP, PWP, markouts.

Slippages are bps of the benchmark, + is a cost. A markout is s (M(t + d) - p) / p, + is good. A
number that cannot be told is None, with a sentence that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

__all__ = ["MARKOUTS_MS", "Markout", "Print", "interval_vwap", "markout", "pwp", "slippage_bps"]

MARKOUTS_MS: Final = (100, 1_000, 5_000, 30_000, 60_000, 300_000)
OWN_PRINT_NS: Final = 5_000_000_000
MS: Final = 1_000_000
NS: Final = 1_000_000_000


class Print(msgspec.Struct, frozen=True, gc=False):
    """A public trade, or a fill of ours."""

    at_ns: int
    price_1e9: int
    qty_1e8: int


class Markout(msgspec.Struct, frozen=True, gc=False):
    """Where the mid went after the fills, weighted by their quantity; None while not known.

    `markout_bps` is in bps of the fill, + is good for us; `fills` are those whose later mid is
    known. `due_ns` is when the last of the others can be known, null where no time will bring them.
    """

    horizon_ms: int
    markout_bps: float | None
    fills: int
    reason: str
    due_ns: int | None = None


def slippage_bps(sign: int, average: float, benchmark: float | None) -> float | None:
    """What was paid above a benchmark, in bps of it."""
    return None if not benchmark else 1e4 * sign * (average - benchmark) / benchmark


def interval_vwap(
    prints: Sequence[Print], own: Sequence[Print], from_ns: int, to_ns: int
) -> tuple[float | None, str]:
    """Volume-weighted price (1e-9) of what others traded in a window, and why there is none.

    `prints` are in order of time. Own fills are left out: for each, the nearest print of the same
    price and quantity. None where less was traded than we filled: it would be a price of our own.
    """
    inside = [one for one in prints if from_ns <= one.at_ns <= to_ns]
    others = _without(inside, own)
    volume = sum(one.qty_1e8 for one in others)
    filled = sum(one.qty_1e8 for one in own)
    if volume == 0:
        return None, "nobody else traded in the window"
    if volume < filled:
        return None, "others traded less than this order in the window"
    return sum(one.price_1e9 * one.qty_1e8 for one in others) / volume, ""


def pwp(
    prints: Sequence[Print], own: Sequence[Print], from_ns: int, participation: float
) -> tuple[float | None, str]:
    """Price (1e-9) of the market from `from_ns` until it traded the fill / `participation`."""
    wanted = sum(one.qty_1e8 for one in own) / participation
    others = _without([one for one in prints if one.at_ns >= from_ns], own)
    paid, seen = 0.0, 0.0
    for one in others:
        part = min(float(one.qty_1e8), wanted - seen)
        paid += one.price_1e9 * part
        seen += part
        if seen >= wanted:
            return paid / seen, ""
    return None, "the market has not traded enough since the start yet"


def markout(
    sign: int,
    fills: Sequence[Print],
    horizon_ms: int,
    mid_x2_at: Callable[[int], int | None],
    now_ns: int,
) -> Markout:
    """The quantity-weighted markout of the fills whose later mid is known at `now_ns`."""
    total, weight, known, due_ns, ahead = 0.0, 0, 0, 0, 0
    for fill in fills:
        then_ns = fill.at_ns + horizon_ms * MS
        if then_ns > now_ns:
            due_ns, ahead = max(due_ns, then_ns), ahead + 1
            continue
        mid_x2 = mid_x2_at(then_ns)
        if mid_x2 is not None:
            total += 1e4 * sign * (mid_x2 / 2 - fill.price_1e9) / fill.price_1e9 * fill.qty_1e8
            weight += fill.qty_1e8
            known += 1
    reason = _unknown(len(fills), known, ahead, due_ns)
    return Markout(horizon_ms, total / weight if weight else None, known, reason, due_ns or None)


def _unknown(fills: int, known: int, ahead: int, due_ns: int) -> str:
    """Why not all fills have a markout, and when they will."""
    if not fills:
        return "nothing has filled"
    if ahead:
        which = "" if ahead == fills else f" for {ahead} of {fills} fills"
        when = f"{datetime.fromtimestamp(-(-due_ns // NS), UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"the time has not passed yet{which}: known from {when} on"
    if not known:
        return "no mid was seen that long after a fill"
    return "" if known == fills else f"the mid was seen for {known} of {fills} fills"


def _without(prints: Sequence[Print], own: Sequence[Print]) -> list[Print]:
    """The prints without one for each own fill."""
    places: dict[tuple[int, int], list[int]] = {}
    for index, one in enumerate(prints):
        places.setdefault((one.price_1e9, one.qty_1e8), []).append(index)
    gone = [False] * len(prints)
    for fill in own:
        same = places.get((fill.price_1e9, fill.qty_1e8), [])
        near = [(abs(prints[index].at_ns - fill.at_ns), index) for index in same]
        gap, index = min(near, default=(OWN_PRINT_NS + 1, -1))
        if gap <= OWN_PRINT_NS:
            gone[index] = True
            same.remove(index)
    return [one for one, out in zip(prints, gone, strict=True) if not out]
