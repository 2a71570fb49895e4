"""The rings of market events: bounded, in order, and unharmed by a reader that fails."""

from __future__ import annotations

import logging

import msgspec
import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.lifecycle import RING_MAX, EventRing, Lifecycle, resolved_market
from engine.service.markets.rows import MarketFact

FACT = MarketFact(
    venue="polymarket",
    slug="s",
    question="?",
    outcomes=("Up", "Down"),
    token_ids=("1", "2"),
    event_id="0x5",
)


def test_the_last_128_are_kept_in_order() -> None:
    ring: EventRing[int] = EventRing()
    for number in range(RING_MAX + 2):
        ring.append(number)
    assert ring.recent() == [*range(2, RING_MAX + 2)]
    ring.recent().clear()
    assert len(ring.recent()) == RING_MAX


def test_a_reader_hears_everything_between_its_two_words() -> None:
    ring: EventRing[int] = EventRing()
    heard: list[int] = []
    ring.append(1)
    end = ring.subscribe(heard.append)
    ring.append(2)
    ring.append(3)
    end()
    end()
    ring.append(4)
    assert heard == [2, 3]


def test_a_reader_that_fails_is_dropped_and_the_others_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ring: EventRing[int] = EventRing()
    heard: list[int] = []
    calls: list[int] = []

    def fail(event: int) -> None:
        calls.append(event)
        raise RuntimeError("full")

    ring.subscribe(fail)
    ring.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        ring.append(1)
        ring.append(2)
    assert (calls, heard) == ([1], [1, 2])
    assert "dropped" in caplog.text


def test_readers_are_bounded() -> None:
    ring: EventRing[int] = EventRing()
    for _ in range(1_024):
        ring.subscribe(lambda event: None)
    with pytest.raises(ApiError) as caught:
        ring.subscribe(lambda event: None)
    assert caught.value.code is ErrorCode.SERVICE_UNAVAILABLE
    assert caught.value.retryable


@pytest.mark.parametrize(("winner", "tokens"), [("Up", ("1", "2")), ("Down", ("2", "1"))])
def test_the_winning_token_is_that_of_the_outcome(winner: str, tokens: tuple[str, str]) -> None:
    event = resolved_market(msgspec.structs.replace(FACT, resolved=winner), 7)
    assert (event.winning_token_id, event.losing_token_id) == tokens
    assert msgspec.to_builtins(event) == {
        "kind": "market_resolved",
        "venue": "polymarket",
        "slug": "s",
        "event_id": "0x5",
        "winning_outcome": winner,
        "winning_token_id": tokens[0],
        "losing_token_id": tokens[1],
        "observed_at_ns": 7,
    }


def test_both_rings_are_separate() -> None:
    lifecycle = Lifecycle()
    lifecycle.resolved.append(resolved_market(msgspec.structs.replace(FACT, resolved="Up"), 1))
    assert len(lifecycle.resolved.recent()) == 1
    assert lifecycle.new_markets.recent() == []
