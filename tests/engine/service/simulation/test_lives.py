"""Several lives of one engine: what the disk holds goes on, what it lacks is gone."""

from __future__ import annotations

from engine.model.records import EngineStarted, GraphAccepted
from engine.service.simulation.lives import stored
from engine.service.simulation.seed import finished_world, run_seed
from engine.service.simulation.swarm import MS, Crash
from engine.service.simulation.workload import draw_swarm
from engine.service.simulation.world import SimulatedWorld
from engine.store.queries import Queries

SEEDS = range(1, 60)


def crashing() -> list[int]:
    return [seed for seed in SEEDS if draw_swarm(seed).crashes]


def test_a_store_holds_what_it_is_given() -> None:
    run = finished_world(crashing()[0])
    store = stored(run.durable)
    assert store.last_seq == len(run.durable)
    assert list(store.entries()) == run.durable
    payloads = [one.payload for one in run.durable]
    starts = [one.engine_number for one in payloads if isinstance(one, EngineStarted)]
    assert Queries(store).last_numbers()[0] == starts[-1]
    store.close()


def test_seeds_with_crashes_are_drawn_and_pass() -> None:
    seeds = crashing()
    assert len(seeds) > len(SEEDS) // 10
    for seed in seeds[:6]:
        assert run_seed(seed, twice=False).faults == ()


def test_each_life_has_a_number_and_goes_on_with_the_journal() -> None:
    lives = 0
    for seed in crashing()[:6]:
        run = finished_world(seed)
        crashes = len(run.swarm.crashes)
        assert len(run.lives) == crashes + 1
        assert [one.seq for one in run.durable] == list(range(1, len(run.durable) + 1))
        accepted = [one.graph_id for one in run.durable if isinstance(one.payload, GraphAccepted)]
        assert len(set(accepted)) == len(accepted)
        lives += crashes
    assert lives >= 6


def test_groups_on_the_disk_are_kept_or_lost() -> None:
    """The same crash, once with what the disk was given and once without."""
    found = []
    for seed in crashing():
        run = SimulatedWorld(draw_swarm(seed))
        (crash, *_) = run.swarm.crashes
        run.spoil()
        for at_ns, act in sorted(run.clients.plan(), key=lambda one: one[0]):
            if at_ns >= crash.at_ns:
                break
            run.run_until(run.started_ns + at_ns)
            act()
        run.driver.run_until_idle()
        given = [one for group in run.disks[-1].queue for one in group]
        before = len(run.durable)
        run.drop(Crash(crash.at_ns, 0, 0, seed % 2 == 0))
        kept = len(run.durable) - before
        if given and not run.disks[-1].failures:
            found.append((seed % 2 == 0, kept > 0))
        run.start_again()
        run.driver.run_until(run.driver.now_ns + 400 * MS)
        assert not run.down
        run.restore()
    assert (False, True) not in found
    assert found
