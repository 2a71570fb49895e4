"""When a paced order may send and how much by then: equal slices, volume slices, participation.

A schedule gives times and a cumulative quantity that may have been sent ("released"); what is
filled or working is not its business. Quantities are in 1e-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from engine.decisions.policies.policy import PolicyView
from engine.model.units import divide_up, floor_to

__all__ = ["ParticipationSchedule", "Schedule", "SliceSchedule", "nearest_lot"]

BPS: Final = 10_000
BURST_MAX: Final = 2
LATE_SHARE: Final = 4


class Schedule(Protocol):
    """What paces a policy; times come from the view."""

    keeps_slices: bool

    @property
    def next_ns(self) -> int | None:
        """When the next slice is due, None when all have begun."""
        ...

    @property
    def deadline_ns(self) -> int | None:
        """When the node ends whatever is left, None where the last slice decides that."""
        ...

    def begin(self, view: PolicyView) -> None:
        """The node starts."""
        ...

    def release(self, view: PolicyView) -> int:
        """A slice is due: the cumulative quantity that may be out by now."""
        ...

    def resume(self, view: PolicyView) -> None:
        """The node goes on after a pause or a restart."""
        ...

    def pack(self) -> Sequence[int]:
        """The state as a small array."""
        ...

    def unpack(self, packed: Sequence[int]) -> None:
        """Take over what `pack` gave."""
        ...


class SliceSchedule:
    """Slices at a fixed interval, the first one interval after the start.

    Slice k of n releases round(Q k / n) on the lot, or with `by_volume` a share of the rest that
    follows the expected volume of the slice's window against that until the end (an equal share
    where either is unknown). The last releases all.

    A slice late by more than a quarter of the interval begins at once, and what is not released
    is spread evenly from there at the same interval: over the slices that were not missed, or
    over more where one would be more than twice an even slice.
    """

    __slots__ = ("_base", "_begun", "_count", "_next_ns", "_released", "_rule")

    keeps_slices = True

    def __init__(self, *, count: int, interval_ns: int, by_volume: bool) -> None:
        self._rule = (count, interval_ns, by_volume)
        self._base = 0
        self._count = count
        self._begun = 0
        self._next_ns = 0
        self._released = 0

    @property
    def next_ns(self) -> int | None:
        return None if self._begun >= self._count else self._next_ns

    @property
    def deadline_ns(self) -> int | None:
        return None

    def begin(self, view: PolicyView) -> None:
        count, interval_ns, _ = self._rule
        self._base = self._begun = self._released = 0
        self._count = count
        self._next_ns = view.now_ns + interval_ns

    def release(self, view: PolicyView) -> int:
        interval_ns, by_volume = self._rule[1:]
        late_ns = view.now_ns - self._next_ns
        if late_ns * LATE_SHARE > interval_ns:
            self._spread(view, late_ns // interval_ns)
        left = self._count - self._begun
        self._begun += 1
        target, lot = view.target_qty_1e8, view.market.lot_1e8
        if left <= 1:
            released = target
        elif by_volume:
            rest = target - self._released
            part, whole = self._share(view, left)
            released = self._released + nearest_lot(rest * part, whole, lot)
        else:
            rest = target - self._base
            released = self._base + nearest_lot(rest * self._begun, self._count, lot)
        self._released = min(target, max(self._released, released))
        self._next_ns += interval_ns
        return self._released

    def resume(self, view: PolicyView) -> None:
        """Nothing: `release` sees what was missed."""

    def pack(self) -> Sequence[int]:
        return self._base, self._count, self._begun, self._next_ns, self._released

    def unpack(self, packed: Sequence[int]) -> None:
        self._base, self._count, self._begun, self._next_ns, self._released = packed

    def _spread(self, view: PolicyView, missed: int) -> None:
        """Begin anew at now with what was not released."""
        target = max(1, view.target_qty_1e8)
        rest = max(0, target - self._released)
        in_time = self._count - self._begun - missed
        gentle = divide_up(rest * self._rule[0], BURST_MAX * target)
        self._count = max(1, in_time, min(gentle, self._count - self._begun))
        self._base, self._begun, self._next_ns = self._released, 0, view.now_ns

    def _share(self, view: PolicyView, left: int) -> tuple[int, int]:
        """This slice's part of what is left, as a fraction."""
        from_ns, interval_ns = self._next_ns, self._rule[1]
        until_ns = from_ns + interval_ns
        mine = view.market.volume_ahead(from_ns, until_ns)
        others = view.market.volume_ahead(until_ns, from_ns + left * interval_ns)
        return (mine, mine + others) if mine > 0 and others > 0 else (1, left)


class ParticipationSchedule:
    """A share of what others trade since the start, looked at every interval until the horizon.

    What is traded during a pause is not followed, so that its end brings no burst.
    """

    __slots__ = (
        "_deadline_ns",
        "_filled_from",
        "_next_ns",
        "_public",
        "_public_before",
        "_rule",
        "_traded_from",
    )

    keeps_slices = False

    def __init__(self, *, participation_bps: int, interval_ns: int, horizon_ns: int) -> None:
        self._rule = (participation_bps, interval_ns, horizon_ns)
        self._deadline_ns = 0
        self._next_ns = 0
        # Volume of others: so far, and at the point from which the tape is counted now.
        self._public = 0
        self._public_before = 0
        self._traded_from = 0
        self._filled_from = 0

    @property
    def next_ns(self) -> int | None:
        return self._next_ns

    @property
    def deadline_ns(self) -> int | None:
        return self._deadline_ns

    def begin(self, view: PolicyView) -> None:
        self._deadline_ns = view.now_ns + self._rule[2]
        self._public = 0
        self.resume(view)

    def release(self, view: PolicyView) -> int:
        participation_bps, interval_ns, _ = self._rule
        traded = view.market.traded_qty_1e8() - self._traded_from
        others = traded - (view.filled_qty_1e8 - self._filled_from)
        self._public = max(self._public, self._public_before + others)
        missed = max(0, view.now_ns - self._next_ns) // interval_ns
        self._next_ns += (missed + 1) * interval_ns
        released = floor_to(self._public * participation_bps // BPS, view.market.lot_1e8)
        return min(view.target_qty_1e8, released)

    def resume(self, view: PolicyView) -> None:
        """Count the tape from here on; after a restart it began again at 0."""
        self._public_before = self._public
        self._traded_from = view.market.traded_qty_1e8()
        self._filled_from = view.filled_qty_1e8
        self._next_ns = view.now_ns + self._rule[1]

    def pack(self) -> Sequence[int]:
        counted = (self._public, self._public_before, self._traded_from, self._filled_from)
        return self._deadline_ns, self._next_ns, *counted

    def unpack(self, packed: Sequence[int]) -> None:
        self._deadline_ns, self._next_ns = packed[:2]
        self._public, self._public_before, self._traded_from, self._filled_from = packed[2:]


def nearest_lot(numerator: int, denominator: int, lot_1e8: int) -> int:
    """`numerator / denominator` on the lot grid, the nearest; half a lot goes up."""
    assert denominator > 0, "a share has a whole"
    return (2 * numerator + denominator * lot_1e8) // (2 * denominator * lot_1e8) * lot_1e8
