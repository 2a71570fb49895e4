"""Pace: what should be done by now, by kind of order, and the verdict; on a simulated TWAP too."""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from typing import Literal

import pytest

from engine.decisions.node_memory import unpack_memory
from engine.decisions.policies.paced import Slice, slices_of
from engine.intelligence.calibration import Calibration
from engine.intelligence.pace import Expected, Pace, as_forecast, by_schedule, pace_of
from engine.kernels.warm_up import warm_up
from engine.messages import SubmitAnswer, SubmitGraph, Subscribe
from engine.model.graph import (
    Execution,
    FixedAmount,
    Graph,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    Pacing,
    ParticipationPacing,
    Policy,
    Quantity,
    UniformPacing,
    VolumePacing,
)
from engine.model.instruments import Environment
from engine.model.records import JournalEntry, NodeChanged
from engine.service.calibration.simulated_market import START_NS, SimulatedMarket
from engine.service.intelligence.forecast_log import ForecastLog

MS = 1_000_000
S = 1_000 * MS
ETH = 10**8
SLICES = UniformPacing(num_slices=4, interval_ms=100)
TWAP = Execution(pacing=Pacing(uniform=SLICES))


def scheduled(elapsed_ms: int, round_trip_ns: int = 0) -> Expected:
    return by_schedule(TWAP, 4 * ETH, elapsed_ms * MS, started_ns=0, round_trip_ns=round_trip_ns)


@pytest.mark.parametrize(
    ("elapsed_ms", "least", "most"),
    [
        (0, 0.0, 0.0),
        (99, 0.0, 0.0),
        (100, 0.0, 0.25),
        (250, 0.25, 0.5),
        (400, 0.75, 1.0),
        (499, 0.75, 1.0),
        (500, 1.0, 1.0),
        (9_000, 1.0, 1.0),
    ],
)
def test_the_slice_in_work_is_not_late_before_the_next_is_due(
    elapsed_ms: int, least: float, most: float
) -> None:
    made = scheduled(elapsed_ms)
    assert (made.least, made.most) == (least, most)


def test_a_slice_has_at_least_a_round_trip_to_its_venues() -> None:
    assert scheduled(400, round_trip_ns=350 * MS).least == 0.0
    assert scheduled(450, round_trip_ns=350 * MS).least == 0.25


def test_slices_are_whole_lots() -> None:
    third = Execution(pacing=Pacing(uniform=UniformPacing(num_slices=3, interval_ms=100)))
    made = by_schedule(third, 10, 250 * MS, started_ns=0, lot_1e8=5)
    assert (made.least, made.most) == (0.5, 0.5)


def test_slices_by_volume_are_taken_as_they_were_begun() -> None:
    execution = Execution(pacing=Pacing(vwap=VolumePacing(num_slices=3, interval_ms=100)))
    begun = (Slice(1_100 * MS, 7, 0), Slice(1_200 * MS, 2, 7))

    def at(elapsed_ms: int, slices: Sequence[Slice] = begun) -> Expected:
        return by_schedule(execution, 10, elapsed_ms * MS, started_ns=1_000 * MS, slices=slices)

    assert (at(50).least, at(50).most) == (0.0, 0.0)
    assert (at(150).least, at(150).most) == (0.0, 0.7)
    assert (at(210).least, at(210).most) == (0.7, 0.9)
    assert (at(300).least, at(300).most) == (0.9, 0.9)
    assert at(300, ()).most == 0.0


def test_an_order_with_a_forecast_goes_as_forecast() -> None:
    assert as_forecast(Policy.AGGRESSIVE_CHASE, 500 * MS, 1_000).least == 0.5
    assert as_forecast(Policy.AGGRESSIVE_CHASE, 5_000 * MS, 1_000).least == 1.0
    assert as_forecast(Policy.AGGRESSIVE_CHASE, 0, 0).least == 1.0


