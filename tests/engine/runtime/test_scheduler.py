"""Order of lanes, fair turns, batch ends, and where a drain is cut."""

from __future__ import annotations

import pytest

from engine.runtime.actor import Lane
from engine.runtime.scheduler import FAIR_TURNS
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import BatchProbe, Do, Happened, Newest, Probe


def look_up(_: Probe, number: int) -> None:
    """A handler that fails with a key error of its own."""
    {}[number]


LANE_ORDER = (Lane.BACKGROUND, Lane.MARKET, Lane.EXECUTION, Lane.CONTROL)


def on_lane(lane: Lane, log: list[int]) -> type[Probe]:
    """A probe class of that lane that logs the lane's number for each event."""

    def reaction(probe: Probe, number: int) -> None:
        log.append(int(lane))

    class Laned(Probe):
        mailbox_capacity = 100_000

        def __init__(self) -> None:
            super().__init__(reaction)

    Laned.lane = lane
    return Laned


def test_the_first_lane_that_waits_is_served() -> None:
    log: list[int] = []
    system = ActorSystem()
    for lane in LANE_ORDER:
        ref = system.spawn(on_lane(lane, log), name=lane.name)
        ref.tell(Happened(1))
        ref.tell(Happened(2))
    assert system.drain(100) == 8
    assert log == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("cut", [1, 5, FAIR_TURNS - 1, FAIR_TURNS, 10_000])
def test_every_nth_turn_goes_to_the_lowest_lane_wherever_drains_are_cut(cut: int) -> None:
    log: list[int] = []
    system = ActorSystem()
    for lane, count in ((Lane.CONTROL, 1_000), (Lane.BACKGROUND, 5)):
        ref = system.spawn(on_lane(lane, log), name=lane.name)
        for _ in range(count):
            assert ref.tell(Happened(0))
    while system.ready:
        assert system.drain(cut) <= cut
    places = [turn for turn, lane in enumerate(log, 1) if lane == Lane.BACKGROUND]
    assert places == [FAIR_TURNS * k for k in range(1, 6)]
    assert len(log) == system.meters.messages == 1_005


def test_stepping_gives_the_order_of_a_drain() -> None:
    logs: list[list[int]] = []
    for step in (False, True):
        log: list[int] = []
        logs.append(log)
        system = ActorSystem()
        for lane in LANE_ORDER:
            ref = system.spawn(on_lane(lane, log), name=lane.name)
            for _ in range(200):
                ref.tell(Happened(0))
        if step:
            while system.scheduler.step():
                pass
        else:
            system.drain(10_000)
        assert system.meters.messages == 800
    assert logs[0] == logs[1]
    assert len(logs[0]) == 800


def test_a_batch_ends_once_after_its_messages() -> None:
    system = ActorSystem()
    ref = system.spawn(BatchProbe, name="batch")
    for number in range(5):
        ref.tell(Newest(number))
    actor = system.actor_of(ref)
    assert isinstance(actor, BatchProbe)
    assert system.drain(3) == 3
    assert actor.batches == [3]
    system.drain(100)
    assert actor.batches == [3, 5]
    system.drain(100)
    assert actor.batches == [3, 5]


def test_a_batch_that_tells_is_run_in_the_same_drain() -> None:
    class Announces(BatchProbe):
        def on_batch_end(self) -> None:
            super().on_batch_end()
            if len(self.seen) < 3:
                self.ctx.self_ref.tell(Do(9))

    system = ActorSystem()
    ref = system.spawn(Announces, name="a")
    ref.tell(Do(1))
    assert system.drain(100) == 3
    actor = system.actor_of(ref)
    assert isinstance(actor, Announces)
    assert actor.batches == [1, 2, 3]
    assert not system.ready


def test_a_failing_batch_end_is_supervised_and_a_new_instance_gets_none() -> None:
    class Fails(BatchProbe):
        def on_batch_end(self) -> None:
            raise ValueError("batch")

    class FailsLater(BatchProbe):
        def __init__(self) -> None:
            super().__init__(look_up)

    system = ActorSystem()
    first = system.spawn(Fails, name="f")
    first.tell(Do(1))
    second = system.spawn(FailsLater, name="l")
    second.tell(Do(1))
    second.tell(Happened(1))
    system.drain(100)
    assert system.meters.restarts == 2
    actor = system.actor_of(second)
    assert isinstance(actor, FailsLater)
    assert actor.batches == []
    assert not system.ready


def test_go_on_is_asked_every_fair_turn_and_may_cut() -> None:
    log: list[int] = []
    system = ActorSystem()
    ref = system.spawn(on_lane(Lane.EXECUTION, log), name="e")
    for _ in range(1_000):
        ref.tell(Happened(0))
    asked: list[int] = []

    def go_on() -> bool:
        asked.append(len(log))
        return len(asked) < 3

    assert system.scheduler.drain(10_000, go_on) == 3 * FAIR_TURNS
    assert asked == [FAIR_TURNS, 2 * FAIR_TURNS, 3 * FAIR_TURNS]
    assert system.meters.lane_peaks[Lane.EXECUTION] == 1_000 - (FAIR_TURNS - 1)


def test_sampled_class_counts_add_up_to_the_messages() -> None:
    system = ActorSystem()
    ref = system.spawn(on_lane(Lane.EXECUTION, []), name="e")
    for _ in range(10 * FAIR_TURNS):
        ref.tell(Happened(0))
    system.drain(100_000)
    assert system.meters_by_class()["Laned"].handled == 10 * FAIR_TURNS
