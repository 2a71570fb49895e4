"""Clients and desk: what they ask for reaches the engine, what it does not know is left out."""

from __future__ import annotations

from engine.messages import GraphCommand, GraphCommandKind, HaltTrading
from engine.model.records import TradingHalted
from engine.model.risk import KillScope
from engine.runtime.simulated_driver import Answer
from engine.service.simulation.swarm import FaultLevel, Meddling, Switching
from engine.service.simulation.workload import draw_swarm
from engine.service.simulation.world import SimulatedWorld

AMEND = GraphCommandKind.AMEND_NODE


def world_with_a_graph(seed: int = 2) -> tuple[SimulatedWorld, int]:
    """A world in which a graph was accepted, and the number of its submission."""
    run = SimulatedWorld(draw_swarm(seed, FaultLevel.NONE))
    run.driver.run_for(2 * 10**9)
    for number, one in enumerate(run.swarm.submissions):
        run.clients.submit(number, one)
        run.driver.run_until_idle()
        if run.clients.graph_id(number) in run.active_graphs():
            return run, number
    raise AssertionError("no graph of this seed is accepted")


def test_every_drawn_act_is_planned() -> None:
    swarm = draw_swarm(11)
    run = SimulatedWorld(swarm)
    cancels = sum(one.cancel_at_ns is not None for one in swarm.submissions)
    acts = len(swarm.submissions) + cancels + len(swarm.meddlings) + len(swarm.switchings)
    assert len(list(run.clients.plan())) == acts


def test_a_command_reaches_the_registry_with_its_graph() -> None:
    run, number = world_with_a_graph()
    seen: list[GraphCommand] = []
    run.tap(run.world.registry, GraphCommand, seen.append)
    run.clients.cancel(number)
    run.clients.meddle(Meddling(0, number, AMEND, 0, 900_000))
    run.driver.run_until_idle()
    assert [one.kind for one in seen] == [GraphCommandKind.CANCEL, AMEND]
    assert {one.graph_id for one in seen} == {run.clients.graph_id(number)}
    assert seen[1].terms is not None
    assert list(run.clients.amended) == [(seen[1].graph_id, seen[1].node_id)]


def test_nothing_is_asked_of_a_graph_that_was_never_accepted() -> None:
    run, _ = world_with_a_graph()
    assert not run.clients.command(10_000, GraphCommandKind.CANCEL)


def test_a_message_that_the_engine_does_not_know_is_left_out() -> None:
    run, number = world_with_a_graph()
    table = run.world.registry.table
    run.world.registry.table = {k: v for k, v in table.items() if k is not GraphCommand}
    assert not run.clients.command(number, GraphCommandKind.CANCEL)
    run.driver.run_until_idle()
    assert run.system.meters.failures == 0


def test_the_desk_relents() -> None:
    run, _ = world_with_a_graph()
    seen: list[HaltTrading] = []
    run.tap(run.world.risk, HaltTrading, seen.append)
    run.clients.switch(Switching(0, True, False, KillScope.DESK))
    run.driver.run_until_idle()
    run.clients.relent()
    run.driver.run_until_idle()
    assert not run.world.switch.halted
    assert [one.halted for one in seen] == [True, False]
    halts = [one.payload for one in run.entries if isinstance(one.payload, TradingHalted)]
    assert [one.halted for one in halts] == [True, False]


def test_a_cancel_is_kept_with_its_answer() -> None:
    run, number = world_with_a_graph()
    run.clients.cancel(number)
    run.driver.run_until_idle()
    ((graph_id, at_ns, answer),) = run.clients.cancels
    assert (graph_id, at_ns) == (run.clients.graph_id(number), run.driver.now_ns)
    assert answer.done


def test_whoever_got_no_answer_asks_again() -> None:
    run, number = world_with_a_graph()
    answered = run.clients.answers[number]
    other = len(run.clients.answers)
    run.clients.answers[other] = Answer()
    run.clients.ask_again()
    assert run.clients.answers[number] is answered
    assert run.clients.answers[other] is not answered
    run.driver.run_until_idle()
    assert run.clients.answers[other].done
