"""Channel names are understood, or refused with a sentence."""

from __future__ import annotations

import pytest

from engine.service.access.scopes import Scope
from engine.service.rest.stream.topics import (
    MARKET_KINDS,
    ORDER_KINDS,
    Topic,
    TopicKind,
    parse_topic,
)
from tests.support.stream_server import caller_of


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("orders", Topic("orders", TopicKind.ORDERS)),
        ("traces", Topic("traces", TopicKind.TRACES)),
        ("traces:g-1_x", Topic("traces:g-1_x", TopicKind.TRACES, "g-1_x")),
        ("prices:BTC-USD", Topic("prices:BTC-USD", TopicKind.PRICES, "BTC-USD")),
        ("prices:slug:no", Topic("prices:slug:no", TopicKind.PRICES, "slug:no")),
        ("book:X", Topic("book:X", TopicKind.BOOK, "X")),
        ("book:X?venues", Topic("book:X?venues", TopicKind.BOOK, "X", by_venue=True)),
        ("fair_price", Topic("fair_price", TopicKind.FAIR_PRICE)),
        ("fair_price:BTC", Topic("fair_price:BTC", TopicKind.FAIR_PRICE, "BTC")),
        ("funding", Topic("funding", TopicKind.FUNDING)),
        ("funding:v", Topic("funding:v", TopicKind.FUNDING, "", "v")),
        ("funding:v:S", Topic("funding:v:S", TopicKind.FUNDING, "S", "v")),
    ],
)
def test_a_channel_is_understood(channel: str, expected: Topic) -> None:
    assert parse_topic(channel, caller_of()) == expected


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [
        ("", "no such channel"),
        ("order", "no such channel"),
        ("ORDERS", "no such channel"),
        ("deployment:7", "traces:{graph_id}"),
        ("prices", "wants a symbol"),
        ("prices:", "after the colon"),
        ("orders:BTC-USD", "takes no name"),
        ("traces:../x", "a graph id has"),
        ("traces:" + "g" * 65, "a graph id has"),
    ],
)
def test_a_channel_is_refused_with_a_sentence(channel: str, sentence: str) -> None:
    reason = parse_topic(channel, caller_of())
    assert isinstance(reason, str)
    assert sentence in reason


def test_without_the_scope_to_read_nothing_is_given() -> None:
    caller = caller_of(scopes=frozenset({Scope.KILL}))
    assert "read" in str(parse_topic("orders", caller))
    assert "read" in str(parse_topic("prices:BTC-USD", caller))


def test_every_kind_is_either_ordered_or_conflated() -> None:
    assert set(TopicKind) == ORDER_KINDS | MARKET_KINDS
    assert not ORDER_KINDS & MARKET_KINDS
    assert Topic("x", TopicKind.FILLS).ordered
    assert not Topic("x", TopicKind.BOOK).ordered
