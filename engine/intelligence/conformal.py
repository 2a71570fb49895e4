"""The online conformal layer: the level that is asked for moves until what comes is what was said.

Adaptive conformal inference (Gibbs and Candes, 2021) for several groups at once: the level of an
order is 0.9 plus an offset of each group that it belongs to (its tree of kinds, and within that its
policy, urgency, size and liquidity), and after each outcome every one of them moves by g (miss -
0.1). The step of 0.02 is shared out, so that an order moves by 0.02 in all; a group's g is its
share of it.

An offset is the sum of its own moves, so that, whatever the outcomes are, the share of misses of
a group over n outcomes is within |offset| / (g n) of 0.1 while the offset is not at its bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["LEVEL_MAX", "LEVEL_MIN", "OFFSET_MAX", "STEP", "AdaptiveLevels", "Tally"]

STEP: Final = 0.02
LEVEL_MIN: Final = 0.50
LEVEL_MAX: Final = 0.995
OFFSET_MAX: Final = 0.25


class Tally:
    """One group: its offset, and its outcomes from the first on."""

    __slots__ = ("inside", "offset", "scored")

    def __init__(self, offset: float = 0.0, scored: int = 0, inside: int = 0) -> None:
        self.offset = offset
        self.scored = scored
        self.inside = inside

    @property
    def coverage(self) -> float | None:
        """The share that came to lie within so far; None before the first."""
        return self.inside / self.scored if self.scored else None


class AdaptiveLevels:
    """The level to ask a model for, so that a share `wanted` of each group comes to lie within.

    `tallies` has one entry a name that was ever observed.
    """

    __slots__ = ("step", "tallies", "wanted")

    def __init__(self, wanted: float, step: float = STEP) -> None:
        assert LEVEL_MIN <= wanted <= LEVEL_MAX, "the wanted coverage is within the bounds"
        assert 0.0 <= step < 1.0, "a step is a share"
        self.wanted = wanted
        self.step = step
        self.tallies: dict[str, Tally] = {}

    def level(self, groups: Iterable[str]) -> float:
        """What to ask for an order of these groups."""
        asked = self.wanted
        for name in groups:
            tally = self.tallies.get(name)
            if tally is not None:
                asked += tally.offset
        return min(LEVEL_MAX, max(LEVEL_MIN, asked))

    def observe(
        self, shares: Mapping[str, float], inside: bool, counted: Iterable[str] = ()
    ) -> None:
        """One outcome of a forecast that was made earlier: its groups go further out on a miss.

        `shares` are the groups' of the step. Names that are only `counted` keep their offset.
        """
        move = self.step * ((0.0 if inside else 1.0) - (1.0 - self.wanted))
        for name, share in shares.items():
            tally = self._tally(name, inside)
            tally.offset = min(OFFSET_MAX, max(-OFFSET_MAX, tally.offset + share * move))
        for name in counted:
            self._tally(name, inside)

    def _tally(self, name: str, inside: bool) -> Tally:
        tally = self.tallies.get(name)
        if tally is None:
            tally = self.tallies[name] = Tally()
        tally.scored += 1
        tally.inside += inside
        return tally
