"""Published books: numbered deltas, exact snapshots, nothing when nothing changed."""

from __future__ import annotations

import msgspec
import pytest

from engine.model.units import Side, price_1e9
from tests.support.simulated_venues import FEED, T0, exchange_of, kinds, quote, seen


def test_deltas_are_numbered_and_absolute() -> None:
    exchange = exchange_of()
    book = exchange.books["ETH-USD"]
    book.subscribers[FEED] = None
    quote(exchange, Side.BUY, "1", "2000")
    quote(exchange, Side.BUY, "2", "2000")
    (delta,) = seen(book.publish(T0))
    assert (delta["prev"], delta["seq"], delta["bids"]) == (0, 1, [["2000", "3"]])
    assert book.publish(T0) == []
    number = quote(exchange, Side.SELL, "1", "2001")
    exchange.flow_cancel("ETH-USD", number)
    (delta,) = seen(book.publish(T0))
    assert (delta["prev"], delta["seq"], delta["asks"]) == (1, 2, [["2001", "0"]])


def test_trades_come_before_the_delta_they_caused() -> None:
    exchange = exchange_of()
    book = exchange.books["ETH-USD"]
    book.subscribers[FEED] = None
    quote(exchange, Side.BUY, "1", "2000")
    quote(exchange, Side.SELL, "0.4", "2000")
    frames = seen(book.publish(T0))
    assert kinds(frames) == ["trade", "delta"]
    assert (frames[0]["side"], frames[0]["qty"], frames[0]["px"]) == ("sell", "0.4", "2000")


def test_sequence_advances_without_listeners() -> None:
    exchange = exchange_of()
    book = exchange.books["ETH-USD"]
    quote(exchange, Side.BUY, "1", "2000")
    assert book.publish(T0) == []
    assert book.sequence == 1
    assert msgspec.json.decode(book.snapshot(T0))["seq"] == 1


def test_a_snapshot_with_changes_pending_is_refused() -> None:
    exchange = exchange_of()
    quote(exchange, Side.BUY, "1", "2000")
    with pytest.raises(AssertionError):
        exchange.books["ETH-USD"].snapshot(T0)


def test_mid() -> None:
    exchange = exchange_of()
    quote(exchange, Side.BUY, "1", "2000")
    assert exchange.books["ETH-USD"].mid_1e9() is None
    quote(exchange, Side.SELL, "1", "2002")
    assert exchange.books["ETH-USD"].mid_1e9() == price_1e9("2001")
