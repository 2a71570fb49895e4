"""The timer heap: order, cancelling, and no leak."""

from __future__ import annotations

import random

import pytest

from engine.errors import RuntimeFault
from engine.runtime import timers
from engine.runtime.system import ActorSystem
from engine.runtime.timers import COMPACT_MIN, TimerHeap
from tests.support.runtime_actors import Do, Probe, SmallProbe


def number_of(due: tuple[object, object] | None) -> int:
    assert due is not None
    assert isinstance(due[1], Do)
    return due[1].number


def test_due_time_then_order_of_setting() -> None:
    ref = ActorSystem().spawn(Probe, name="p")
    heap = TimerHeap()
    for due_ns, number in ((30, 1), (10, 2), (30, 3), (20, 4)):
        heap.set(due_ns, ref, Do(number))
    assert heap.pop_due(9) is None
    assert [number_of(heap.pop_due(30)) for _ in range(4)] == [2, 4, 1, 3]
    assert heap.pop_due(1_000) is None


def test_agrees_with_a_sorted_list_under_cancelling() -> None:
    ref = ActorSystem().spawn(Probe, name="p")
    chance = random.Random(4)
    heap = TimerHeap()
    model: dict[int, tuple[int, int]] = {}
    for number in range(5_000):
        due_ns = chance.randrange(1_000)
        timer_id = heap.set(due_ns, ref, Do(number))
        model[timer_id] = (due_ns, number)
        if chance.random() < 0.8:
            gone = chance.choice(list(model)[-50:])
            del model[gone]
            assert heap.cancel(gone)
            assert not heap.cancel(gone)
        assert len(heap) == len(model)
        assert heap.heap_size <= 2 * len(model) + COMPACT_MIN + 2
    wanted = [model[timer_id][1] for timer_id in sorted(model, key=lambda i: (model[i][0], i))]
    assert [number_of(heap.pop_due(1_000)) for _ in wanted] == wanted
    assert ref.ties is not None
    assert not ref.ties.timers


def test_a_full_heap_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "TIMERS_MAX", 2)
    ref = ActorSystem().spawn(Probe, name="p")
    heap = TimerHeap()
    heap.set(1, ref, Do())
    heap.set(2, ref, Do())
    with pytest.raises(RuntimeFault, match="2 timers wait"):
        heap.set(3, ref, Do())


def test_a_timer_that_a_full_mailbox_refuses_is_a_dead_letter() -> None:
    system = ActorSystem()
    ref = system.spawn(SmallProbe, name="small")
    context = system.actor_of(ref).ctx
    for number in range(3):
        context.after(5, Do(number))
    system.now_ns = 5
    assert system.fire_timers() == 3
    assert ref.depth == 2
    assert system.dead_letters["small", "Do"] == 1
