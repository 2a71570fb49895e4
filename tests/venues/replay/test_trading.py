"""Orders against recorded books: exact walks, consumed size, restoration, resting orders."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import DecodeError
from engine.model.fees import FeeSchedule, fee_1e9
from engine.model.orders import ReportKind, TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, TRADE, ask, child, kinds, place, seen, spot
from venues.replay.trading import Overlay, ReplayExchange
from venues.simulated.protocol import Cancel, OpenOrders, Query, encode
from venues.simulated.trade_codec import SimulatedTradeCodec
from venues.simulated.venue import HostedExchange

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


class Recording:
    """A book that a test writes."""

    def __init__(self) -> None:
        self.sides: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}

    def set(self, side: Side, price: str, qty: str) -> None:
        self.sides[side][price_1e9(price)] = qty_1e8(qty)
        if qty == "0":
            del self.sides[side][price_1e9(price)]

    def levels(self, symbol: str, side: Side) -> list[tuple[int, int]]:
        assert symbol == "ETH-USD"
        return sorted(self.sides[side].items(), reverse=side is Side.BUY)

    def level_qty(self, symbol: str, side: Side, price: int) -> int:
        return self.sides[side].get(price, 0)


def world(**options: Any) -> tuple[Recording, ReplayExchange]:
    recording = Recording()
    recording.set(Side.SELL, "2000", "1")
    recording.set(Side.SELL, "2001", "2")
    recording.set(Side.BUY, "1999", "1")
    exchange = ReplayExchange("test", (spot(),), recording.levels, recording.level_qty, **options)
    hosted: HostedExchange = exchange
    hosted.connect(TRADE, private=True)
    return recording, exchange


def test_a_sweep_takes_displayed_levels_in_order() -> None:
    _, exchange = world()
    frames = ask(exchange, place("a", "buy", "2.5", "2001", tif=IOC))
    assert kinds(frames) == ["ack", "fill", "fill"]
    assert [(f["fill"]["px"], f["fill"]["qty"]) for f in frames[1:]] == [
        ("2000", "1"),
        ("2001", "1.5"),
    ]
    assert frames[2]["fill"]["cum_fee"] == "5.0015"
    assert [f["fill"]["maker"] for f in frames[1:]] == [False, False]


def test_fees_are_rounded_up_to_a_billionth() -> None:
    recording = Recording()
    recording.set(Side.SELL, "0.000000007", "10")
    fees = FeeSchedule(taker_ppm=1_000)
    listing = spot(tick_1e9=1, notional_min_1e9=0, fees=fees)
    exchange = ReplayExchange("test", (listing,), recording.levels, recording.level_qty)
    exchange.connect(TRADE, private=True)
    frames = ask(exchange, place("a", "buy", "0.5", "0.000000007", tif=IOC))
    assert frames[1]["fill"]["fee"] == "0.000000001"
    assert fee_1e9(fees, 7, qty_1e8("0.5"), maker=False) == 1


def test_takes_consume_until_the_recording_changes_the_level() -> None:
    recording, exchange = world()
    ask(exchange, place("a", "buy", "0.6", "2000", tif=IOC))
    second = ask(exchange, place("b", "buy", "1", "2000", tif=IOC))
    assert (kinds(second), second[-1]["cum"]) == (["ack", "fill", "expired"], "0.4")
    assert kinds(ask(exchange, place("c", "buy", "1", "2000", tif=IOC))) == ["ack", "expired"]
    recording.set(Side.SELL, "2000", "0.7")
    fresh = ask(exchange, place("d", "buy", "1", "2000", tif=IOC))
    assert fresh[-1]["cum"] == "0.7"


def test_a_level_that_went_and_came_back_is_new() -> None:
    recording, exchange = world()
    ask(exchange, place("a", "buy", "1", "2000", tif=IOC))
    recording.set(Side.SELL, "2000", "0")
    exchange.publish(T0)
    recording.set(Side.SELL, "2000", "1")
    assert ask(exchange, place("b", "buy", "1", "2000", tif=IOC))[1]["cum"] == "1"


def test_fok_is_all_or_nothing_of_what_is_left() -> None:
    _, exchange = world()
    killed = ask(exchange, place("a", "buy", "3.5", "2001", tif=FOK))
    assert (kinds(killed), killed[1]["cum"]) == (["ack", "expired"], "0")
    assert kinds(ask(exchange, place("b", "buy", "3", "2001", tif=FOK))) == ["ack", "fill", "fill"]
    assert kinds(ask(exchange, place("c", "buy", "0.01", "2001", tif=FOK))) == ["ack", "expired"]


def test_market_orders_are_protected() -> None:
    recording, exchange = world()
    recording.set(Side.SELL, "2500", "5")
    frames = ask(exchange, place("a", "buy", "5", None))
    assert (kinds(frames)[-1], frames[-1]["cum"]) == ("expired", "3")
    recording.sides[Side.BUY].clear()
    assert ask(exchange, place("b", "sell", "5", None))[0]["code"] == "NO_LIQUIDITY"


def test_a_resting_order_fills_as_maker_when_the_recording_reaches_it() -> None:
    recording, exchange = world()
    assert kinds(ask(exchange, place("a", "buy", "2", "1999.5"))) == ["ack"]
    assert exchange.publish(T0) == []
    recording.set(Side.SELL, "1999.4", "0.5")
    (fill,) = seen(exchange.publish(T0 + 1))
    assert (fill["fill"]["px"], fill["fill"]["qty"], fill["fill"]["maker"]) == (
        "1999.5",
        "0.5",
        True,
    )
    assert fill["fill"]["maker_bps"] == 5.0
    assert exchange.publish(T0 + 2) == [], "the same displayed size fills once"
    recording.set(Side.SELL, "1999.4", "9")
    assert seen(exchange.publish(T0 + 3))[0]["cum"] == "2"
    assert not exchange.memory.open


def test_sells_mirror_buys() -> None:
    recording, exchange = world()
    ask(exchange, place("a", "sell", "3", "1998"))
    recording.set(Side.BUY, "1998", "1")
    frames = seen(exchange.publish(T0))
    assert [(f["fill"]["px"], f["fill"]["qty"]) for f in frames] == [("1998", "1")]


def test_cancel_query_and_open_orders() -> None:
    _, exchange = world()
    ask(exchange, place("a", "buy", "2", "2000"))
    (rows,) = seen(exchange.on_request(TRADE, encode(OpenOrders()), T0))
    assert [(row["id"], row["cum"]) for row in rows["orders"]] == [("a", "1")]
    assert kinds(ask(exchange, Cancel(id="a"))) == ["cancelled"]
    assert ask(exchange, Cancel(id="a"))[0]["code"] == "ORDER_NOT_OPEN"
    (status,) = ask(exchange, Query(id="a"))
    assert (status["state"], status["cum"], len(status["fills"])) == ("cancelled", "1", 1)
    assert kinds(ask(exchange, Query(id="zzz"))) == ["not_found"]
    assert ask(exchange, place("zzz", "buy", "1", "2000"))[0]["code"] == "VOID_CLIENT_ORDER_ID"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sym": "BTC-USD"}, "UNKNOWN_SYMBOL"),
        ({"qty": "0.0015"}, "OFF_LOT"),
        ({"px": "2000.001"}, "OFF_TICK"),
        ({"post": True}, "POST_ONLY_WOULD_CROSS"),
    ],
)
def test_refusals(changes: dict[str, Any], code: str) -> None:
    _, exchange = world()
    fields: dict[str, Any] = {"client_id": "a", "side": "buy", "qty": "1", "px": "2000"} | changes
    assert ask(exchange, place(**fields))[0]["code"] == code


def test_bounds() -> None:
    recording, exchange = world(open_max=1)
    ask(exchange, place("a", "buy", "1", "1000"))
    assert ask(exchange, place("b", "buy", "1", "1000"))[0]["code"] == "EXCHANGE_BUSY"
    assert ask(exchange, place("a", "buy", "1", "1000"))[0]["code"] == "DUPLICATE_CLIENT_ORDER_ID"
    overlay = Overlay(recording.level_qty, size_max=1)
    for price in ("2000", "2001"):
        overlay.take("ETH-USD", Side.SELL, price_1e9(price), qty_1e8("1"))
    assert len(overlay.taken) == 1
    with pytest.raises(AssertionError):
        overlay.take("ETH-USD", Side.SELL, price_1e9("2001"), qty_1e8("1.5"))


def test_the_simulated_trade_codec_speaks_to_it() -> None:
    _, exchange = world()
    codec = SimulatedTradeCodec("test")
    order = child("a", limit_price_1e9=price_1e9("2001"), tif=IOC)
    frames = exchange.on_request(TRADE, codec.encode_place(order, T0), T0)
    reports = [report for _, frame in frames for report in codec.decode(frame, T0)]
    assert [report.kind for report in reports] == [
        ReportKind.ACCEPTED,
        ReportKind.FILL,
        ReportKind.FILL,
    ]
    (_, answer), *_ = exchange.on_request(TRADE, b"nonsense", T0)
    assert codec.decode(answer, T0)[0].kind is ReportKind.REJECTED
    with pytest.raises(DecodeError):
        codec.decode(b"nonsense", T0)


def test_sessions_come_and_go() -> None:
    recording, exchange = world()
    assert kinds(seen(exchange.heartbeat(T0))) == ["heartbeat"]
    ask(exchange, place("a", "buy", "1", "1999.5"))
    exchange.disconnect(TRADE)
    recording.set(Side.SELL, "1999.5", "1")
    assert exchange.publish(T0) == []
    exchange.connect(TRADE, private=True)
    assert ask(exchange, Query(id="a"))[0]["state"] == "filled"
    exchange.disconnect_all()
    assert exchange.heartbeat(T0) == []


def test_a_list_has_the_orders_of_the_engine() -> None:
    _, exchange = world()
    codec = SimulatedTradeCodec("test")
    ask(exchange, place("xg1-1-0-1-0", "buy", "1.5", "2000"))
    ask(exchange, place("xg1-1-0-1-1", "buy", "1", "1990"))
    ask(exchange, Cancel(id="xg1-1-0-1-1"))
    ask(exchange, place("foreign", "buy", "1", "1990"))
    ((_, frame),) = exchange.on_request(TRADE, codec.encode_list(T0), T0)
    listed = codec.decode_list(frame, T0)
    assert listed is not None
    assert [(one.client_order_id, one.reports[-1].kind) for one in listed] == [
        ("xg1-1-0-1-1", ReportKind.CANCELLED),
        ("xg1-1-0-1-0", ReportKind.STATUS),
    ]
    assert listed[1].reports[0].cum_qty_1e8 == qty_1e8("1")
