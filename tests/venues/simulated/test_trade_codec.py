"""Order codec: what it writes is what the venue reads, and every frame becomes its report."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.model.orders import OrderReport, ReportKind, TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, TRADE, child, exchange_of, quote, spot
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.protocol import Cancel, ListOrders, Place, Query, decode_request
from venues.simulated.trade_codec import SimulatedTradeCodec

CODEC = SimulatedTradeCodec("test")


def reports(exchange: SimulatedExchange, payload: bytes) -> list[OrderReport]:
    frames = exchange.on_request(TRADE, payload, T0)
    return [report for _, frame in frames for report in CODEC.decode(frame, T0 + 5)]


@given(
    lots=st.integers(1, 10**10),
    ticks=st.integers(1, 10**9),
    lot=st.sampled_from(["0.001", "0.00000001", "1", "5"]),
    tick=st.sampled_from(["0.01", "0.000000001", "1", "0.5"]),
    tif=st.sampled_from(list(TimeInForce)),
    post=st.booleans(),
    reduce=st.booleans(),
    side=st.sampled_from(list(Side)),
)
def test_place_is_exact(
    lots: int,
    ticks: int,
    lot: str,
    tick: str,
    tif: TimeInForce,
    post: bool,
    reduce: bool,
    side: Side,
) -> None:
    listing = spot(lot_1e8=qty_1e8(lot), tick_1e9=price_1e9(tick), venue_symbol='ODD"SYM')
    order = child(
        listing=listing,
        qty_1e8=lots * listing.lot_1e8,
        limit_price_1e9=ticks * listing.tick_1e9,
        tif=tif,
        post_only=post,
        reduce_only=reduce,
        side=side,
    )
    request = decode_request(CODEC.encode_place(order, T0))
    assert isinstance(request, Place)
    assert (qty_1e8(request.qty), price_1e9(request.px or "")) == (
        order.qty_1e8,
        order.limit_price_1e9,
    )
    assert (request.id, request.sym, request.side) == (order.client_order_id, 'ODD"SYM', side.text)
    assert (request.tif, request.post, request.reduce, request.sent) == (tif, post, reduce, T0)


def test_cancel_and_query_name_the_child() -> None:
    assert decode_request(CODEC.encode_cancel(child("a"), T0)) == Cancel(id="a")
    assert decode_request(CODEC.encode_query(child("a"), T0)) == Query(id="a")


def test_the_life_of_an_order() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2325")
    accepted, fill = reports(exchange, CODEC.encode_place(child("a"), T0))
    assert (accepted.kind, accepted.client_order_id) == (ReportKind.ACCEPTED, "a")
    assert (fill.kind, fill.cum_qty_1e8) == (ReportKind.FILL, qty_1e8("1"))
    assert (fill.exchange_ns, fill.recv_ns, fill.venue) == (T0, T0 + 5, "test")
    assert fill.venue_order_id == accepted.venue_order_id
    assert fill.fill is not None
    assert fill.fill.price_1e9 == price_1e9("2325")
    assert (fill.fill.fee_1e9, fill.fill.fee_asset) == (price_1e9("2.325"), "USD")
    assert (fill.fill.is_maker, fill.fill.taker_fee_bps_applied) == (False, 10.0)
    assert fill.fill.venue_reported_cum_fee_1e9 == price_1e9("2.325")
    proof, status = reports(exchange, CODEC.encode_query(child("a"), T0))
    assert proof.fill == fill.fill, "a query repeats fills so that lost ones are found"
    assert (status.kind, status.working) == (ReportKind.STATUS, True)
    (listed,) = reports(exchange, CODEC.encode_open_orders())
    assert (listed.kind, listed.working, listed.client_order_id) == (ReportKind.STATUS, True, "a")
    (cancelled,) = reports(exchange, CODEC.encode_cancel(child("a"), T0))
    assert (cancelled.kind, cancelled.cum_qty_1e8) == (ReportKind.CANCELLED, qty_1e8("1"))
    last = reports(exchange, CODEC.encode_query(child("a"), T0))[-1]
    assert (last.kind, last.cum_qty_1e8) == (ReportKind.CANCELLED, qty_1e8("1"))
    (race,) = reports(exchange, CODEC.encode_cancel(child("a"), T0))
    assert (race.kind, race.code) == (ReportKind.CANCEL_REJECTED, "ORDER_NOT_OPEN")


def test_refusals() -> None:
    exchange = exchange_of()
    order = child("a", qty_1e8=qty_1e8("0.001"))
    (rejected,) = reports(exchange, CODEC.encode_place(order, T0))
    assert (rejected.kind, rejected.code) == (ReportKind.REJECTED, "BELOW_MINIMUM")
    assert "lower than the minimum" in rejected.text
    (absent,) = reports(exchange, CODEC.encode_query(order, T0))
    assert (absent.kind, absent.cum_qty_1e8) == (ReportKind.NOT_FOUND, 0)


def test_a_repeated_request_does_not_reject_the_living_order() -> None:
    exchange = exchange_of()
    request = CODEC.encode_place(child("a"), T0)
    reports(exchange, request)
    (second,) = reports(exchange, request)
    assert second.kind is ReportKind.UNKNOWN


def test_expiry() -> None:
    exchange = exchange_of()
    order = child("a", tif=TimeInForce.IOC)
    kinds = [report.kind for report in reports(exchange, CODEC.encode_place(order, T0))]
    assert kinds == [ReportKind.ACCEPTED, ReportKind.EXPIRED]
    assert reports(exchange, CODEC.encode_query(order, T0))[-1].kind is ReportKind.EXPIRED


def test_heartbeats_say_nothing() -> None:
    for _, frame in exchange_of().heartbeat(T0):
        assert CODEC.decode(frame, T0) == ()


@given(st.binary(max_size=60))
def test_random_bytes_are_decode_errors(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        CODEC.decode(payload, T0)


def test_truncated_and_wrong_numbers_are_decode_errors() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2325")
    frames = exchange.on_request(TRADE, CODEC.encode_place(child("a"), T0), T0)
    fill = frames[1][1]
    for end in range(len(fill)):
        with pytest.raises(DecodeError):
            CODEC.decode(fill[:end], T0)
    with pytest.raises(DecodeError):
        CODEC.decode(fill.replace(b'"2325"', b'"many"'), T0)


def test_the_rate_limit_is_a_429() -> None:
    exchange = exchange_of(config=ExchangeConfig(places_max=1))
    reports(exchange, CODEC.encode_place(child("a"), T0))
    (limited,) = reports(exchange, CODEC.encode_place(child("b"), T0))
    assert (limited.kind, limited.code) == (ReportKind.REJECTED, "429")
    assert limited.text == "too many requests (code: 429)"


def test_a_server_error_is_no_proof() -> None:
    exchange = exchange_of(config=ExchangeConfig(server_error_ppm=1_000_000))
    (unsure,) = reports(exchange, CODEC.encode_place(child("a"), T0))
    assert (unsure.kind, unsure.code) == (ReportKind.UNKNOWN, "HTTP_503")
    assert unsure.text == "service unavailable (code: 503)"


def test_a_list_request_asks_for_our_orders_of_the_last_day() -> None:
    day_ns = 86_400 * 10**9
    request = decode_request(CODEC.encode_list(T0))
    assert request == ListOrders(prefix="xg", since=T0 - day_ns)
    assert decode_request(CODEC.encode_list(5)) == ListOrders(prefix="xg", since=0)


def test_a_forgotten_order_is_listed_with_all_that_a_query_would_say() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2325")
    names = ["xg1-1-0-1-0", "xg1-1-0-1-1", "xg1-1-0-1-2", "foreign"]
    tifs = [TimeInForce.GTC, TimeInForce.IOC, TimeInForce.GTC, TimeInForce.GTC]
    for name, tif in zip(names, tifs, strict=True):
        reports(exchange, CODEC.encode_place(child(name, tif=tif), T0))
    reports(exchange, CODEC.encode_cancel(child(names[2]), T0))
    ((_, frame),) = exchange.on_request(TRADE, CODEC.encode_list(T0), T0)
    listed = CODEC.decode_list(frame, T0 + 5)
    assert listed is not None
    assert [one.client_order_id for one in listed] == [names[1], names[2], names[0]]
    for one in listed:
        asked = reports(exchange, CODEC.encode_query(child(one.client_order_id), T0))
        assert one.reports == tuple(asked)
        assert one.venue_order_id == asked[-1].venue_order_id
        assert (one.venue_symbol, one.side) == ("ETH-USD", Side.BUY)
        assert (one.qty_1e8, one.limit_price_1e9) == (qty_1e8("1.5"), price_1e9("2325.05"))
    expired, cancelled, working = listed
    assert (expired.tif, expired.reports[-1].kind) == (TimeInForce.IOC, ReportKind.EXPIRED)
    assert cancelled.reports[-1].kind is ReportKind.CANCELLED
    assert [report.kind for report in working.reports] == [ReportKind.FILL, ReportKind.STATUS]
    assert working.reports[-1].working
    flat = [report for one in listed for report in one.reports]
    assert CODEC.decode(frame, T0 + 5) == flat, "the plain reports say the same"


def test_a_filled_order_is_listed_as_done() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "5", "2325")
    reports(exchange, CODEC.encode_place(child(), T0))
    ((_, frame),) = exchange.on_request(TRADE, CODEC.encode_list(T0), T0)
    listed = CODEC.decode_list(frame, T0)
    assert listed is not None
    (one,) = listed
    assert [report.kind for report in one.reports] == [ReportKind.FILL, ReportKind.STATUS]
    assert not one.reports[-1].working
    assert one.reports[-1].cum_qty_1e8 == one.qty_1e8


def test_other_frames_are_no_list() -> None:
    exchange = exchange_of()
    for payload in (CODEC.encode_place(child(), T0), CODEC.encode_open_orders()):
        for _, frame in exchange.on_request(TRADE, payload, T0):
            assert CODEC.decode_list(frame, T0) is None
    with pytest.raises(DecodeError):
        CODEC.decode_list(b"{}", T0)


def test_a_list_that_cannot_be_read_is_a_decode_error() -> None:
    exchange = exchange_of()
    reports(exchange, CODEC.encode_place(child(), T0))
    ((_, frame),) = exchange.on_request(TRADE, CODEC.encode_list(T0), T0)
    for broken in (frame.replace(b'"buy"', b'"hold"'), frame.replace(b'"1.5"', b'"many"')):
        assert broken != frame
        with pytest.raises(DecodeError):
            CODEC.decode_list(broken, T0)
