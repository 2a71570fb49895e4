"""The engine's end of a line to a simulated venue: the `Link` port over two mailboxes."""

from __future__ import annotations

from engine.runtime.actor import ActorRef
from venues.simulated.venue import LinkClose, LinkOpen, LinkSend

__all__ = ["SimulatedLink"]


class SimulatedLink:
    """One session of a simulated venue. `session` is unique at that venue.

    A private link is an order line (`TradeFrame`), any other a market data line (`FeedFrame`).
    The actor that gets what arrives is bound once it exists; an `open` before that waits for it.
    """

    def __init__(self, venue: ActorRef, session: int, *, private: bool, line: int = 0) -> None:
        self.venue = venue
        self.session = session
        self.private = private
        self.line = line
        self.target_id: int | None = None
        self.wanted = False

    def bind(self, target: ActorRef) -> None:
        """Name the session actor that owns this link."""
        self.target_id = target.actor_id
        if self.wanted:
            self.open()

    def open(self) -> None:
        """Start connecting; `LinkUp` follows after a round trip."""
        self.wanted = True
        if self.target_id is not None:
            self.venue.tell(LinkOpen(self.session, self.target_id, self.private, self.line))

    def close(self) -> None:
        """Hang up; nothing follows."""
        self.wanted = False
        self.venue.tell(LinkClose(self.session))

    def send(self, frame: bytes) -> bool:
        """Queue a frame; False when the venue's mailbox is full."""
        return self.venue.tell(LinkSend(self.session, frame))

    def request(self, request: str) -> bool:
        """These venues answer on the line only."""
        return False
