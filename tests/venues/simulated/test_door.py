"""The door: every failure of the reference by its real cause, as far as its classification."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.decisions.classify import Failure, classify
from engine.model.orders import ChildOrder, OrderReport, ReportKind
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, TRADE, ask, child, exchange_of, kinds, place, quote
from venues.simulated.catalogue import sandbox_listings
from venues.simulated.door import Door, ExchangeConfig
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.faults import FaultModel, FaultRates
from venues.simulated.orders import OrderMemory
from venues.simulated.protocol import Query
from venues.simulated.trade_codec import SimulatedTradeCodec

ALWAYS = 1_000_000
HOUR_NS = 3_600_000_000_000
LISTINGS = {
    venue: next(one for one in sandbox_listings() if one.venue == venue)
    for venue in ("polymarket", "kalshi")
}
SMALL = {"polymarket": "3", "kalshi": "0.5"}
TOO_SMALL = {
    "polymarket": "Size (3) lower than the minimum: 5",
    "kalshi": "Size (0.5) lower than the minimum: 1",
}


def order(venue: str, name: str = "xg1-1-0-1-0", qty: str = "10") -> ChildOrder:
    price = price_1e9("0.4")
    return child(name, listing=LISTINGS[venue], qty_1e8=qty_1e8(qty), limit_price_1e9=price)


def sent(
    venue: str, config: ExchangeConfig, *orders: ChildOrder, now_ns: int = T0
) -> tuple[SimulatedExchange, list[OrderReport]]:
    exchange = exchange_of(LISTINGS[venue], config=config)
    codec = SimulatedTradeCodec(venue)
    reports: list[Any] = []
    for one in orders:
        for _, frame in exchange.on_request(TRADE, codec.encode_place(one, now_ns), now_ns):
            reports.extend(codec.decode(frame, now_ns))
    return exchange, reports


def unindexed(venue: str, until_ns: int = T0 + 1) -> ExchangeConfig:
    return ExchangeConfig(indexed_at_ns={LISTINGS[venue].venue_symbol: until_ns})


REFERENCE = [
    # cause, habits, (report, code, text), (failure, machine code, retry_after_ms)
    (
        "429: past the rate limit",
        lambda venue: ExchangeConfig(places_max=1),
        ("REJECTED", "429", "too many requests (code: 429)"),
        (Failure.TRANSIENT, "RATE_LIMITED", None),
    ),
    (
        "5xx: the venue broke down",
        lambda venue: ExchangeConfig(server_error_ppm=ALWAYS),
        ("UNKNOWN", "HTTP_503", "service unavailable (code: 503)"),
        (Failure.UNKNOWN, "unknown_outcome", None),
    ),
    (
        "a size below the minimum",
        lambda venue: ExchangeConfig(),
        ("REJECTED", "BELOW_MINIMUM", TOO_SMALL),
        (Failure.TERMINAL, "TOO_SMALL", None),
    ),
    (
        "a signature that does not hold",
        lambda venue: ExchangeConfig(signature_valid=False),
        ("REJECTED", "INVALID_SIGNATURE", "invalid signature"),
        (Failure.TERMINAL, "INVALID_SIGNATURE", None),
    ),
    (
        "metadata that is not indexed yet",
        unindexed,
        ("REJECTED", "METADATA_NOT_INDEXED", "market metadata not yet indexed (gamma)"),
        (Failure.TERMINAL, "METADATA_NOT_INDEXED", 30_000),
    ),
]


@pytest.mark.parametrize("venue", ["polymarket", "kalshi"])
@pytest.mark.parametrize(
    ("cause", "habits", "reported", "classified"), REFERENCE, ids=[row[0] for row in REFERENCE]
)
def test_every_failure_of_the_reference_from_cause_to_classification(
    venue: str, cause: str, habits: Any, reported: Any, classified: Any
) -> None:
    small = reported[1] == "BELOW_MINIMUM"
    orders = [order(venue, qty=SMALL[venue] if small else "10")]
    if reported[1] == "429":
        orders.append(order(venue, "xg1-1-0-2-0"))
    _, reports = sent(venue, habits(venue), *orders)
    kind, code, text = reported
    text = text[venue] if isinstance(text, dict) else text
    last = reports[-1]
    assert (last.kind, last.code, last.text) == (ReportKind[kind], code, text)
    found = classify(venue, last.code, last.text)
    assert (found.failure, found.code, found.retry_after_ms) == classified
    if venue == "polymarket":
        assert classify(venue, "", last.text).failure is classified[0], "the text alone says it too"


def test_metadata_is_indexed_in_time() -> None:
    until = T0 + 30_000_000_000
    for venue in LISTINGS:
        _, early = sent(venue, unindexed(venue, until), order(venue), now_ns=until - 1)
        _, late = sent(venue, unindexed(venue, until), order(venue), now_ns=until)
        assert [report.kind for report in early] == [ReportKind.REJECTED]
        assert [report.kind for report in late] == [ReportKind.ACCEPTED]
    other = ExchangeConfig(indexed_at_ns={"another": until})
    assert sent("kalshi", other, order("kalshi"))[1][0].kind is ReportKind.ACCEPTED


def test_a_server_error_leaves_it_open_whether_the_order_exists() -> None:
    exchange = exchange_of(config=ExchangeConfig(server_error_ppm=ALWAYS), seed=3)
    taken = []
    for number in range(60):
        name = f"a{number}"
        frames = ask(exchange, place(name, "buy", "1", "2000"))
        assert [(frame["ev"], frame["code"]) for frame in frames] == [("reject", "HTTP_503")]
        taken.append(kinds(ask(exchange, Query(id=name))) == ["status"])
    assert 15 < sum(taken) < 45


def test_a_server_error_does_not_hide_what_the_stream_tells() -> None:
    codes = set()
    for seed in range(20):
        exchange = exchange_of(config=ExchangeConfig(server_error_ppm=ALWAYS), seed=seed)
        quote(exchange, Side.SELL, "1", "2000")
        frames = ask(exchange, place("a", "buy", "1", "2000"))
        codes.add(tuple(kinds(frames)))
    assert codes == {("reject",), ("fill", "reject")}


def test_an_order_that_failed_unseen_may_be_sent_again_and_a_living_one_is_kept() -> None:
    for seed in range(20):
        exchange = exchange_of(config=ExchangeConfig(server_error_ppm=ALWAYS), seed=seed)
        ask(exchange, place("a", "buy", "1", "2000"))
        existed = exchange.memory.get("a") is not None
        exchange.door.config = ExchangeConfig()
        (frame,) = ask(exchange, place("a", "buy", "1", "2000"))
        assert frame["ev"] == ("reject" if existed else "ack")
        assert frame.get("code") == ("DUPLICATE_CLIENT_ORDER_ID" if existed else None)


def test_a_key_is_revoked_and_given_back() -> None:
    exchange = exchange_of()
    ask(exchange, place("a", "buy", "1", "2000"))
    exchange.door.signature_valid = False
    assert ask(exchange, place("b", "buy", "1", "2000"))[0]["text"] == "invalid signature"
    repeated = ask(exchange, place("a", "buy", "1", "2000"))[0]
    assert repeated["code"] == "DUPLICATE_CLIENT_ORDER_ID", "the order lives: no proof against it"
    exchange.door.signature_valid = True
    assert kinds(ask(exchange, place("c", "buy", "1", "2000"))) == ["ack"]


@pytest.mark.parametrize(
    ("rates", "code"),
    [
        (FaultRates(rate_storm_every_ns=HOUR_NS, rate_storm_ns=HOUR_NS), "RATE_LIMITED"),
        (FaultRates(error_storm_every_ns=HOUR_NS, error_storm_ns=HOUR_NS), "HTTP_503"),
    ],
)
def test_every_place_of_a_storm_gets_its_answer_until_it_is_healed(
    rates: FaultRates, code: str
) -> None:
    exchange = exchange_of()
    exchange.weather = FaultModel(rates, random.Random(1))
    for number in range(10):
        answer = ask(exchange, place(f"a{number}", "buy", "1", "2000"), T0 + number)
        assert answer[-1]["code"] == code
    exchange.weather.heal()
    assert kinds(ask(exchange, place("b", "buy", "1", "2000"))) == ["ack"]


def test_habits_that_are_off_draw_nothing() -> None:
    exchange = exchange_of(seed=4)
    ask(exchange, place("a", "buy", "1", "2000"))
    assert exchange.rng.random() == random.Random(4).random()


class Fair:
    """A venue without weather."""

    weather: FaultModel | None = None


def test_the_rate_window_follows_a_clock_that_goes_back() -> None:
    door = Door(ExchangeConfig(places_max=1), random.Random(1), OrderMemory(), Fair())
    assert not door.over_rate(T0)
    assert door.over_rate(T0 + 1)
    assert not door.over_rate(T0 - 1)
    assert not door.over_rate(T0 + HOUR_NS)
