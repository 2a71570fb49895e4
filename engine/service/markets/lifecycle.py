"""Markets as they appear and resolve: the last 128 events of each kind, and who wants the next."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.rows import (
    MarketFact,
    MarketResolvedEvent,
    MarketRow,
    NewMarketEvent,
)

__all__ = ["RING_MAX", "EventRing", "Lifecycle", "new_market", "resolved_market"]

RING_MAX = 128
SUBSCRIBERS_MAX = 1_024

log = logging.getLogger("execgraph.markets")

T = TypeVar("T")


class EventRing(Generic[T]):
    """The last events, oldest first, and up to 1,024 subscribers to the next ones.

    `recent` and `subscribe` without an await between them miss nothing and repeat nothing.
    """

    def __init__(self, size: int = RING_MAX) -> None:
        self._events: deque[T] = deque(maxlen=size)
        self._subscribers: dict[int, Callable[[T], None]] = {}
        self._last_number = 0

    def recent(self) -> list[T]:
        """What a reader who connects now is shown first."""
        return list(self._events)

    def subscribe(self, receive: Callable[[T], None]) -> Callable[[], None]:
        """Have `receive` called with every event from now on; the answer ends that.

        It must not block; one that raises is not called again. ApiError SERVICE_UNAVAILABLE when
        there are too many.
        """
        if len(self._subscribers) >= SUBSCRIBERS_MAX:
            text = "too many readers of market events; try again later"
            raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, text, retryable=True)
        self._last_number += 1
        number = self._last_number
        self._subscribers[number] = receive

        def unsubscribe() -> None:
            self._subscribers.pop(number, None)

        return unsubscribe

    def append(self, event: T) -> None:
        """Keep an event and hand it out."""
        self._events.append(event)
        for number, receive in list(self._subscribers.items()):
            try:
                receive(event)
            except Exception:  # one reader's fault must not end the others'
                log.exception("a reader of market events failed and is dropped")
                self._subscribers.pop(number, None)


class Lifecycle:
    """Both kinds of events."""

    def __init__(self) -> None:
        self.new_markets: EventRing[NewMarketEvent] = EventRing()
        self.resolved: EventRing[MarketResolvedEvent] = EventRing()


def new_market(row: MarketRow, now_ns: int) -> NewMarketEvent:
    """The row of a minted market as an event."""
    fields = {name: getattr(row, name) for name in MarketRow.__struct_fields__}
    return NewMarketEvent(**fields, observed_at_ns=now_ns)


def resolved_market(fact: MarketFact, now_ns: int) -> MarketResolvedEvent:
    """The end of a resolved market as an event."""
    assert fact.resolved is not None, "it has resolved"
    winner = fact.outcomes.index(fact.resolved)
    return MarketResolvedEvent(
        venue=fact.venue,
        slug=fact.slug,
        event_id=fact.event_id,
        winning_outcome=fact.resolved,
        winning_token_id=fact.token_ids[winner],
        losing_token_id=fact.token_ids[1 - winner],
        observed_at_ns=now_ns,
    )
