"""Full mailboxes: refuse, drop, accept to the hard limit, halt; idle ones are light."""

from __future__ import annotations

import gc
import tracemalloc

from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import Do, Happened, Newest, Relay, SmallProbe

IDLE_ACTORS = 100_000
IDLE_BYTES_MAX = 440
"""A slotted instance with two fields, its ref, its context and its place in the registry."""


def test_a_full_mailbox_treats_each_delivery_class_in_its_way() -> None:
    reasons: list[str] = []
    system = ActorSystem(on_halt=reasons.append)
    ref = system.spawn(SmallProbe, name="small")
    assert ref.tell(Do(1))
    assert ref.tell(Do(2))
    assert not ref.tell(Do(3))
    assert not ref.tell(Newest(4))
    assert ref.tell(Happened(5))
    assert ref.tell(Happened(6))
    assert ref.depth == 4
    assert reasons == []
    assert not ref.tell(Happened(7))
    assert len(reasons) == 1
    assert "hard limit of 4" in reasons[0]
    assert system.dead_letters["small", "Happened"] == 1
    meter = system.meters_by_class()["SmallProbe"]
    assert (meter.refused, meter.dropped, meter.peak_depth) == (1, 1, 4)


def test_room_comes_back_once_messages_are_handled() -> None:
    system = ActorSystem()
    ref = system.spawn(SmallProbe, name="small")
    assert ref.tell(Do(1))
    assert ref.tell(Do(2))
    assert not ref.tell(Do(3))
    system.drain(1)
    assert ref.depth == 1
    assert ref.tell(Do(4))
    SimulatedDriver(system).run_until_idle()
    actor = system.actor_of(ref)
    assert isinstance(actor, SmallProbe)
    assert actor.seen == [1, 2, 4]
    assert ref.depth == 0


def test_a_stopped_actor_gets_dead_letters_only() -> None:
    system = ActorSystem()
    ref = system.spawn(SmallProbe, name="gone")
    assert ref.tell(Happened(1))
    system.stop_actor(ref)
    assert not ref.tell(Happened(2))
    assert system.dead_letters["gone", "Happened"] == 1
    SimulatedDriver(system).run_until_idle()
    assert system.dead_letters["gone", "Happened"] == 2
    assert system.meters.dead_events == 2
    assert [letter.reason for letter in system.dead_ring] == ["stopped", "stopped"]


def test_a_halted_system_refuses_commands_and_takes_the_rest() -> None:
    system = ActorSystem()
    old = system.spawn(SmallProbe, name="old")
    system.halt("enough")
    young = system.spawn(SmallProbe, name="young")
    for ref in (old, young):
        assert not ref.tell(Do(1))
        assert ref.tell(Newest(2))
        assert ref.tell(Happened(3))
        assert not ref.tell(Newest(4))
    assert system.drain(100) == 4


def test_an_idle_actor_is_light() -> None:
    system = ActorSystem()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(IDLE_ACTORS):
            system.spawn(Relay, name="idle")
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(system.refs) == IDLE_ACTORS
    assert used / IDLE_ACTORS < IDLE_BYTES_MAX


def test_children_stand_in_the_order_of_their_birth_whoever_of_them_goes() -> None:
    system = ActorSystem()
    parent = system.spawn(SmallProbe, name="parent")
    children = [system.spawn(SmallProbe, name=f"child{n}", parent=parent) for n in range(5)]
    ties = parent.tie()
    assert ties.children == children
    for gone in (children[2], children[0], children[4]):
        system.stop_actor(gone)
    assert ties.children == [children[1], children[3]]
    children.append(system.spawn(SmallProbe, name="late", parent=parent))
    assert ties.children == [children[1], children[3], children[5]]
    system.stop_actor(parent)
    assert all(child.stopped for child in children)
