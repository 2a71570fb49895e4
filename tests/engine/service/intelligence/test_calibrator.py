"""The calibrator over a whole engine on a virtual clock: what counts, and what it comes to."""

from __future__ import annotations

from typing import Any

import pytest

from actors.router import RouterActor
from engine.intelligence.forecast import MODEL_VERSION
from engine.messages import GraphCommandKind, Subscribe
from engine.service.intelligence.calibrator import Calibrator
from engine.service.intelligence.estimates import realised_bps
from engine.service.intelligence.forecast_log import (
    ForecastLog,
    ForecastRow,
    OrderKey,
    ScoredRow,
)
from tests.support.graph_script import edge, graph, node
from tests.support.graph_world import CLIENT, SANDBOX, GraphWorld

MS = 1_000_000
FAR_NS = 60 * MS


class Watched:
    """A world with one venue and a calibrator that listens to it."""

    def __init__(self, latency_ns: int = FAR_NS) -> None:
        self.world = GraphWorld(("binance",), latency_ns=latency_ns)
        self.scored: list[ScoredRow] = []
        self.log = ForecastLog()
        self.calibrator = Calibrator(
            self.world.world, self.log, lambda: self.world.now_ns, scored=self.scored.append
        )
        stream = self.world.world.stream
        self.world.driver.tell(stream, Subscribe(self.calibrator, None, None))
        self.world.run(3_000)
        router = self.world.system.actor_of(self.world.world.routers["ETH-USD"])
        assert isinstance(router, RouterActor)
        # As if orders had been answered before; until then the catalogue's prior stands.
        router.costs.observations.latency_ns[0] = latency_ns

    def start(
        self,
        policy: str,
        ms: int,
        qty: str = "1",
        *,
        side: str = "buy",
        client: str = CLIENT,
        graph_id: str | None = None,
        **execution: Any,
    ) -> str:
        how = {"policy": policy, "urgency": "medium", **execution}
        order = {"symbol": "ETH-USD", "side": side, "qty": qty, "execution": how}
        if graph_id is not None:
            order["graph_id"] = graph_id
        return self.world.start(order, ms, client=client)

    def waiting(self, graph_id: str, client: str = CLIENT) -> ForecastRow | None:
        return self.log.open_forecast(OrderKey(client, SANDBOX, f"graph:{graph_id}:order:1"))


def test_a_sweep_is_forecast_as_it_starts_and_scored_as_it_ends() -> None:
    watched = Watched()
    graph_id = watched.start("sor", 0)
    watched.world.run(10)
    assert watched.log.waiting() == 1
    row = watched.waiting(graph_id)
    assert row is not None
    assert (row.mid_x2, row.sign, row.qty_1e8) == (4_650_000_000_000, 1, 10**8)
    assert (row.bucket, row.latency_ns) == ("wide/sor/small/medium", FAR_NS)
    watched.world.run(500)
    (done,) = watched.scored
    assert done.order == row.order
    # All at the ask of 2325.50, half a dollar above the mid, and the taker's 10 bps of it.
    landed = 0.5 / 2325 * 1e4 + 10 * 2325.5 / 2325
    assert done.realised_bps == pytest.approx(landed, abs=1e-6)
    assert done.walk_bps == pytest.approx(landed, abs=1e-6)
    assert done.inside
    assert list(watched.log.outcomes()) == [done]


def test_the_price_that_ran_away_is_in_the_outcome_and_in_the_next_forecast() -> None:
    watched = Watched()
    watched.start("sor", 20)
    watched.world.quote("binance", "ETH-USD", "2325.10", "2326.10")
    watched.world.run(30_000)
    (done,) = watched.scored
    landed = 1.1 / 2325 * 1e4 + 10 * 2326.1 / 2325
    assert done.realised_bps == pytest.approx(landed, abs=1e-6)
    assert not done.inside
    assert watched.calibrator.calibration.levels.level(("coins/takes",)) > 0.9


def test_what_rests_unfilled_is_priced_by_sweeping_the_books_of_its_end() -> None:
    watched = Watched()
    watched.start("passive_limit", 1_000, horizon_ms=3_000, urgency="low")
    watched.world.quote("binance", "ETH-USD", "2329.50", "2330.50")
    watched.world.run(8_000)
    (done,) = watched.scored
    assert done.filled_share == 0.0
    landed = 5.5 / 2325 * 1e4 + 10 * 2330.5 / 2325
    assert done.realised_bps == pytest.approx(landed, abs=1e-6)


def test_a_resting_order_counts_even_near_its_venue_and_a_take_does_not() -> None:
    watched = Watched(latency_ns=10 * MS)
    watched.start("sor", 2_000)
    assert watched.scored == []
    ((_, why),) = watched.log.voids()
    assert why.startswith("degenerate")
    # It does not count, but what it came to is told beside what was said.
    told = watched.log.ended_forecast(watched.log.voids()[0][0])
    assert told is not None
    assert told.model_version == MODEL_VERSION
    assert (told.sample_size, told.p90_bps > told.median_bps > 0.0) == (0, True)
    assert told.realised_bps == pytest.approx(0.5 / 2325 * 1e4 + 10 * 2325.5 / 2325, abs=1e-6)
    watched.start("passive_limit", 9_000, horizon_ms=3_000)
    assert len(watched.scored) == 1


