"""The hosting actor: latency, order, faults as silence, an exchange that outlives it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.kernels.delta_ring import DeltaRing
from engine.messages import BookStale, FeedFrame, LinkDown, LinkUp, SnapshotNeeded
from engine.model.units import Side
from tests.support.simulated_books import Books
from tests.support.simulated_link_rig import LATENCY_NS, Rig
from tests.support.simulated_venues import T0, exchange_of, place, quote
from venues.simulated.catalogue import build_sandbox
from venues.simulated.faults import FaultRates
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.protocol import Cancel, Query, Subscribe, encode

ALWAYS = 1_000_000


def frames(rig: Rig, probe: Any) -> list[dict[str, Any]]:
    decoded = [msgspec.json.decode(payload) for payload in rig.payloads(probe)]
    return [frame for frame in decoded if frame["ev"] != "heartbeat"]


def test_links_come_up_after_a_round_trip() -> None:
    rig = Rig(exchange_of())
    rig.connect()
    assert rig.feed.heard == [(T0 + 2 * LATENCY_NS, LinkUp(3))]
    assert rig.trade.heard == [(T0 + 2 * LATENCY_NS, LinkUp(0))]


def test_latency_both_ways_and_the_right_frames() -> None:
    rig = Rig(exchange_of())
    rig.connect()
    sent_ns = rig.driver.now_ns
    assert rig.trade_link.send(encode(place("a", "buy", "1", "2000", sent=sent_ns)))
    rig.feed_link.send(encode(Subscribe(syms=("ETH-USD",))))
    rig.driver.run_for(2 * LATENCY_NS)
    at_ns, message = rig.trade.heard[-1]
    assert (at_ns, message.recv_ns) == (sent_ns + 2 * LATENCY_NS,) * 2
    assert [frame["ev"] for frame in frames(rig, rig.trade)] == ["ack"]
    assert isinstance(rig.feed.heard[-1][1], FeedFrame)
    assert rig.feed.heard[-1][1].line == 3
    assert frames(rig, rig.feed)[0]["bids"] == [["2000", "1"]]


def test_ticks_publish_and_heartbeats_flow() -> None:
    exchange = exchange_of()
    rig = Rig(exchange)
    rig.connect()
    rig.feed_link.send(encode(Subscribe(syms=("ETH-USD",))))
    rig.driver.run_for(3 * LATENCY_NS)
    quote(exchange, Side.SELL, "1", "2000")
    rig.driver.run_for(100_000_000)
    assert [frame["ev"] for frame in frames(rig, rig.feed)] == ["snapshot", "delta"]
    rig.driver.run_for(1_000_000_000)
    assert any(b"heartbeat" in payload for payload in rig.payloads(rig.feed))


def test_a_lost_request_is_silence() -> None:
    exchange = exchange_of()
    rig = Rig(exchange)
    rig.connect()
    rig.faults.rates, rig.faults.on = FaultRates(loss_ppm=ALWAYS), True
    assert rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.driver.run_for(1_000_000_000)
    assert frames(rig, rig.trade) == []
    assert exchange.memory.get("a") is None
    rig.faults.heal()
    rig.trade_link.send(encode(Query(id="a")))
    rig.driver.run_for(2 * LATENCY_NS)
    assert frames(rig, rig.trade)[0]["ev"] == "not_found"


def test_a_lost_answer_leaves_the_order_at_the_venue() -> None:
    exchange = exchange_of()
    rig = Rig(exchange)
    rig.connect()
    rig.faults.rates, rig.faults.on = FaultRates(lost_answer_ppm=ALWAYS), True
    rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.driver.run_for(1_000_000_000)
    assert frames(rig, rig.trade) == []
    assert exchange.memory.get("a") is not None


def test_a_broken_connection_reports_and_comes_back() -> None:
    exchange = exchange_of()
    rig = Rig(exchange)
    rig.connect()
    rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.driver.run_for(LATENCY_NS // 2)
    rig.faults.rates, rig.faults.on = FaultRates(disconnect_ppm=ALWAYS), True
    rig.trade_link.send(encode(Cancel(id="a")))
    rig.driver.run_until_idle(100)
    rig.faults.heal()
    rig.driver.run_for(2_000_000_000)
    kinds = [type(message) for _, message in rig.trade.heard[:3]]
    assert kinds[:2] == [LinkUp, LinkDown]
    assert LinkUp in [type(message) for _, message in rig.trade.heard[2:]]
    assert frames(rig, rig.trade) == [], "the answer left on the broken line"
    assert exchange.memory.get("a") is not None, "the request had left before"


def test_a_duplicated_request_is_processed_twice() -> None:
    rig = Rig(exchange_of())
    rig.connect()
    rig.faults.rates, rig.faults.on = FaultRates(duplicate_ppm=ALWAYS), True
    rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.driver.run_until_idle(100)
    rig.faults.on = False
    rig.driver.run_for(1_000_000_000)
    kinds = [frame["ev"] for frame in frames(rig, rig.trade)]
    assert kinds == ["ack", "reject"]


def test_order_is_kept_unless_a_fault_breaks_it() -> None:
    def sequence(rates: FaultRates) -> list[str]:
        exchange = exchange_of()
        rig = Rig(exchange, rates=rates)
        rig.faults.on = False
        rig.connect()
        rig.faults.on = True
        for number in range(30):
            rig.trade_link.send(encode(place(f"a{number}", "buy", "1", "2000")))
        rig.driver.run_until_idle(100)
        rig.faults.on = False
        rig.driver.run_for(1_000_000_000)
        return list(exchange.memory.open)

    sent = [f"a{number}" for number in range(30)]
    assert sequence(FaultRates(delay_ppm=500_000)) == sent
    swapped = sequence(FaultRates(reorder_ppm=500_000))
    assert swapped != sent
    assert sorted(swapped) == sorted(sent)


def test_the_exchange_outlives_its_host() -> None:
    exchange = exchange_of()
    first = Rig(exchange)
    first.connect()
    first.trade_link.send(encode(place("a", "buy", "1", "2000")))
    first.driver.run_for(3 * LATENCY_NS)
    second = Rig(exchange)
    second.connect()
    second.trade_link.send(encode(Query(id="a")))
    second.driver.run_for(2 * LATENCY_NS)
    (status,) = frames(second, second.trade)
    assert (status["ev"], status["state"]) == ("status", "open")


@pytest.mark.parametrize("seed", range(6))
def test_a_followed_book_is_right_again_after_healing(seed: int) -> None:
    """Codec and faults together: whatever went missing, the book ends as the venue's."""
    venue = build_sandbox(seed, events=False)[0]
    rates = FaultRates(
        loss_ppm=50_000,
        delay_ppm=100_000,
        duplicate_ppm=50_000,
        reorder_ppm=50_000,
        clog_ppm=5_000,
        disconnect_ppm=5_000,
    )
    rig = Rig(venue.exchange, venue.flow, rates, seed)
    codec = SimulatedFeedCodec(venue.listings, [DeltaRing() for _ in venue.listings])
    books, read, stale = Books(codec), 0, 0
    for step in range(1_100):
        if step == 500:
            rig.faults.heal()
        if step == 800:
            venue.flow.ladders.clear()
        rig.driver.run_for(10_000_000)
        for _, message in rig.feed.heard[read:]:
            requests: list[bytes] = []
            if isinstance(message, LinkUp):
                requests.extend(codec.subscribe())
            elif isinstance(message, FeedFrame):
                events = codec.decode(message.payload, message.recv_ns)
                books.apply(list(events))
                stale += sum(isinstance(event, BookStale) for event in events)
                for event in events:
                    requests += event.resubscribe if isinstance(event, SnapshotNeeded) else ()
            for request in requests:
                rig.feed_link.send(request)
        read = len(rig.feed.heard)
        rig.driver.run_until_idle(1_000)
    assert stale, "something did go missing"
    for place_, listing in enumerate(venue.listings):
        book = venue.exchange.books[listing.venue_symbol].book
        for side in (Side.BUY, Side.SELL):
            assert books.levels[place_, side] == dict(book.depth(side, 1_000))


