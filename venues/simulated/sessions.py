"""Sessions of a simulated venue: who is connected, and what leaves for whom."""

from __future__ import annotations

from collections.abc import Mapping

from venues.simulated.market_data import PublishedBook, SessionFrame
from venues.simulated.protocol import Frame, encode

__all__ = ["Sessions"]


class Sessions:
    """The line side of an exchange, which builds on it. Bounded by the links that exist.

    While `muted`, answers to the asking session vanish; what is told to all private ones does not.
    """

    def __init__(self, books: Mapping[str, PublishedBook]) -> None:
        self.books = books
        self.sessions: dict[int, bool] = {}
        self.outbox: list[SessionFrame] = []
        self.muted = False

    def connect(self, session: int, *, private: bool) -> None:
        """A session is there; a private one hears of the account's fills."""
        self.sessions[session] = private

    def disconnect(self, session: int) -> None:
        """The session is gone with its subscriptions; its orders stay."""
        self.sessions.pop(session, None)
        for book in self.books.values():
            book.subscribers.pop(session, None)

    def disconnect_all(self) -> None:
        """Every session is gone: the engine at the other end died."""
        self.sessions.clear()
        self.outbox.clear()
        for book in self.books.values():
            book.subscribers.clear()

    def answer(self, session: int, frame: Frame) -> None:
        """To the session that asked."""
        if not self.muted:
            self.outbox.append((session, encode(frame)))

    def tell(self, frame: Frame) -> None:
        """To every private session."""
        payload = encode(frame)
        self.outbox += [(one, payload) for one, private in self.sessions.items() if private]

    def take_outbox(self) -> list[SessionFrame]:
        """What was not sent yet."""
        frames, self.outbox = self.outbox, []
        return frames
