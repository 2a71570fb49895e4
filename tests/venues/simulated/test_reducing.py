"""Reduce-only orders: refused whole when too large, cancelled when the position shrinks."""

from __future__ import annotations

import random

import pytest

from engine.model.instruments import Listing
from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, ask, exchange_of, kinds, perp, place, quote, seen
from venues.simulated.catalogue import sandbox_listings
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.orders import ClientOrder
from venues.simulated.reducing import Reducing

SYMBOL = "ETH-USD-PERP"
LONG = qty_1e8("2")


def order(number: int, side: Side, qty: str, *, reduce: bool = True) -> ClientOrder:
    price = price_1e9("2000")
    tif = TimeInForce.GTC
    return ClientOrder(
        f"a{number}", number, perp(), side, qty_1e8(qty), price, tif, T0, reduce=reduce
    )


def event(venue: str) -> Listing:
    return next(one for one in sandbox_listings() if one.venue == venue)


def holding(listing: Listing, qty: str = "2", price: str = "2000") -> SimulatedExchange:
    exchange = exchange_of(listing)
    exchange.account.set_position(listing, qty_1e8(qty), price_1e9(price))
    return exchange


def test_older_orders_are_served_first() -> None:
    reducing = Reducing()
    orders = [order(1, Side.SELL, "1.5"), order(2, Side.SELL, "1"), order(3, Side.SELL, "0.5")]
    for one in orders:
        reducing.add(one)
    assert reducing.resting_1e8(SYMBOL) == qty_1e8("3")
    assert reducing.excess(SYMBOL, LONG) == [orders[1]]
    assert reducing.excess(SYMBOL, 0) == orders
    assert reducing.excess(SYMBOL, -LONG) == orders, "the position is on the other side"
    reducing.drop(orders[0])
    assert reducing.excess(SYMBOL, LONG) == []
    assert reducing.of("BTC-USD-PERP") == []


def test_other_orders_are_not_kept() -> None:
    reducing = Reducing()
    reducing.add(order(1, Side.SELL, "1", reduce=False))
    assert reducing.orders == {}


@pytest.mark.parametrize(
    ("listing", "price", "held"),
    [
        (perp(), "2000", "2"),
        (event("polymarket"), "0.42", "20"),
        (event("kalshi"), "0.42", "20"),
    ],
    ids=["perp", "polymarket", "kalshi"],
)
def test_too_large_is_refused_whole_and_never_clipped(
    listing: Listing, price: str, held: str
) -> None:
    exchange = holding(listing, held, price)
    sym = listing.venue_symbol
    large = place("a", "sell", f"{int(held) + 1}", price, sym=sym, reduce=True)
    assert ask(exchange, large)[0]["code"] == "REDUCE_ONLY_WOULD_INCREASE"
    wrong = place("b", "buy", held, price, sym=sym, reduce=True)
    assert ask(exchange, wrong)[0]["code"] == "REDUCE_ONLY_WOULD_INCREASE"
    assert kinds(ask(exchange, place("c", "sell", held, price, sym=sym, reduce=True))) == ["ack"]
    second = place("d", "sell", held, price, sym=sym, reduce=True)
    assert ask(exchange, second)[0]["code"] == "REDUCE_ONLY_WOULD_INCREASE", "one rests already"
    quote(exchange, Side.BUY, held, price, sym)
    assert kinds(seen(exchange.publish(T0))) == ["fill"]
    assert exchange.account.position(sym).qty_1e8 == 0
    assert exchange.reducing.orders == {}


@pytest.mark.parametrize(
    ("listing", "price"),
    [(perp(), "2000"), (event("polymarket"), "0.42"), (event("kalshi"), "0.42")],
    ids=["perp", "polymarket", "kalshi"],
)
def test_post_and_reduce_together(listing: Listing, price: str) -> None:
    sym = listing.venue_symbol
    exchange = holding(listing, "20", price)
    quote(exchange, Side.BUY, "20", price, sym)
    crossing = place("a", "sell", "10", price, sym=sym, reduce=True, post=True)
    assert ask(exchange, crossing)[0]["code"] == "POST_ONLY_WOULD_CROSS"
    assert exchange.reducing.orders == {}
    higher = "0.5" if price == "0.42" else "2001"
    resting = place("b", "sell", "10", higher, sym=sym, reduce=True, post=True)
    assert kinds(ask(exchange, resting)) == ["ack"]
    quote(exchange, Side.BUY, "10", higher, sym)
    (fill,) = seen(exchange.publish(T0))
    assert (fill["ev"], fill["cum"]) == ("fill", "10")


def test_a_resting_one_goes_when_its_position_does() -> None:
    exchange = holding(perp())
    stop = place("stop", "sell", "2", "2100", sym=SYMBOL, reduce=True)
    assert kinds(ask(exchange, stop)) == ["ack"]
    quote(exchange, Side.BUY, "1", "2000", SYMBOL)
    frames = ask(exchange, place("a", "sell", "1", "2000", sym=SYMBOL))
    assert kinds(frames) == ["ack", "fill", "cancelled"]
    assert (frames[2]["id"], frames[2]["reason"]) == ("stop", "reduce_only")
    assert exchange.books[SYMBOL].book.open_qty(2) == 0
    assert exchange.account.position(SYMBOL).qty_1e8 == qty_1e8("1")


def test_an_ioc_that_reduces_is_not_cancelled_by_its_own_fill() -> None:
    exchange = holding(perp())
    quote(exchange, Side.BUY, "1", "2000", SYMBOL)
    ioc = place("a", "sell", "2", "2000", sym=SYMBOL, reduce=True, tif=TimeInForce.IOC)
    assert kinds(ask(exchange, ioc)) == ["ack", "fill", "expired"]
    assert exchange.reducing.orders == {}


@pytest.mark.parametrize("seed", range(4))
def test_resting_ones_never_exceed_the_position_under_random_orders(seed: int) -> None:
    rng = random.Random(seed)
    exchange = exchange_of(perp())
    cancelled = 0
    for number in range(400):
        side, price = rng.choice(("buy", "sell")), f"{rng.randrange(1990, 2010)}"
        qty = f"{rng.randrange(1, 9)}"
        if rng.random() < 0.4:
            quote(exchange, Side[side.upper()], qty, price, SYMBOL)
            frames = seen(exchange.publish(T0))
        else:
            tif = rng.choice((TimeInForce.GTC, TimeInForce.IOC))
            reduce = rng.random() < 0.6
            wanted = place(f"a{number}", side, qty, price, sym=SYMBOL, tif=tif, reduce=reduce)
            frames = ask(exchange, wanted)
        cancelled += sum(frame.get("reason") == "reduce_only" for frame in frames)
        held = exchange.account.position(SYMBOL).qty_1e8
        assert exchange.reducing.resting_1e8(SYMBOL) <= abs(held)
        assert all(held * one.side.sign < 0 for one in exchange.reducing.of(SYMBOL))
        resting = [one for one in exchange.memory.open.values() if one.reduce]
        assert resting == exchange.reducing.of(SYMBOL)
    assert cancelled, "the rule was put to work"
