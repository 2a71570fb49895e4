"""The blocking client: the same verbs, from any thread, over canned answers and a real server."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from engine.client import (
    Client,
    ClientError,
    StreamEvent,
    account_verbs,
    edge,
    market_verbs,
    node,
    trading_verbs,
)
from tests.support.http_stub import Answer, stub_in_thread
from tests.support.rest_server import served

EDGES = {"edges": [{"venue": "kraken", "connected": True}]}


def test_every_verb_is_a_method_with_its_own_words() -> None:
    for module in (market_verbs, trading_verbs, account_verbs):
        for name in module.__all__:
            assert getattr(Client, name).__doc__ == getattr(module, name).__doc__


def test_it_is_called_from_many_threads_and_ends_once() -> None:
    with stub_in_thread(Answer(200, EDGES)) as server:
        before = threading.active_count()
        client = Client("secret", server.url)
        assert "secret" not in repr(client)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: client.edges().edges[0].venue, range(12)))
        client.close()
        client.close()
        assert threading.active_count() == before
    assert found == ["kraken"] * 12 and len(server.asked) == 12
    with pytest.raises(RuntimeError, match="is closed"):
        client.edges()


def test_a_stream_is_left_in_the_middle() -> None:
    async def feed(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        for seq in range(5):
            await socket.send_str(f'{{"channel":"orders","data":{seq},"seq":{seq}}}')
        await socket.receive()

    with stub_in_thread(socket=feed) as server, Client("key", server.url) as client:
        stream = client.stream(["orders"])
        assert [next(stream).seq for _ in range(3)] == [0, 1, 2]
        stream.close()  # type: ignore[attr-defined]  # every stream is a generator


def until_filled(stream: Iterator[StreamEvent], order_id: str) -> list[int]:
    """The numbers of the events up to the one that says the order has filled."""
    numbers: list[int] = []
    for event in stream:
        assert isinstance(event.data, dict) and event.seq is not None
        numbers.append(event.seq)
        if event.data["node_order_id"] == order_id and event.data["status"] == "COMPLETED":
            return numbers
    raise AssertionError("the stream ended")


def test_against_a_real_server() -> None:
    with served() as server, Client(server.keys.admin, server.url) as client:
        quote = client.quote("ETH-USD", depth=2)
        assert quote.nbbo is not None and quote.book is not None and len(quote.book.asks) == 2
        resting = client.buy("ETH-USD", "3", limit_price=1_000).node_order_id()
        amended = client.amend(resting, new_qty="2.5", new_price="1001.5")
        assert amended.status == "accepted" and amended.mode
        lowered = client.decrease(amended.node_order_id, "0.5")
        row = client.order(lowered.node_order_id)
        assert row.qty_1e8 == 200_000_000
        assert client.cancel(row.node_order_id).status in ("RUNNING", "CANCELLED")
        hedge = [node("a", "ETH-USD", "buy", 2), node("b", "ETH-USD-PERP", "sell", 2)]
        looked = client.dry_run(hedge, [edge("a", "b", "on_full_fill")])
        assert looked.dry_run is not None and looked.dry_run.gross_1e9 > 0
        graph = client.graph(hedge, [edge("a", "b", "on_full_fill")])
        stream = client.stream(["orders"], resume_from=0)
        numbers = until_filled(stream, graph.node_order_id("b"))
        assert numbers == sorted(numbers)
        state = client.graph_status(graph.graph_id)
        assert state.nodes["b"].filled_qty_1e8 == 2 * 10**8
        assert {fill.symbol for fill in client.fills().fills} >= {"ETH-USD", "ETH-USD-PERP"}
        assert client.trace(graph.node_order_id("a")).traces
        assert client.positions(kinds=["perp"]).positions[0].qty_1e8 < 0
        assert client.markets("kalshi", limit=3).count == 3
        assert client.settlement("btc-updown-yesterday").resolved_outcome == "Up"
        assert client.preview("ETH-USD", "buy", 10).symbol == "ETH-USD"
        with pytest.raises(ClientError) as caught:
            client.order("graph:none:order:1")
        assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")
        assert caught.value.request_id
        assert client.kill_switch_engage("drill").active
        assert not client.kill_switch_clear().active


def test_a_simulation_and_the_versions_report_come_from_a_real_server() -> None:
    with served() as server, Client(server.keys.trade, server.url) as client:
        client.quote("ETH-USD")
        job = client.simulate_runs("ETH-USD", "buy", 1, runs=2, seed=3, strategies=["aggressive"])
        assert job.running
        while job.running:
            time.sleep(0.05)
            job = client.simulation_job(job.job_id)
        assert (job.status, job.runs, job.seed) == ("done", 2, 3), job.reason
        assert [(one.name, one.runs) for one in job.strategies] == [("aggressive", 2)]
        report = client.ab_report()
        assert report.least_orders
        assert all(one.orders > 0 for one in report.versions)


def test_venues_are_known_and_an_order_may_be_patient_on_a_real_server() -> None:
    with served() as server, Client(server.keys.trade, server.url) as client:
        patient = client.forecast("ETH-USD", "buy", 10, urgency="low")
        assert patient.urgency == "low" and patient.expected_cost_bps is not None
        aggressive, drip = sorted(
            client.simulate(
                "ETH-USD", "buy", 10, strategies=["aggressive", "time_drip"]
            ).strategies,
            key=lambda one: one.name,
        )
        assert (aggressive.name, drip.policy) == ("aggressive", "time_drip")
        assert aggressive.venues and aggressive.p90_cost_bps is not None
        seen = client.observations("ETH-USD")
        assert seen.symbol == "ETH-USD" and {one.venue for one in seen.venues} >= {"kraken"}
        assert list(inspect.signature(client.forecast).parameters)[:2] == ["symbol", "side"]