def test_the_same_seed_gives_the_same_bytes() -> None:
    def run(seed: int) -> list[bytes]:
        venue = build_sandbox(seed, events=False)[0]
        rates = FaultRates(loss_ppm=10_000, delay_ppm=50_000, duplicate_ppm=10_000)
        rig = Rig(venue.exchange, venue.flow, rates, seed, order="seeded")
        rig.faults.on = False
        rig.connect()
        rig.faults.on = True
        rig.feed_link.send(encode(Subscribe(syms=("ETH-USD",))))
        rig.driver.run_for(2_000_000_000)
        return rig.payloads(rig.feed)

    assert run(1) == run(1)
    assert len(run(1)) > 20
    assert run(1) != run(2)


def test_a_silent_stream_keeps_its_heartbeats() -> None:
    exchange = exchange_of()
    rig = Rig(exchange)
    rig.connect()
    rig.feed_link.send(encode(Subscribe(syms=("ETH-USD",))))
    rig.driver.run_for(3 * LATENCY_NS)
    before = len(frames(rig, rig.feed))
    rig.faults.rates, rig.faults.on = FaultRates(silence_ppm=ALWAYS), True
    quote(exchange, Side.SELL, "1", "2000")
    rig.driver.run_for(2_000_000_000)
    assert len(frames(rig, rig.feed)) == before, "the line says nothing"
    assert sum(b"heartbeat" in payload for payload in rig.payloads(rig.feed)) >= 1, "but lives"
    rig.faults.heal()
    quote(exchange, Side.SELL, "1", "2001")
    rig.driver.run_for(100_000_000)
    assert frames(rig, rig.feed)[-1]["ev"] == "delta"


