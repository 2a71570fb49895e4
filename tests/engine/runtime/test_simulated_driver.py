"""The simulated driver: order from the seed alone, virtual time, the live order on demand."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from tests.support.interleaving import interleaving
from tests.support.runtime_actors import Do, Happened, Newest, Probe

ROOT = Path(__file__).resolve().parents[3]
SEEDS = range(40)


def test_seeds_repeat_and_differ() -> None:
    orders = [interleaving(seed) for seed in SEEDS]
    assert orders == [interleaving(seed) for seed in SEEDS]
    assert len(set(orders)) == len(SEEDS)


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_the_order_does_not_depend_on_the_hash_seed(hash_seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.interleaving", "7"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == interleaving(7)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_mailbox_is_fifo_and_lanes_are_permuted(seed: int) -> None:
    words = [word for word in interleaving(seed).split() if not word.endswith(".")]
    assert len(words) == 8 * 5
    for name in "abcdefgh":
        assert [word[1] for word in words if word[0] == name] == ["0", "1", "2", "3", "4"]
    first_lane_first = "".join(word[0] for word in words[:8])
    assert set(first_lane_first) != {"a", "b"}


def test_batches_are_cut_at_random_and_all_end() -> None:
    ends = set()
    for seed in SEEDS:
        words = interleaving(seed).split()
        ends.add(sum(word.endswith(".") for word in words))
        for name in "abcdefgh":
            own = [word for word in words if word[0] == name]
            assert own[-1] == f"{name}."
            assert not any(a == b for a, b in itertools.pairwise(own)), "an empty batch"
    assert len(ends) > 3


@pytest.mark.parametrize("stepped", [True, False])
def test_fifo_is_the_order_of_a_drain(stepped: bool) -> None:
    log: list[int] = []

    def reaction(_: Probe, number: int) -> None:
        log.append(number)

    system = ActorSystem()
    refs = [system.spawn(lambda: Probe(reaction), name="p") for _ in range(3)]
    driver = SimulatedDriver(system, seed=5, order="fifo")
    for number in range(30):
        driver.tell(refs[number * 7 % 3], Happened(number))
    if stepped:
        driver.run_until_idle()
        assert driver.turns == 30
    else:
        system.drain(1_000)
    assert log == list(range(30))


def test_time_stands_still_until_it_jumps_to_the_next_timer() -> None:
    system = ActorSystem()
    driver = SimulatedDriver(system, seed=1, start_ns=1_000)
    times: list[tuple[int, int]] = []

    def reaction(probe: Probe, number: int) -> None:
        times.append((number, probe.ctx.now_ns))
        if number == 0:
            probe.ctx.after(500, Happened(1))
            cancelled = probe.ctx.after(100, Happened(9))
            probe.ctx.after(200, Happened(2))
            assert probe.ctx.cancel(cancelled)

    ref = system.spawn(lambda: Probe(reaction), name="p")
    driver.tell(ref, Happened(0))
    assert driver.run_until_idle() == 1
    assert driver.now_ns == 1_000
    assert driver.advance_to_next_timer()
    assert driver.now_ns == 1_200
    driver.run_until(1_400)
    assert driver.now_ns == 1_400
    driver.run_for(1_000)
    assert driver.now_ns == 2_400
    assert times == [(0, 1_000), (2, 1_200), (1, 1_500)]
    assert not driver.advance_to_next_timer()


def test_a_message_loop_is_found() -> None:
    def again(probe: Probe, number: int) -> None:
        probe.ctx.self_ref.tell(Happened(number + 1))

    for order in ("seeded", "fifo"):
        system = ActorSystem()
        driver = SimulatedDriver(system, order=order)  # type: ignore[arg-type]  # one of the two
        driver.tell(system.spawn(lambda: Probe(again), name="p"), Happened(0))
        with pytest.raises(AssertionError, match="a message loop"):
            driver.run_until_idle(max_turns=100)
        assert driver.turns == 100


def test_a_mailbox_is_full_by_the_same_count_while_the_driver_holds_its_messages() -> None:
    class Small(Probe):
        mailbox_capacity = 3

    system = ActorSystem()
    driver = SimulatedDriver(system)
    ref = system.spawn(Small, name="s")
    for number in range(3):
        assert driver.tell(ref, Do(number))
    assert driver.step()
    assert ref.depth == 2
    assert driver.tell(ref, Newest(8))
    assert not driver.tell(ref, Do(9))
    assert driver.ready
    driver.run_until_idle()
    assert system.meters_by_class()["Small"].handled == 4
    assert system.meters.messages == driver.turns == 4
