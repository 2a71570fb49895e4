"""Native amendments at the venue: queue, races, numbers, balances, breakdowns."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.native import NativeVerbs
from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, ask, exchange_of, kinds, place, quote, seen
from venues.simulated.amend_frames import Amend
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.protocol import Batch, Cancel, Query, encode

EDITS = NativeVerbs(decrease=True, amend=True, batch_max=3)


def venue(native: NativeVerbs = EDITS, **config: Any) -> SimulatedExchange:
    """A buy `a` of 2 at 2000 rests; others stand before and behind it with 1 each."""
    exchange = exchange_of(config=ExchangeConfig(native=native, **config))
    quote(exchange, Side.BUY, "1", "2000")
    assert kinds(ask(exchange, place("a", "buy", "2", "2000"))) == ["ack"]
    quote(exchange, Side.BUY, "1", "2000")
    return exchange


def amend(exchange: SimulatedExchange, rev: int, qty: str, px: str, **more: Any) -> dict[str, Any]:
    (frame, *_) = ask(exchange, Amend(id="a", rev=rev, qty=qty, px=px, **more))
    return frame


def ahead(exchange: SimulatedExchange) -> int:
    order = exchange.memory.open["a"]
    position = exchange.books["ETH-USD"].book.queue(order.number)
    assert position is not None
    return position.qty_ahead_1e8


def hit(exchange: SimulatedExchange, qty: str, px: str = "2000") -> list[dict[str, Any]]:
    """Somebody sells into the bids; what the account hears of it."""
    exchange.flow_place("ETH-USD", Side.SELL, qty_1e8(qty), price_1e9(px), T0, TimeInForce.IOC)
    return seen(exchange.publish(T0))


def test_a_decrease_keeps_the_place_and_frees_its_part_of_the_hold() -> None:
    exchange = venue()
    frame = amend(exchange, 1, "1.5", "2000")
    assert (frame["ev"], frame["id"], frame["qty"], frame["cum"]) == ("amended", "a", "1.5", "0")
    assert ahead(exchange) == qty_1e8("1")
    assert exchange.account.held["USD"] == price_1e9("3003")
    (fill,) = hit(exchange, "3")
    assert (fill["ev"], fill["cum"]) == ("fill", "1.5")
    assert exchange.account.held["USD"] == 0
    assert exchange.memory.get("a") is exchange.memory.closed["a"]


@pytest.mark.parametrize(("qty", "px", "before"), [("3", "2000", "2"), ("1", "1999", "0")])
def test_more_or_another_price_joins_the_back(qty: str, px: str, before: str) -> None:
    exchange = venue()
    assert amend(exchange, 1, qty, px)["ev"] == "amended"
    assert ahead(exchange) == qty_1e8(before)
    order = exchange.memory.open["a"]
    assert (order.qty_1e8, order.limit_1e9) == (qty_1e8(qty), price_1e9(px))
    held = price_1e9(px) * qty_1e8(qty) // 10**8
    assert exchange.account.held["USD"] == held + held // 1_000


def test_a_price_that_crosses_trades_at_once_and_tells_the_fill_after_the_answer() -> None:
    exchange = venue()
    quote(exchange, Side.SELL, "0.5", "2001")
    frames = ask(exchange, Amend(id="a", rev=1, qty="2", px="2001"))
    assert kinds(frames) == ["amended", "fill"]
    assert frames[1]["cum"] == "0.5"


@pytest.mark.parametrize("qty", ["1", "0.5"])
def test_a_total_that_is_filled_already_is_refused_with_the_text(qty: str) -> None:
    exchange = venue()
    hit(exchange, "2")
    frame = amend(exchange, 1, qty, "2000")
    assert (frame["ev"], frame["code"]) == ("amend_reject", "BELOW_FILLED")
    assert frame["text"] == "1 is filled already; the new total must be above it"
    assert (frame["qty"], frame["px"], frame["cum"]) == ("2", "2000", "1")
    assert amend(exchange, 2, "1.25", "2000")["ev"] == "amended"
    assert exchange.memory.open["a"].left_1e8 == qty_1e8("0.25")


@pytest.mark.parametrize(
    ("native", "qty", "px", "code"),
    [
        (NativeVerbs(), "1", "2000", "NOT_SUPPORTED"),
        (NativeVerbs(decrease=True), "3", "2000", "NOT_SUPPORTED"),
        (NativeVerbs(decrease=True), "1", "1999", "NOT_SUPPORTED"),
        (EDITS, "0.0005", "2000", "OFF_LOT"),
        (EDITS, "2", "2000.001", "OFF_TICK"),
        (EDITS, "x", "2000", "MALFORMED_REQUEST"),
        (EDITS, "900000000", "2000", "INSUFFICIENT_BALANCE"),
    ],
)
def test_what_a_venue_does_not_do_leaves_the_order_as_it_was(
    native: NativeVerbs, qty: str, px: str, code: str
) -> None:
    exchange = venue(native)
    before = exchange.account.held["USD"]
    frame = amend(exchange, 1, qty, px)
    assert (frame["ev"], frame["code"]) == ("amend_reject", code)
    assert exchange.account.held["USD"] == before
    assert ahead(exchange) == qty_1e8("1")
    assert exchange.memory.open["a"].qty_1e8 == qty_1e8("2")


def test_each_number_is_decided_once_and_a_query_voids_what_has_not_come() -> None:
    exchange = venue()
    assert amend(exchange, 1, "1.5", "2000")["ev"] == "amended"
    copy = amend(exchange, 1, "1.5", "2000")
    assert (copy["ev"], copy["qty"], copy["rev"]) == ("status", "1.5", 1)
    (status,) = ask(exchange, Query(id="a", rev=2))
    assert (status["qty"], status["rev"]) == ("1.5", 2)
    late = amend(exchange, 2, "1", "2000")
    assert (late["ev"], late["qty"]) == ("status", "1.5")
    refused = amend(exchange, 3, "0", "2000")
    assert refused["ev"] == "amend_reject"
    assert amend(exchange, 3, "1", "2000")["ev"] == "status", "a copy of a refused one"


def test_orders_that_are_gone_or_unknown() -> None:
    exchange = venue()
    ask(exchange, Cancel(id="a"))
    frame = amend(exchange, 1, "1", "2000")
    assert (frame["code"], frame["text"]) == ("ORDER_NOT_OPEN", "order is cancelled")
    (unknown,) = ask(exchange, Amend(id="b", rev=1, qty="1", px="2000"))
    assert (unknown["code"], "qty" in unknown) == ("UNKNOWN_ORDER", False)


def test_post_only_never_takes_and_reduce_only_never_grows() -> None:
    exchange = venue()
    quote(exchange, Side.SELL, "5", "2001")
    ask(exchange, place("p", "buy", "1", "1999", post=True))
    (frame,) = ask(exchange, Amend(id="p", rev=1, qty="1", px="2001"))
    assert frame["code"] == "POST_ONLY_WOULD_CROSS"
    ask(exchange, place("t", "buy", "1", "2001", tif=TimeInForce.IOC))
    assert kinds(ask(exchange, place("r", "sell", "1", "2100", reduce=True))) == ["ack"]
    (frame,) = ask(exchange, Amend(id="r", rev=1, qty="2", px="2100"))
    assert frame["code"] == "REDUCE_ONLY_WOULD_INCREASE"


def test_rate_age_and_signature_count_for_amendments_too() -> None:
    exchange = venue(recv_window_ns=10)
    assert amend(exchange, 1, "1", "2000", sent=T0 - 11)["code"] == "STALE_REQUEST"
    exchange.door.signature_valid = False
    assert amend(exchange, 2, "1", "2000")["code"] == "INVALID_SIGNATURE"
    assert amend(venue(places_max=1), 1, "1", "2000")["code"] == "RATE_LIMITED"


def test_after_a_breakdown_only_a_query_knows() -> None:
    totals = set()
    for seed in range(20):
        exchange = venue()
        exchange.rng.seed(seed)
        exchange.door.config = ExchangeConfig(native=EDITS, server_error_ppm=1_000_000)
        frame = amend(exchange, 1, "1", "2000")
        assert (frame["ev"], frame["code"], "qty" in frame) == ("amend_reject", "HTTP_503", False)
        (status,) = ask(exchange, Query(id="a", rev=1))
        assert status["rev"] == 1
        totals.add(status["qty"])
    assert totals == {"1", "2"}


def test_a_batch_is_answered_one_by_one_and_too_large_a_one_takes_nothing() -> None:
    exchange = venue()
    some = (place("b", "buy", "1", "1990"), Cancel(id="a"), place("c", "buy", "9", "0.001"))
    frames = seen(exchange.on_request(2, encode(Batch(requests=some)), T0))
    assert [(one["ev"], one["id"]) for one in frames] == [
        ("ack", "b"),
        ("cancelled", "a"),
        ("reject", "c"),
    ]
    many = tuple(place(f"d{i}", "buy", "1", "1990") for i in range(3))
    frames = seen(exchange.on_request(2, encode(Batch(requests=(*many, Cancel(id="b")))), T0))
    assert [one["ev"] for one in frames] == ["reject", "reject", "reject", "cancelled"]
    assert {one["code"] for one in frames[:3]} == {"NOT_SUPPORTED"}
