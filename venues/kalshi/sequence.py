"""The numbering of one Kalshi subscription: what a `seq` says about lost messages.

`seq` counts the messages of a subscription (`sid`), whatever market they are of. A jump proves a
loss only to a reader that gets the whole subscription: our own link does, a recording cut down to
one market does not. The reader counts as getting all of it when it saw the `subscribed` answer,
or the numbers 1 and 2 first; otherwise jumps are taken for other markets' messages.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Final

__all__ = ["Numbering", "Verdict"]

RECENT_MAX: Final = 64


class Verdict(IntEnum):
    """What to do with a message, by its number."""

    FOLLOWS = 0
    DUPLICATE = 1
    """Seen before; drop it."""
    LOSS = 2
    """Something is missing or out of order: no book of the subscription is to be trusted."""
    RESTART = 3
    """A snapshot with a lower number: a new connection numbers from the beginning."""


class Numbering:
    """Last number and the recent ones of one subscription."""

    __slots__ = ("last", "recent", "seen", "whole")

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.last = -1
        self.seen = 0
        self.recent: deque[int] = deque(maxlen=RECENT_MAX)

    def judge(self, seq: int, *, snapshot: bool) -> Verdict:
        """Verdict on the next message; the state moves on to it unless it lies behind."""
        last = self.last
        if seq > last:
            if self.seen == 1 and last == 1 and seq == 2:
                self.whole = True
            self.advance(seq)
            lost = self.whole and last >= 0 and seq != last + 1
            return Verdict.LOSS if lost else Verdict.FOLLOWS
        if snapshot and seq < last:
            self.restart(seq)
            return Verdict.RESTART
        return Verdict.DUPLICATE if seq in self.recent else Verdict.LOSS

    def restart(self, seq: int) -> None:
        """Numbering begins anew with this message, on a connection that was not seen opening."""
        self.whole = False
        self.seen = 0
        self.recent.clear()
        self.advance(seq)

    def advance(self, seq: int) -> None:
        """Remember a number as the last one."""
        self.last = seq
        self.seen += 1
        self.recent.append(seq)
