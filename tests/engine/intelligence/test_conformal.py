"""The conformal layer: its guarantee holds whatever the outcomes are."""

from __future__ import annotations

from random import Random

import pytest

from engine.intelligence.conformal import LEVEL_MAX, LEVEL_MIN, OFFSET_MAX, STEP, AdaptiveLevels


def test_it_asks_for_what_is_wanted_until_something_came() -> None:
    levels = AdaptiveLevels(0.9)
    assert levels.level(["all", "policy sor"]) == 0.9
    assert levels.tallies == {}


def test_a_miss_moves_an_order_by_the_step_in_all() -> None:
    levels = AdaptiveLevels(0.9)
    groups = {"all": 0.2, "a": 0.5, "b": 0.3}
    levels.observe(groups, False)
    assert levels.level(groups) == pytest.approx(0.9 + STEP * 0.9)
    assert levels.level(["all"]) == pytest.approx(0.9 + STEP * 0.9 * 0.2)
    assert levels.level(["a"]) == pytest.approx(0.9 + STEP * 0.9 * 0.5)
    levels.observe(groups, True)
    assert levels.level(groups) == pytest.approx(0.9 + STEP * 0.8)


def test_the_misses_of_each_group_are_bound_by_its_offset() -> None:
    rng = Random(1)
    levels = AdaptiveLevels(0.9)
    for n in range(3_000):
        groups = {"all": 0.25, "ab"[n % 2]: 0.75}
        # Outcomes whose quantiles are nothing like what is asked for, and drift.
        scale = 1.1 if n % 2 else 0.96
        inside = rng.random() < min(1.0, scale * levels.level(groups) ** (1 + n / 9_000))
        levels.observe(groups, inside)
    for name, tally in levels.tallies.items():
        assert abs(tally.offset) < OFFSET_MAX
        coverage = tally.coverage
        assert coverage is not None
        off = abs(1 - coverage - 0.1)
        step = STEP * (0.25 if name == "all" else 0.75)
        assert off == pytest.approx(abs(tally.offset) / (step * tally.scored), abs=1e-9), name
        assert off < 0.02, name


def test_levels_and_offsets_stay_within_their_bounds() -> None:
    levels = AdaptiveLevels(0.9, step=0.5)
    groups = dict.fromkeys(("all", "a", "b"), 1 / 3)
    for inside, bound in ((False, LEVEL_MAX), (True, LEVEL_MIN)):
        for _ in range(200):
            levels.observe(groups, inside)
        assert levels.level(groups) == bound
        assert all(abs(tally.offset) == OFFSET_MAX for tally in levels.tallies.values())


def test_what_is_only_counted_keeps_its_offset() -> None:
    levels = AdaptiveLevels(0.9)
    levels.observe({"all": 1.0}, False, ["kind"])
    levels.observe({"all": 1.0}, True, ["kind"])
    tally = levels.tallies["kind"]
    assert (tally.offset, tally.scored, tally.inside, tally.coverage) == (0.0, 2, 1, 0.5)
