"""What past forecasts missed by, by kind of order: quantiles that borrow from their parents.

The kinds form trees, one of what takes and one of what rests first, each for coins and for event
contracts, from all its orders down to liquidity, policy, size and urgency. A kind with n residuals
trusts its own with n / (n + 50) and its parent with the rest; what the first trusts beside its own
is the prior. What rests says nothing of what takes, and bps of coins nothing of cents of events,
so that these are never pooled.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

__all__ = [
    "LIQUIDITIES",
    "RESTING",
    "SHRINK",
    "SIZES",
    "WINDOW",
    "Bucket",
    "ResidualTree",
    "Window",
    "liquidity_of",
    "size_of",
]

SHRINK: Final = 50
WINDOW: Final = 400
COINS: Final = "coins"
EVENT: Final = "event"
RESTS: Final = "rests"
TAKES: Final = "takes"
RESTING: Final = frozenset({"passive_limit", "passive_ladder", "time_drip", "iceberg"})
LIQUIDITIES: Final = ("tight", "usual", "wide", EVENT)
LIQUIDITY_BPS: Final = (0.5, 2.0)
SIZES: Final = ("small", "medium", "large")
SIZE_SHARES: Final = (0.1, 0.5)
# Of the conformal step, for the tree, policy, urgency, size, liquidity. Outcomes differ most by
# policy, and a kind that is young is taken for its neighbours.
STEP_SHARES: Final = (0.125, 0.5, 0.125, 0.125, 0.125)


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """The kind of an order: half-spread of its market, its size against depth, how it is worked."""

    policy: str
    urgency: str
    size: str
    liquidity: str

    @property
    def name(self) -> str:
        return f"{self.liquidity}/{self.policy}/{self.size}/{self.urgency}"

    def path(self) -> tuple[str, ...]:
        """The names from the root of its tree to this kind."""
        way = RESTS if self.policy in RESTING else TAKES
        second = f"{self.liquidity}/{self.policy}"
        within = f"{self.liquidity}/{way}", second, f"{second}/{self.size}", self.name
        return within if self.liquidity == EVENT else (f"{COINS}/{way}", *within)

    @property
    def root(self) -> str:
        """The tree that it stands in: nothing is learned from orders of another."""
        return self.path()[0]

    def groups(self) -> tuple[str, ...]:
        """What the conformal layer keeps an offset of: its tree, and within it each of the four."""
        root = self.root
        return (
            root,
            f"{root} policy {self.policy}",
            f"{root} urgency {self.urgency}",
            f"{root} size {self.size}",
            f"{root} liquidity {self.liquidity}",
        )

    def shares(self) -> dict[str, float]:
        """The groups, each with its share of the conformal step."""
        return dict(zip(self.groups(), STEP_SHARES, strict=True))

    @classmethod
    def of(cls, name: str) -> Bucket:
        """The kind behind a full name; ValueError for another text."""
        parts = name.split("/")
        if len(parts) != 4:
            raise ValueError(f"{name!r} is no kind of order: LIQUIDITY/POLICY/SIZE/URGENCY")
        liquidity, policy, size, urgency = parts
        return cls(policy, urgency, size, liquidity)


def liquidity_of(half_spread_bps: float, event: bool = False) -> str:
    """tight below 0.5 bps of half-spread, usual below 2, wide from there on; event contracts."""
    if event:
        return LIQUIDITIES[-1]
    return LIQUIDITIES[sum(half_spread_bps >= bound for bound in LIQUIDITY_BPS)]


def size_of(qty_1e8: int, depth_1e8: int) -> str:
    """small below a tenth of what stands near the touch, medium below half of it, else large."""
    share = qty_1e8 / depth_1e8 if depth_1e8 else float("inf")
    return SIZES[sum(share >= bound for bound in SIZE_SHARES)]


class Window:
    """The newest residuals of one kind, at most `size_max`, with their quantiles."""

    __slots__ = ("_ordered", "_values", "size_max")

    def __init__(self, size_max: int = WINDOW) -> None:
        assert size_max > 0
        self.size_max = size_max
        self._values: deque[float] = deque()
        self._ordered: list[float] = []

    def __len__(self) -> int:
        return len(self._values)

    @property
    def values(self) -> Sequence[float]:
        """Oldest first."""
        return tuple(self._values)

    def add(self, value: float) -> None:
        """Keep one more; the oldest goes when there are too many."""
        if len(self._values) == self.size_max:
            gone = self._values.popleft()
            del self._ordered[bisect_left(self._ordered, gone)]
        self._values.append(value)
        insort(self._ordered, value)

    def quantile(self, level: float) -> float:
        """The value at rank level (n + 1), between neighbours in proportion; needs one value.

        The next exchangeable value lies within with probability `level`, while the rank is one
        that the sample has.
        """
        ordered = self._ordered
        rank = level * (len(ordered) + 1) - 1.0
        if rank <= 0.0:
            return ordered[0]
        below = int(rank)
        if below + 1 >= len(ordered):
            return ordered[-1]
        share = rank - below
        return ordered[below] * (1.0 - share) + ordered[below + 1] * share

    def mean(self) -> float:
        return sum(self._ordered) / len(self._ordered)


class ResidualTree:
    """Windows by kind. The kinds are few by construction: one a policy, urgency, size, spread."""

    __slots__ = ("shrink", "window", "windows")

    def __init__(self, window: int = WINDOW, shrink: int = SHRINK) -> None:
        self.window = window
        self.shrink = shrink
        self.windows: dict[str, Window] = {}

    def add(self, path: Sequence[str], value: float) -> None:
        """One residual, for its kind and all above it: `path` names them from the root on."""
        for name in path:
            window = self.windows.get(name)
            if window is None:
                window = self.windows[name] = Window(self.window)
            window.add(value)

    def count(self, name: str) -> int:
        """Residuals that a kind has."""
        window = self.windows.get(name)
        return 0 if window is None else len(window)

    def quantile(self, path: Sequence[str], level: float, prior: float) -> float:
        """The pooled quantile at `level`; `prior` is that of the prior, in the same units."""
        return self._pooled(path, prior, lambda window: window.quantile(level))

    def mean(self, path: Sequence[str], prior: float) -> float:
        """The pooled mean; `prior` is that of the prior."""
        return self._pooled(path, prior, Window.mean)

    def _pooled(self, path: Sequence[str], prior: float, read: Callable[[Window], float]) -> float:
        pooled = prior
        for name in path:
            window = self.windows.get(name)
            if window is None:
                break
            own = len(window) / (len(window) + self.shrink)
            pooled = own * read(window) + (1.0 - own) * pooled
        return pooled
