"""What was seen of prices over time: bounded, the oldest is forgotten first.

A `MidHistory` keeps changes of one instrument's mid, so that a mid "then" and its mean over a
window can be told afterwards. A value of 0 says that there was no mid.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final

__all__ = ["SAMPLES_MAX", "MidHistory"]

SAMPLES_MAX: Final = 65_536
NONE: Final = 0


class MidHistory:
    """Changes of twice the mid (1e-9) with their times, at most `samples_max` of them.

    A value holds from its time to that of the next, the last one until `seen_ns`. `step_ns` is
    how often the market was looked at, and thus how exact a time is.
    """

    __slots__ = ("_samples_max", "_times", "_values", "seen_ns", "step_ns")

    def __init__(self, step_ns: int, samples_max: int = SAMPLES_MAX) -> None:
        self.step_ns = step_ns
        self.seen_ns = 0
        self._samples_max = samples_max
        self._times = array("q")
        self._values = array("q")

    def __len__(self) -> int:
        return len(self._times)

    @property
    def since_ns(self) -> int | None:
        """From when on values are known; None before the first."""
        return self._times[0] if self._times else None

    def observe(self, now_ns: int, mid_x2: int | None) -> None:
        """The mid at a time, which never goes back."""
        self.seen_ns = now_ns
        value = mid_x2 or NONE
        if self._values and self._values[-1] == value:
            return
        if len(self._times) >= self._samples_max:
            # A quarter at a time, so that forgetting costs little for each sample.
            gone = self._samples_max // 4 + 1
            del self._times[:gone]
            del self._values[:gone]
        self._times.append(now_ns)
        self._values.append(value)

    def at(self, when_ns: int) -> int | None:
        """Twice the mid at a time; None where it was not seen or there was none."""
        index = bisect_right(self._times, when_ns) - 1
        if index < 0 or when_ns > self.seen_ns + self.step_ns:
            return None
        return self._values[index] or None

    def mean_x2(self, from_ns: int, to_ns: int) -> float | None:
        """Time average of twice the mid over a window; None unless all of it was seen.

        Stretches without a mid are left out.
        """
        first = bisect_right(self._times, from_ns) - 1
        if first < 0 or to_ns > self.seen_ns + self.step_ns or to_ns < from_ns:
            return None
        if to_ns == from_ns:
            value = self._values[first]
            return float(value) if value else None
        area, known = 0, 0
        at = from_ns
        for index in range(first, len(self._times)):
            last = index + 1 == len(self._times)
            until = to_ns if last else min(to_ns, self._times[index + 1])
            if self._values[index]:
                area += self._values[index] * (until - at)
                known += until - at
            at = until
            if at >= to_ns:
                break
        return area / known if known else None