def test_an_order_that_a_client_ends_is_no_outcome() -> None:
    watched = Watched()
    graph_id = watched.start("passive_limit", 500)
    watched.world.command(graph_id, GraphCommandKind.CANCEL)
    watched.world.run(5_000)
    assert watched.scored == []
    ((_, why),) = watched.log.voids()
    assert why.startswith("it was ended from outside")
    assert watched.log.waiting() == 0


@pytest.mark.parametrize(
    ("execution", "why"),
    [
        ({"pacing": {"uniform": {"num_slices": 2, "interval_ms": 500}}}, "paced"),
        ({"max_slippage_bps": 50}, "slippage cap"),
    ],
)
def test_what_has_no_closed_form_is_not_forecast(execution: dict[str, Any], why: str) -> None:
    watched = Watched()
    watched.start("sor", 5_000, **execution)
    assert watched.scored == []
    ((_, text),) = watched.log.voids()
    assert why in text


def test_it_goes_on_over_a_log_that_another_one_wrote() -> None:
    watched = Watched()
    watched.start("passive_limit", 500, horizon_ms=3_000)
    assert watched.log.waiting() == 1
    fresh = Calibrator(watched.world.world, watched.log, lambda: watched.world.now_ns)
    # The first one is cut off, as by a restart, and the second hears the end.
    watched.calibrator.deliver = fresh.deliver  # type: ignore[method-assign]  # stands in
    watched.world.run(8_000)
    assert watched.log.waiting() == 0
    assert len(list(watched.log.outcomes())) == 1
    assert fresh.calibration.levels.tallies["coins/rests"].scored == 1


def test_two_clients_of_one_graph_id_have_two_orders() -> None:
    watched = Watched()
    watched.start("passive_limit", 20, client="alice", graph_id="g1", horizon_ms=3_000)
    watched.start("sor", 0, qty="2", side="sell", client="bob", graph_id="g1")
    watched.world.run(10)
    rows = [watched.waiting("g1", client) for client in ("alice", "bob")]
    seen = [(row.bucket.split("/")[1], row.sign, row.qty_1e8) for row in rows if row]
    assert seen == [("passive_limit", 1, 10**8), ("sor", -1, 2 * 10**8)]
    watched.world.run(8_000)
    assert watched.log.waiting() == 0
    sold, bought = watched.scored
    assert [one.order and one.order.client_id for one in watched.scored] == ["bob", "alice"]
    landed = 0.5 / 2325 * 1e4 + 10 * 2324.5 / 2325
    assert sold.realised_bps == pytest.approx(landed, abs=1e-6)
    # Nobody traded with what rested: it is taken at its end, at the ask.
    landed = 0.5 / 2325 * 1e4 + 10 * 2325.5 / 2325
    assert bought.realised_bps == pytest.approx(landed, abs=1e-6)


def test_the_end_of_one_graph_leaves_another_clients_of_its_id_known() -> None:
    watched = Watched()
    legs = [
        node("first", policy="passive_limit", horizon_ms=3_000),
        node("second", activation=None, policy="passive_limit", horizon_ms=2_000),
    ]
    wire = graph(legs, [edge("e0", "first", "second", {"on_timeout": {"ms": 2_000}})])
    wire["graph_id"] = "g1"
    watched.world.start(wire, 100, client="alice")
    watched.start("sor", 1_000, client="bob", graph_id="g1")
    watched.world.run(8_000)
    ended = sorted(row.order[::2] for row in watched.scored if row.order is not None)
    assert ended == [
        ("alice", "graph:g1:first:1"),
        ("alice", "graph:g1:second:1"),
        ("bob", "graph:g1:order:1"),
    ]


def test_the_whole_quantity_is_priced() -> None:
    # Half bought at 101 with a fee of 0.2, the rest at 103 landed, against a mid of 100.
    mid_x2, one = 200 * 10**9, 10**8
    filled = one // 2, 101 * 10**9 * one // 2, 200_000_000
    assert realised_bps(1, mid_x2, one, filled, 103e9) == pytest.approx(220.0)
    assert realised_bps(-1, mid_x2, one, filled, 103e9) == pytest.approx(-180.0)


def test_a_busy_second_is_sampled_and_the_next_one_begins_anew() -> None:
    watched = Watched()
    watched.calibrator.a_second = 3
    for _ in range(8):
        watched.start("sor", 0, qty="0.1")
    watched.world.run(10)
    assert (watched.log.waiting(), watched.calibrator.left_out) == (3, 5)
    watched.world.run(3_000)
    watched.start("sor", 0, qty="0.1")
    watched.world.run(10)
    assert watched.calibrator.left_out == 5
    assert watched.log.waiting() == 1
