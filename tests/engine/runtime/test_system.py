"""The system as a whole: what is left of dead actors, asks, halting, stopping."""

from __future__ import annotations

import gc

import pytest

from engine.errors import MailboxOverflow
from engine.runtime import system as system_module
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import Answerer, Ask, BatchProbe, Do, Happened, Probe

CYCLES = 200_000


def test_nothing_is_kept_of_stopped_actors() -> None:
    system = ActorSystem()
    parent = system.spawn(Probe, name="parent")
    context = system.actor_of(parent).ctx
    gc.disable()
    try:
        for number in range(CYCLES):
            child = context.spawn(BatchProbe, name="short")
            if number % 100 == 0:
                child.tell(Do(1))
                system.actor_of(child).ctx.after(1_000_000, Do(2))
                system.drain(10)
                child.tell(Do(3))
            context.stop_child(child)
            if number % 100 == 0:
                system.drain(10)
        alive = [
            thing
            for thing in gc.get_objects()
            if type(thing) is ActorRef and thing.system is system
        ]
    finally:
        gc.enable()
    assert alive == [parent, child], "the last child's ref is held by this test alone"
    assert list(system.refs.values()) == [parent]
    assert parent.ties is not None
    assert not parent.ties.children
    assert len(system.timers) == 0
    assert system.timers.heap_size <= 130
    assert not any(system.scheduler.lanes)
    assert not system.scheduler.pending
    assert set(system.meters.by_class) <= {"Probe", "BatchProbe"}
    assert system.meters.spawned == CYCLES + 1
    assert system.meters.stopped == CYCLES
    assert dict(system.dead_letters) == {("short", "Do"): CYCLES // 100}


def test_a_spawn_that_fails_leaves_nothing_and_tells_the_caller() -> None:
    class Fails(Probe):
        def on_start(self) -> None:
            self.ctx.spawn(Probe, name="orphan")
            self.ctx.after(5, Do(1))
            raise ValueError("cannot start")

    system = ActorSystem()
    parent = system.spawn(Probe, name="parent")
    with pytest.raises(ValueError, match="cannot start"):
        system.spawn(Fails, name="fails", parent=parent)
    assert list(system.refs.values()) == [parent]
    assert len(system.timers) == 0
    assert parent.ties is not None
    assert not parent.ties.children


def test_a_farewell_that_fails_keeps_nobody_alive() -> None:
    class Clings(Probe):
        def on_stop(self) -> None:
            raise ValueError("not yet")

    system = ActorSystem()
    ref = system.spawn(Clings, name="clings")
    system.stop_actor(ref)
    assert ref.stopped
    assert not system.refs
    assert system.dead_ring[-1].reason == "on_stop: ValueError: not yet"


def test_stop_runs_every_farewell_children_first_and_clears_the_lanes() -> None:
    order: list[str] = []

    class Says(Probe):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_stop(self) -> None:
            order.append(self.name)

    system = ActorSystem()
    first = system.spawn(lambda: Says("first"), name="first")
    system.actor_of(first).ctx.spawn(lambda: Says("child"), name="child")
    system.spawn(lambda: Says("second"), name="second").tell(Happened(1))
    system.stop()
    assert order == ["second", "child", "first"]
    assert not system.ready
    assert not system.refs


def test_halt_calls_back_once() -> None:
    reasons: list[str] = []
    system = ActorSystem(on_halt=reasons.append)
    system.halt("one")
    system.halt("two")
    assert reasons == ["one"]
    assert system.halted == "one"


def test_an_answer_reaches_who_asked_and_a_late_one_is_a_dead_letter() -> None:
    system = ActorSystem()
    driver = SimulatedDriver(system)
    ref = system.spawn(Answerer, name="answerer")
    answer = driver.ask(ref, Ask)
    assert not answer.done
    driver.run_until_idle()
    assert answer.done
    assert answer.value == 10
    assert not system.asks
    system.answer(1, "again")
    assert system.dead_letters["(ask)", "str"] == 1
    system.stop_actor(ref)
    assert driver.ask(ref, Ask).refused
    assert not system.asks


def test_open_asks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_module, "ASKS_MAX", 1)
    system = ActorSystem()
    system.open_ask([].append)
    with pytest.raises(MailboxOverflow, match="1 questions are open"):
        system.open_ask([].append)


def test_actor_ids_are_counters_and_are_never_used_again() -> None:
    system = ActorSystem()
    first = system.spawn(Probe, name="a")
    system.stop_actor(first)
    second = system.spawn(Probe, name="b")
    assert (first.actor_id, second.actor_id) == (1, 2)
    assert system.ref(1) is None
    assert system.ref(2) is second
