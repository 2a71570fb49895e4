"""Drawn swarms: the same for the same seed, the same graphs at every level, venues that exist."""

from __future__ import annotations

import pytest

from engine.service.simulation.swarm import SAFETY_NS, FaultLevel
from engine.service.simulation.workload import draw_swarm
from venues.simulated.faults import NO_FAULTS

SEEDS = range(60)


def test_a_seed_is_always_the_same_swarm() -> None:
    assert all(draw_swarm(seed) == draw_swarm(seed) for seed in SEEDS)
    assert len({draw_swarm(seed).describe() for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("level", [FaultLevel.NONE, FaultLevel.LIGHT])
def test_a_level_softens_the_world_and_keeps_the_graphs(level: FaultLevel) -> None:
    for seed in SEEDS:
        full, soft = draw_swarm(seed), draw_swarm(seed, level)
        assert soft.submissions == full.submissions
        assert soft.level is level
        assert soft.switchings == ()
        assert soft.capacities == {}
        assert soft.disk.fails_ns == (0, 0)
        for hard, kind in zip(full.venues, soft.venues, strict=True):
            assert kind.listings == hard.listings
            assert kind.rates.loss_ppm <= hard.rates.loss_ppm // 20
            assert kind.rates == NO_FAULTS or level is FaultLevel.LIGHT


def test_venue_indices_count_the_listings_of_an_instrument() -> None:
    for seed in SEEDS:
        by_symbol: dict[str, list[int]] = {}
        for venue in draw_swarm(seed).venues:
            for one in venue.listings:
                by_symbol.setdefault(one.instrument.symbol, []).append(one.venue_index)
        assert all(found == list(range(len(found))) for found in by_symbol.values())


def test_submissions_stand_in_order_of_time_on_listed_instruments() -> None:
    for seed in SEEDS:
        swarm = draw_swarm(seed, shapes="graphs")
        symbols = {one.instrument.symbol for venue in swarm.venues for one in venue.listings}
        times = [one.at_ns for one in swarm.submissions]
        assert times == sorted(times)
        assert all(0 < at_ns < SAFETY_NS for at_ns in times)
        for one in swarm.submissions:
            assert {node.instrument.symbol for node in one.graph.nodes} <= symbols


def test_the_switch_chooses_the_shapes() -> None:
    single, graphs = draw_swarm(9, shapes="single"), draw_swarm(9, shapes="graphs")
    assert all(len(one.graph.nodes) == 1 for one in single.submissions)
    assert any(len(one.graph.nodes) > 1 for one in graphs.submissions)


def test_every_kind_of_trouble_is_drawn() -> None:
    drawn = [venue.rates for seed in SEEDS for venue in draw_swarm(seed).venues]
    for name in ("silence_ppm", "late_cancel_ppm", "loss_ppm"):
        assert {getattr(one, name) > 0 for one in drawn} == {True, False}
    for name in ("rate_storm", "error_storm", "clock_jump"):
        assert {getattr(one, f"{name}_every_ns") > 0 for one in drawn} == {True, False}
    assert draw_swarm(0).shapes == "graphs"


def test_who_may_have_to_ask_again_names_the_graph() -> None:
    crashing = 0
    for seed in SEEDS:
        swarm = draw_swarm(seed)
        names = [one.graph.graph_id for one in swarm.submissions]
        if swarm.crashes:
            crashing += 1
            assert len(set(names)) == len(names)
            ends = [one.at_ns + one.outage_ns for one in swarm.crashes]
            starts = [one.at_ns for one in swarm.crashes[1:]]
            assert all(end < start for end, start in zip(ends, starts, strict=False))
        assert draw_swarm(seed, FaultLevel.LIGHT).crashes == ()
    assert 0 < crashing < len(SEEDS) // 2
