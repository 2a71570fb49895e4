"""Sessions: answers go to one, what is told goes to every private one, muting is for answers."""

from __future__ import annotations

from engine.model.units import Side
from tests.support.simulated_venues import FEED, T0, TRADE, exchange_of, quote
from venues.simulated.protocol import NotFound, Subscribe, encode
from venues.simulated.sessions import Sessions

FRAME = NotFound(id="a", ts=T0)
OTHER = 3


def desk() -> Sessions:
    sessions = Sessions({})
    sessions.connect(FEED, private=False)
    sessions.connect(TRADE, private=True)
    sessions.connect(OTHER, private=True)
    return sessions


def test_answers_and_tidings() -> None:
    sessions = desk()
    sessions.answer(FEED, FRAME)
    sessions.tell(FRAME)
    payload = encode(FRAME)
    assert sessions.take_outbox() == [(FEED, payload), (TRADE, payload), (OTHER, payload)]
    assert sessions.take_outbox() == []


def test_muting_swallows_answers_only() -> None:
    sessions = desk()
    sessions.muted = True
    sessions.answer(TRADE, FRAME)
    sessions.tell(FRAME)
    assert [session for session, _ in sessions.take_outbox()] == [TRADE, OTHER]


def test_who_left_hears_nothing() -> None:
    sessions = desk()
    sessions.disconnect(TRADE)
    sessions.tell(FRAME)
    assert [session for session, _ in sessions.take_outbox()] == [OTHER]
    sessions.answer(OTHER, FRAME)
    sessions.disconnect_all()
    sessions.tell(FRAME)
    assert sessions.take_outbox() == []


def test_subscriptions_end_with_their_session() -> None:
    exchange = exchange_of()
    exchange.on_request(FEED, encode(Subscribe(syms=("ETH-USD",))), T0)
    exchange.disconnect(FEED)
    quote(exchange, Side.SELL, "1", "2000")
    assert exchange.publish(T0) == []