def test_a_resting_order_is_expected_to_fill_no_more_than_was_forecast() -> None:
    def share(elapsed_ms: int, mean: int, rate: float) -> float | None:
        return as_forecast(Policy.PASSIVE_LIMIT, elapsed_ms * MS, mean, rate).least

    horizon, rate = 60_000, 0.6
    mean = round(-rate * horizon / log1p(-rate))
    assert share(0, mean, rate) == 0.0
    # The hazard that fills 60 % by the horizon fills 1 - 0.4 ^ (1/2) by half of it.
    assert share(horizon // 2, mean, rate) == pytest.approx(1 - 0.4**0.5, abs=1e-4)
    assert share(horizon, mean, rate) == pytest.approx(rate, abs=1e-4)
    assert share(10 * horizon, mean, rate) == rate
    assert share(5, 0, 1.0) == 1.0
    assert share(5, horizon, 0.0) == 0.0


def test_what_is_sent_at_once_is_not_late_before_its_answer() -> None:
    early, late = as_forecast(Policy.SOR, 90 * MS, 100), as_forecast(Policy.SOR, 201 * MS, 100)
    assert (early.least, early.most) == (0.0, 1.0)
    assert (late.least, late.most) == (1.0, 1.0)
    assert pace_of(0.0, early, 0).status == "on_track"
    assert pace_of(0.6, early, 0).status == "on_track"
    assert pace_of(0.6, late, 0).status == "behind"


def test_a_share_of_the_volume_has_no_schedule() -> None:
    pov = Execution(pacing=Pacing(pov=ParticipationPacing(participation_bps=500)))
    assert by_schedule(pov, ETH, MS, started_ns=0).least is None


def test_the_verdict_has_a_tolerance() -> None:
    def verdict(share: float, least: float, most: float) -> str:
        return pace_of(share, Expected(least, most, ""), 0).status

    assert verdict(0.5, 0.4, 0.4) == "ahead"
    assert verdict(0.5, 0.6, 0.6) == "behind"
    assert verdict(0.5, 0.54, 0.54) == "on_track"
    assert verdict(0.5, 0.25, 0.5) == "on_track"
    unknown = pace_of(0.5, Expected(None, None, "why"), 7 * MS)
    assert (unknown.status, unknown.elapsed_ms, unknown.reason) == ("unknown", 7, "why")


class Seen:
    """Keeps the last word of the one order there is."""

    def __init__(self) -> None:
        self.last: NodeChanged | None = None

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        for entry in entries:
            if isinstance(entry.payload, NodeChanged):
                self.last = entry.payload
        return bool(entries)


def paces(pacing: Pacing, limit_1e9: int | None, for_ms: int) -> list[Pace]:
    """The pace of a TWAP of eight slices every 5 ms of a simulated market."""
    warm_up()
    log = ForecastLog()
    market = SimulatedMarket(11, START_NS, log, Calibration(), lambda row: None)
    driver, world, seen = market.driver, market.world, Seen()
    driver.run_for(15 * S)
    driver.tell(world.stream, Subscribe(seen, None, None))
    execution = Execution(pacing=pacing)
    order: Literal["market"] | LimitOrder = "market"
    if limit_1e9 is not None:
        order = LimitOrder(limit=LimitPrice(price_1e9=limit_1e9))
    block = world.markets["ETH-USD"]
    node = Node(
        node_id="order",
        instrument=NodeInstrument(symbol="ETH-USD", type=block.instrument.type),
        side="buy",
        quantity=Quantity(fixed=FixedAmount(qty_1e8=8 * ETH)),
        order_type=order,
        execution=execution,
    )
    graph = Graph(graph_id="t", nodes=(node,), edges=())
    box = driver.ask(
        world.registry,
        lambda reply_to: SubmitGraph(reply_to, "me", Environment.SANDBOX, graph),
    )
    driver.run_until_idle()
    assert isinstance(box.value, SubmitAnswer)
    assert not box.value.text, box.value.text
    found: list[Pace] = []
    for _ in range(for_ms // 5):
        driver.run_for(5 * MS)
        last = seen.last
        assert last is not None
        memory = unpack_memory(last.policy_state)
        elapsed = driver.now_ns - memory.started_ns
        expected = by_schedule(
            execution,
            8 * ETH,
            elapsed,
            started_ns=memory.started_ns,
            slices=slices_of(memory.policy),
            round_trip_ns=2 * max(one.latency_prior_ns for one in block.listings),
            lot_1e8=max(one.lot_1e8 for one in block.listings),
        )
        found.append(pace_of(last.filled_qty_1e8 / (8 * ETH), expected, elapsed))
    log.close()
    return found


@pytest.mark.parametrize("interval_ms", [300, 1_000])
def test_an_undisturbed_twap_is_never_behind(interval_ms: int) -> None:
    pacing = Pacing(uniform=UniformPacing(num_slices=8, interval_ms=interval_ms))
    found = paces(pacing, None, 9 * interval_ms + 1_000)
    assert {one.status for one in found} <= {"on_track"}, [
        one for one in found if one.status != "on_track"
    ][:3]
    assert found[-1].filled_share == 1.0


def test_an_undisturbed_vwap_is_never_behind() -> None:
    found = paces(Pacing(vwap=VolumePacing(num_slices=8, interval_ms=400)), None, 5_000)
    assert {one.status for one in found} <= {"on_track"}
    assert found[-1].filled_share == 1.0


@pytest.mark.parametrize("kind", ["uniform", "vwap"])
def test_a_starved_twap_is_behind_from_its_second_slice_on(kind: str) -> None:
    pacing = Pacing(uniform=UniformPacing(num_slices=8, interval_ms=400))
    if kind == "vwap":
        pacing = Pacing(vwap=VolumePacing(num_slices=8, interval_ms=400))
    found = paces(pacing, 1_000 * 10**9, 3_000)
    assert found[-1].filled_share == 0.0
    by_time = {one.elapsed_ms: one.status for one in found}
    assert {status for at, status in by_time.items() if at < 790} == {"on_track"}
    assert {status for at, status in by_time.items() if at > 1_000} == {"behind"}
