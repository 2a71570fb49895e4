"""A world: its phases, its taps and its patches."""

from __future__ import annotations

import pytest

from actors.risk import RiskActor
from engine.decisions.risk import RiskLedger
from engine.messages import LinkUp, RouteRequest
from engine.runtime.actor import Actor, handles
from engine.runtime.delivery import Event
from engine.service.simulation.seed import finished_world
from engine.service.simulation.swarm import SAFETY_NS, FaultLevel
from engine.service.simulation.workload import draw_swarm
from engine.service.simulation.world import LIVENESS_NS, SimulatedWorld


def test_a_run_ends_healed_and_idle() -> None:
    run = finished_world(2)
    assert run.active_graphs() == []
    assert run.grants
    assert SAFETY_NS < run.elapsed_ns < SAFETY_NS + 2 * LIVENESS_NS
    assert not any(model.on for model in run.faults)
    assert len(run.durable) == len(run.entries)


def test_the_watch_looks_on_whenever_clients_act() -> None:
    swarm = draw_swarm(2, FaultLevel.NONE)
    run = SimulatedWorld(swarm)
    moments: list[int] = []
    run.run(lambda world: moments.append(world.elapsed_ns))
    assert {one.at_ns for one in swarm.submissions} <= set(moments)


class Again(Event, frozen=True, gc=False):
    """A timer that sets itself anew."""


class Restless(Actor[Again]):
    """Never lets time pass."""

    def on_start(self) -> None:
        self.ctx.after(0, Again())

    @handles(Again)
    def on_again(self, again: Again) -> None:
        self.ctx.after(0, again)


def test_time_that_stands_still_is_a_finding() -> None:
    run = SimulatedWorld(draw_swarm(2, FaultLevel.NONE))
    run.system.spawn(Restless, name="restless")
    with pytest.raises(AssertionError, match="time stands still"):
        run.run()


def test_a_tap_sees_messages_before_the_actor() -> None:
    run = SimulatedWorld(draw_swarm(2, FaultLevel.NONE))
    seen: list[LinkUp] = []
    feed = next(iter(run.world.feeds.values()))
    run.tap(feed, LinkUp, seen.append)
    run.driver.run_for(10**9)
    assert seen
    assert run.system.meters.failures == 0


def test_patches_are_taken_back_in_order() -> None:
    run = SimulatedWorld(draw_swarm(2, FaultLevel.NONE))
    honest = vars(RiskLedger)["settle"]
    run.patch(RiskLedger, "settle", "first")
    run.patch(RiskLedger, "settle", "second")
    assert vars(RiskLedger)["settle"] == "second"
    run.restore()
    assert vars(RiskLedger)["settle"] is honest


def test_a_patched_handler_is_the_one_that_runs() -> None:
    run = SimulatedWorld(draw_swarm(2, FaultLevel.NONE))
    table = RiskActor.handler_table
    honest = table[RouteRequest]
    name = honest.__name__
    asked: list[RouteRequest] = []

    def instead(actor: RiskActor, request: RouteRequest) -> None:
        asked.append(request)

    run.patch(RiskActor, name, instead)
    run.run_safety(lambda world: None)
    assert asked
    assert not run.grants
    run.restore()
    assert table[RouteRequest] is honest
