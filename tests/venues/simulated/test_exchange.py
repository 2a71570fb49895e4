"""The simulated exchange: orders, refusals, races, fees and balances, frame by frame."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import (
    FEED,
    T0,
    TRADE,
    ask,
    exchange_of,
    kinds,
    perp,
    place,
    quote,
    seen,
    spot,
)
from venues.simulated.account import SEED_BALANCE_1E9
from venues.simulated.exchange import ExchangeConfig
from venues.simulated.protocol import Cancel, OpenOrders, Query, Subscribe, encode

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def test_a_taker_gets_ack_fills_and_the_end() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2000")
    quote(exchange, Side.SELL, "1", "2001")
    frames = ask(exchange, place("a", "buy", "3", "2001", tif=IOC))
    assert kinds(frames) == ["ack", "fill", "fill", "expired"]
    assert [frame["fill"]["px"] for frame in frames[1:3]] == ["2000", "2001"]
    assert [frame["cum"] for frame in frames[1:]] == ["1", "2", "2"]
    fill = frames[2]["fill"]
    assert (fill["fee"], fill["cum_fee"], fill["fee_asset"]) == ("2.001", "4.001", "USD")
    assert (fill["maker"], fill["taker_bps"], "maker_bps" in fill) == (False, 10.0, False)
    spent = price_1e9("4001") + price_1e9("4.001")
    assert exchange.account.balance("USD") == SEED_BALANCE_1E9 - spent
    assert exchange.account.available("USD") == exchange.account.balance("USD")


def test_a_resting_order_is_filled_as_maker_and_frees_its_hold() -> None:
    exchange = exchange_of()
    assert kinds(ask(exchange, place("a", "buy", "2", "2000"))) == ["ack"]
    assert exchange.account.held["USD"] == price_1e9("4004")
    quote(exchange, Side.SELL, "1.5", "2000")
    (frame,) = seen(exchange.publish(T0))
    assert (frame["ev"], frame["id"], frame["fill"]["maker"]) == ("fill", "a", True)
    assert frame["fill"]["fee"] == "1.5"
    assert exchange.account.held["USD"] == price_1e9("1001")
    assert kinds(ask(exchange, Cancel(id="a"))) == ["cancelled"]
    assert exchange.account.held["USD"] == 0


def test_fok_and_market() -> None:
    exchange = exchange_of()
    nothing = ask(exchange, place("m", "buy", "1", None, tif=IOC))
    assert nothing[0]["code"] == "NO_LIQUIDITY"
    quote(exchange, Side.SELL, "1", "2000")
    killed = ask(exchange, place("f", "buy", "2", "2000", tif=FOK))
    assert kinds(killed) == ["ack", "expired"]
    assert killed[1]["cum"] == "0"
    quote(exchange, Side.SELL, "1", "2500")
    frames = ask(exchange, place("n", "buy", "2", None))
    assert kinds(frames) == ["ack", "fill", "expired"], "2500 is beyond the protection"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sym": "XRP-USD"}, "UNKNOWN_SYMBOL"),
        ({"qty": "0.001"}, "BELOW_MINIMUM"),
        ({"px": "2000.001"}, "OFF_TICK"),
        ({"qty": "1000000000"}, "INSUFFICIENT_BALANCE"),
        ({"px": "2100", "post": True}, "POST_ONLY_WOULD_CROSS"),
        ({"reduce": True}, "REDUCE_ONLY_WOULD_INCREASE"),
        ({"sent": T0 - 6_000_000_000}, "STALE_REQUEST"),
    ],
)
def test_refusals_leave_no_trace_but_a_void_id(changes: dict[str, Any], code: str) -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2100")
    fields: dict[str, Any] = {"client_id": "a", "side": "buy", "qty": "1", "px": "2000"} | changes
    (frame,) = ask(exchange, place(**fields))
    assert (frame["ev"], frame["id"], frame["code"]) == ("reject", "a", code)
    assert exchange.account.balances == {"USD": SEED_BALANCE_1E9}
    assert not any(exchange.account.held.values())
    assert kinds(ask(exchange, Query(id="a"))) == ["not_found"]
    again = ask(exchange, place("a", "buy", "1", "2000"))
    assert again[0]["code"] == "VOID_CLIENT_ORDER_ID"


def test_a_closed_market_refuses() -> None:
    exchange = exchange_of()
    exchange.books["ETH-USD"].open = False
    assert ask(exchange, place("a", "buy", "1", "2000"))[0]["code"] == "MARKET_CLOSED"


def test_an_id_is_good_for_one_order() -> None:
    exchange = exchange_of()
    ask(exchange, place("a", "buy", "1", "2000"))
    assert ask(exchange, place("a", "buy", "1", "2000"))[0]["code"] == "DUPLICATE_CLIENT_ORDER_ID"
    assert kinds(ask(exchange, Query(id="a"))) == ["status"], "the first one lives on"


def test_the_fill_wins_when_it_came_first() -> None:
    exchange = exchange_of()
    ask(exchange, place("a", "buy", "1", "2000"))
    quote(exchange, Side.SELL, "1", "2000")
    frames = ask(exchange, Cancel(id="a"))
    assert kinds(frames) == ["fill", "cancel_reject"]
    assert (frames[1]["code"], frames[1]["cum"]) == ("ORDER_NOT_OPEN", "1")
    assert ask(exchange, Cancel(id="b"))[0]["code"] == "UNKNOWN_ORDER"


def test_queries_prove_open_closed_and_absent_orders() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2000")
    ask(exchange, place("a", "buy", "1.5", "2000"))
    (status,) = ask(exchange, Query(id="a"))
    assert (status["state"], status["cum"], len(status["fills"])) == ("open", "1", 1)
    ask(exchange, Cancel(id="a"))
    (status,) = ask(exchange, Query(id="a"))
    assert (status["state"], status["cum"]) == ("cancelled", "1")
    assert kinds(ask(exchange, Query(id="zzz"))) == ["not_found"]
    late = ask(exchange, place("zzz", "buy", "1", "2000"))
    assert late[0]["code"] == "VOID_CLIENT_ORDER_ID", "not found is final"


def test_open_orders_lists_what_rests() -> None:
    exchange = exchange_of()
    ask(exchange, place("a", "buy", "1", "2000"))
    ask(exchange, place("b", "sell", "1", "2100"))
    ask(exchange, Cancel(id="a"))
    (frame,) = seen(exchange.on_request(TRADE, encode(OpenOrders()), T0))
    assert [row["id"] for row in frame["orders"]] == ["b"]


def test_orders_of_the_account_never_trade_with_each_other() -> None:
    exchange = exchange_of()
    ask(exchange, place("a", "buy", "1", "2000"))
    frames = ask(exchange, place("b", "sell", "1", "2000"))
    assert kinds(frames) == ["ack", "cancelled"]
    assert (frames[1]["id"], frames[1]["reason"]) == ("a", "self_trade_prevention")


def test_the_rate_limit_counts_places_only() -> None:
    exchange = exchange_of(config=ExchangeConfig(places_max=2))
    frames = [ask(exchange, place(name, "buy", "1", "2000"))[0] for name in "abc"]
    assert [frame.get("code") for frame in frames] == [None, None, "RATE_LIMITED"]
    assert kinds(ask(exchange, Cancel(id="a"))) == ["cancelled"]
    later = ask(exchange, place("d", "buy", "1", "2000"), T0 + 1_000_000_000)
    assert kinds(later) == ["ack"]


def test_unclassified_fills_are_a_seeded_share() -> None:
    def flags(seed: int) -> list[object]:
        exchange = exchange_of(config=ExchangeConfig(unclassified_ppm=500_000), seed=seed)
        found = []
        for number in range(40):
            quote(exchange, Side.SELL, "1", "2000")
            frames = ask(exchange, place(f"a{number}", "buy", "1", "2000"))
            found.append(frames[1]["fill"].get("maker"))
        return found

    assert {*flags(1)} == {None, False}
    assert flags(1) == flags(1) != flags(2)


def test_busy_answers_are_seeded() -> None:
    exchange = exchange_of(config=ExchangeConfig(busy_ppm=1_000_000))
    assert ask(exchange, place("a", "buy", "1", "2000"))[0]["code"] == "EXCHANGE_BUSY"


def test_reduce_only_closes_a_position() -> None:
    exchange = exchange_of(perp())
    exchange.account.set_position(perp(), -qty_1e8("1"), price_1e9("2000"))
    quote(exchange, Side.SELL, "1", "1900", "ETH-USD-PERP")
    reduce = place("a", "buy", "1", "1900", sym="ETH-USD-PERP", reduce=True)
    assert kinds(ask(exchange, reduce)) == ["ack", "fill"]
    assert exchange.account.position("ETH-USD-PERP").qty_1e8 == 0
    assert exchange.fund("ETH-USD-PERP", 100) == 0


def test_subscriptions_and_heartbeats() -> None:
    exchange = exchange_of()
    quote(exchange, Side.SELL, "1", "2000")
    frames = ask(exchange, Subscribe(syms=("ETH-USD", "XRP-USD")))
    assert kinds(frames) == ["snapshot", "reject"]
    assert (frames[0]["seq"], frames[0]["asks"]) == (1, [["2000", "1"]])
    quote(exchange, Side.BUY, "1", "1999")
    assert [session for session, _ in exchange.publish(T0)] == [FEED]
    beats = exchange.heartbeat(T0)
    assert [session for session, _ in beats] == [FEED, TRADE]
    assert seen(beats)[0]["seqs"] == {"ETH-USD": 2}


def test_orders_outlive_their_sessions() -> None:
    exchange = exchange_of()
    ask(exchange, place("a", "buy", "1", "2000"))
    exchange.disconnect_all()
    quote(exchange, Side.SELL, "1", "2000")
    assert exchange.publish(T0) == [], "a fill nobody listens to is lost"
    exchange.connect(TRADE, private=True)
    (status,) = ask(exchange, Query(id="a"))
    assert (status["state"], status["fills"][0]["qty"]) == ("filled", "1")


def test_garbage_is_refused() -> None:
    (frame,) = seen(exchange_of().on_request(TRADE, b"garbage", T0))
    assert frame["code"] == "MALFORMED_REQUEST"


def test_holds_and_balances_stay_exact_under_random_orders() -> None:
    rng = random.Random(7)
    exchange = exchange_of(spot(), config=ExchangeConfig(closed_max=50))
    for number in range(600):
        side = rng.choice(("buy", "sell"))
        price = f"{rng.randrange(1990, 2010)}"
        if rng.random() < 0.5:
            quote(exchange, Side[side.upper()], f"{rng.randrange(1, 9)}", price)
        elif rng.random() < 0.3:
            ask(exchange, Cancel(id=f"a{rng.randrange(number)}"))
        else:
            tif = rng.choice((TimeInForce.GTC, IOC, FOK))
            qty = f"{rng.randrange(1, 9)}"
            ask(exchange, place(f"a{number}", side, qty, price, tif=tif))
    account, memory = exchange.account, exchange.memory
    assert len(memory.closed) == 50
    held: dict[str, int] = {}
    for order in memory.open.values():
        assert order.held is not None
        held[order.held[0]] = held.get(order.held[0], 0) + order.held[1]
        assert exchange.books["ETH-USD"].book.open_qty(order.number) == order.left_1e8
    assert {a: n for a, n in account.held.items() if n} == {a: n for a, n in held.items() if n}
    position = account.position("ETH-USD")
    assert account.balance("ETH") == position.qty_1e8 * 10
    for order in list(memory.open.values()):
        ask(exchange, Cancel(id=order.client_id))
    assert not any(account.held.values())
    assert not exchange.by_number
