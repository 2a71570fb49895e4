"""Sessions of a simulated venue: who is connected, and what leaves for whom."""

from __future__ import annotations

from collections.abc import Mapping

from venues.simulated.faults import FaultModel
from venues.simulated.market_data import PublishedBook, SessionFrame
from venues.simulated.order_checks import no_market
from venues.simulated.protocol import Frame, Reject, Subscribe, encode

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
        self.weather: FaultModel | None = None

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

    def subscribe(self, session: int, request: Subscribe, now_ns: int) -> None:
        """Snapshot of every known symbol, then its deltas."""
        for symbol in request.syms:
            book = self.books.get(symbol)
            if book is None:
                known = no_market(symbol)
                self.answer(session, Reject(id="", code=known.code, text=known.text, ts=now_ns))
                continue
            self.outbox.extend(book.publish(now_ns))
            book.subscribers[session] = None
            self.outbox.append((session, book.snapshot(now_ns)))

    def clock(self, now_ns: int) -> int:
        """The venue's own time, which may jump."""
        return now_ns if self.weather is None else self.weather.venue_ns(now_ns)

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
