"""The three delivery classes: what a full mailbox does with a message.

A `Command` is refused, and the sender sees it. An `Event` is accepted up to the mailbox's hard
capacity, past which the system halts: a lost fill is worse than a stop. A `Signal` is dropped and
counted.
"""

from __future__ import annotations

import msgspec

__all__ = ["Command", "Event", "Message", "Signal"]


class Message(msgspec.Struct, frozen=True, gc=False):
    """Base of all messages; derive from one of the three classes below."""


class Command(Message, frozen=True, gc=False):
    """Asks for something to be done; may be refused."""


class Event(Message, frozen=True, gc=False):
    """Something happened; it may not be lost."""


class Signal(Message, frozen=True, gc=False):
    """The newest state of something; an older one may be dropped."""
