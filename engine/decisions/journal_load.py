"""How much of the record waits for the disk: nothing new begins before the journal must halt."""

from __future__ import annotations

__all__ = ["JournalLoad"]


class JournalLoad:
    """The journal writes `depth` (entries that are not durable yet), whoever admits reads it.

    Past half of what the journal may hold, new graphs wait at their client; what runs goes on.
    """

    __slots__ = ("_mark", "depth")

    def __init__(self, depth_max: int) -> None:
        self._mark = depth_max // 2
        self.depth = 0

    @property
    def high(self) -> bool:
        """Whether nothing new should begin."""
        return self.depth > self._mark
