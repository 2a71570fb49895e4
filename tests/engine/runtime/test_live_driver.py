"""The live driver on a real event loop: run to completion, yield, timers, asks, threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.errors import ActorStopped, AskTimeout
from engine.runtime import live_driver as live_driver_module
from engine.runtime.live_driver import LiveDriver
from engine.runtime.scheduler import FAIR_TURNS
from engine.runtime.system import ActorSystem
from tests.support.runtime_actors import Answerer, Ask, Do, Happened, Probe, Relay, SmallProbe

HOUR_US = 3_600_000_000
Body = Callable[[ActorSystem, LiveDriver], Coroutine[Any, Any, None]]


def on_loop(body: Body, **limits: int) -> None:
    async def run() -> None:
        system = ActorSystem()
        driver = LiveDriver(system, asyncio.get_running_loop(), **limits)
        try:
            await asyncio.wait_for(body(system, driver), 20)
        finally:
            driver.close()
            system.stop()

    asyncio.run(run())


def probe_of(system: ActorSystem, actor_id: int = 1) -> Probe:
    actor = system.actor_of(system.refs[actor_id])
    assert isinstance(actor, Probe)
    return actor


def test_a_tell_from_outside_runs_the_whole_chain_before_it_returns() -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        one, two = (system.spawn(Relay, name="relay") for _ in range(2))
        for ref, other in ((one, two), (two, one)):
            actor = system.actor_of(ref)
            assert isinstance(actor, Relay)
            actor.next_ref = other
        assert driver.tell(one, Happened(9))
        assert system.meters.messages == 10
        assert not system.ready

    on_loop(body, drain_us_max=HOUR_US)


def test_a_tell_inside_a_drain_waits_its_turn() -> None:
    order: list[str] = []

    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        def reaction(probe: Probe, number: int) -> None:
            order.append(f"in {number}")
            if number == 1:
                assert driver.tell(probe.ctx.self_ref, Happened(2))
            order.append(f"out {number}")

        driver.tell(system.spawn(lambda: Probe(reaction), name="p"), Happened(1))
        assert order == ["in 1", "out 1", "in 2", "out 2"]

    on_loop(body)


@pytest.mark.parametrize(
    ("limits", "at_once"),
    [({"turns_max": 50, "drain_us_max": HOUR_US}, 50), ({"drain_us_max": 0}, FAIR_TURNS)],
)
def test_a_long_chain_yields_to_the_host_and_ends_all_the_same(
    limits: dict[str, int], at_once: int
) -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        ref = system.spawn(Relay, name="loop")
        actor = system.actor_of(ref)
        assert isinstance(actor, Relay)
        actor.next_ref = ref
        host_turns: list[int] = []
        driver.tell(ref, Happened(999))
        assert actor.got == at_once
        while system.ready:
            host_turns.append(actor.got)
            await asyncio.sleep(0)
        assert actor.got == 1_000
        assert len(host_turns) >= 1_000 // at_once - 1

    on_loop(body, **limits)


def test_a_bare_tell_from_outside_wakes_the_driver() -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        ref = system.spawn(Probe, name="p")
        assert system.idle
        ref.tell(Do(1))
        ref.tell(Do(2))
        assert probe_of(system).seen == []
        await asyncio.sleep(0)
        assert probe_of(system).seen == [1, 2]
        assert system.idle

    on_loop(body)


def test_what_was_told_before_the_driver_came_is_run() -> None:
    async def run() -> None:
        system = ActorSystem()
        ref = system.spawn(Probe, name="p")
        ref.tell(Do(1))
        driver = LiveDriver(system, asyncio.get_running_loop())
        await asyncio.sleep(0)
        assert probe_of(system).seen == [1]
        driver.close()

    asyncio.run(run())


def test_timers_fire_in_order_on_one_handle() -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        done = asyncio.Event()
        times: list[tuple[int, int]] = []

        def reaction(probe: Probe, number: int) -> None:
            times.append((number, probe.ctx.now_ns))
            if number == 0:
                for delay_ms, name in ((20, 3), (5, 1), (10, 2)):
                    probe.ctx.after(delay_ms * 1_000_000, Happened(name))
            if number == 3:
                done.set()

        driver.tell(system.spawn(lambda: Probe(reaction), name="p"), Happened(0))
        await done.wait()
        assert [number for number, _ in times] == [0, 1, 2, 3]
        start_ns = times[0][1]
        for number, wanted_ms in ((1, 5), (2, 10), (3, 20)):
            assert times[number][1] - start_ns >= wanted_ms * 1_000_000
        assert system.meters.timers_fired == 3

    on_loop(body)


def test_an_ask_is_answered_refused_or_times_out_and_leaves_nothing() -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        ref = system.spawn(Answerer, name="a")
        assert await driver.ask(ref, Ask, 5.0) == 10
        mute = system.spawn(lambda: Answerer(answers=False), name="mute")
        with pytest.raises(AskTimeout, match="mute gave no answer"):
            await driver.ask(mute, Ask, 0.01)
        task = asyncio.ensure_future(driver.ask(mute, Ask, 60.0))
        await asyncio.sleep(0)
        assert len(system.asks) == 1
        system.answer(3, "late but there")
        assert await task == "late but there"
        task = asyncio.ensure_future(driver.ask(mute, Ask, 60.0))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        system.stop_actor(ref)
        with pytest.raises(ActorStopped):
            await driver.ask(ref, Ask, 1.0)
        assert not system.asks

    on_loop(body)


def test_tells_from_threads_all_arrive_in_each_threads_order() -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        class Big(Probe):
            mailbox_capacity = 10_000

        ref = system.spawn(Big, name="p")

        def send(start: int) -> None:
            for number in range(start, start + 1_000):
                assert driver.tell_from_thread(ref, Do(number))

        threads = [threading.Thread(target=send, args=(start,)) for start in (0, 1_000, 2_000)]
        for thread in threads:
            thread.start()
        seen = probe_of(system).seen
        for thread in threads:
            await asyncio.to_thread(thread.join)
        await asyncio.sleep(0)
        assert len(seen) == 3_000
        for start in (0, 1_000, 2_000):
            own = [number for number in seen if start <= number < start + 1_000]
            assert own == list(range(start, start + 1_000))

    on_loop(body)


def test_the_hand_over_from_threads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_driver_module, "FROM_THREADS_MAX", 5)

    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        ref = system.spawn(SmallProbe, name="small")
        assert [driver.tell_from_thread(ref, Do(n)) for n in range(6)] == [True] * 5 + [False]
        await asyncio.sleep(0.01)
        assert system.dead_letters["small", "Do"] == 3

    on_loop(body)


def test_a_closed_driver_runs_nothing() -> None:
    async def body(system: ActorSystem, driver: LiveDriver) -> None:
        ref = system.spawn(Probe, name="p")
        system.actor_of(ref).ctx.after(0, Do(5))
        driver.pump()
        driver.close()
        assert not driver.tell(ref, Do(1))
        assert not driver.tell_from_thread(ref, Do(2))
        ref.tell(Do(3))
        await asyncio.sleep(0.01)
        assert 1 not in probe_of(system).seen
        assert 3 not in probe_of(system).seen

    on_loop(body)