def test_a_reconnected_session_is_heard_again() -> None:
    rig = Rig(exchange_of())
    rig.connect()
    rig.faults.rates, rig.faults.on = FaultRates(silence_ppm=ALWAYS), True
    rig.trade_link.send(encode(Query(id="a")))
    rig.driver.run_for(3 * LATENCY_NS)
    assert frames(rig, rig.trade) == []
    rig.faults.rates = FaultRates(loss_ppm=1)
    rig.trade_link.open()
    rig.connect()
    rig.trade_link.send(encode(Query(id="a")))
    rig.driver.run_for(3 * LATENCY_NS)
    assert [frame["ev"] for frame in frames(rig, rig.trade)] == ["not_found"]


def test_a_late_cancel_loses_against_the_fill_and_holds_up_nobody() -> None:
    exchange = exchange_of()
    rig = Rig(exchange)
    rig.connect()
    rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.driver.run_for(3 * LATENCY_NS)
    rates = FaultRates(late_cancel_ppm=ALWAYS, late_cancel_max_ns=900_000_000)
    rig.faults.rates, rig.faults.on = rates, True
    rig.trade_link.send(encode(Cancel(id="a")))
    rig.trade_link.send(encode(place("b", "buy", "1", "1900")))
    rig.driver.run_for(2 * LATENCY_NS)
    assert [frame["ev"] for frame in frames(rig, rig.trade)] == ["ack", "ack"]
    quote(exchange, Side.SELL, "1", "2000")
    rig.driver.run_for(2_000_000_000)
    kinds = [(frame["ev"], frame["id"]) for frame in frames(rig, rig.trade)]
    assert kinds[2:] == [("fill", "a"), ("cancel_reject", "a")]


def test_a_jumping_clock_shows_in_every_time_the_venue_writes() -> None:
    rates = FaultRates(
        clock_jump_every_ns=1_000_000_000_000,
        clock_jump_ns=1_000_000_000_000,
        clock_jump_max_ns=10**9,
    )
    exchange = exchange_of()
    rig = Rig(exchange, rates=rates, seed=3)
    assert exchange.weather is rig.faults
    rig.connect()
    now_ns = rig.driver.now_ns
    offset = rig.faults.venue_ns(now_ns) - now_ns
    assert offset
    rig.trade_link.send(encode(place("a", "buy", "1", "2000")))
    rig.driver.run_for(2 * LATENCY_NS)
    (ack,) = frames(rig, rig.trade)
    assert ack["ts"] == now_ns + LATENCY_NS + offset
    exchange.flow_place("ETH-USD", Side.SELL, 10**8, 2_000 * 10**9, now_ns)
    assert exchange.memory.closed["a"].changed_ns == now_ns + offset
    rig.faults.heal()
    assert exchange.clock(now_ns) == now_ns
