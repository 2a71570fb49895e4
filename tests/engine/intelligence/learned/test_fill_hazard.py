"""The hazard finds a planted law, beats the mean rate, and follows when the law changes."""

from __future__ import annotations

import random
from math import exp

import msgspec
import pytest

from engine.intelligence.learned.fill_hazard import FillHazard, features_of


def world(rng: random.Random, slope: float, n: int, hazard: FillHazard) -> None:
    """Seconds whose true hazard falls with the queue only."""
    for _ in range(n):
        x = features_of(rng.expovariate(0.2), 1.0, 2.0, rng.uniform(-1, 1), 0.0)
        true = 1.0 / (1.0 + exp(-(0.5 + slope * x[1])))
        hazard.observe(x, rng.random() < true)


def test_before_it_has_seen_anything_a_longer_queue_fills_later() -> None:
    hazard = FillHazard()
    front = hazard.hazard(features_of(0, 10, 1, 0, 0))
    back = hazard.hazard(features_of(100, 10, 1, 0, 0))
    away = hazard.hazard(features_of(0, 10, 1, 0, 5))
    assert front == pytest.approx(1 / 3, abs=0.02)
    assert back == pytest.approx(0.05, abs=0.01)
    assert away < front


def test_it_finds_a_planted_law_and_beats_the_mean_rate() -> None:
    hazard = FillHazard()
    world(random.Random(1), -1.5, 20_000, hazard)
    for queue in (0.0, 2.0, 10.0):
        x = features_of(queue, 1.0, 2.0, 0.0, 0.0)
        true = 1.0 / (1.0 + exp(-(0.5 - 1.5 * x[1])))
        assert hazard.hazard(x) == pytest.approx(true, abs=0.06)
    assert hazard.loss < 0.97 * hazard.base_loss
    assert hazard.seconds == 20_000


def test_it_follows_when_the_law_changes() -> None:
    hazard, rng = FillHazard(), random.Random(2)
    world(rng, -1.5, 20_000, hazard)
    before = hazard.hazard(features_of(10.0, 1.0, 2.0, 0.0, 0.0))
    world(rng, 0.5, 40_000, hazard)
    after = hazard.hazard(features_of(10.0, 1.0, 2.0, 0.0, 0.0))
    assert before < 0.15
    assert after > 0.6


def test_chances_grow_with_time_and_stay_chances() -> None:
    hazard, x = FillHazard(), features_of(10, 10, 1, 0, 0)
    chances = [hazard.chance(x, t) for t in (0.0, 1.0, 10.0, 1e6)]
    assert chances[0] == 0.0
    assert chances == sorted(chances)
    assert chances[1] == pytest.approx(hazard.hazard(x))
    assert chances[-1] <= 1.0


def test_features_are_bounded_whatever_comes() -> None:
    for x in (features_of(1e30, 0, 1e30, 5.0, 1e30), features_of(-1, 0, -1, -5.0, -1)):
        assert all(-1.0 <= value <= 10.0 for value in x)


def test_it_is_stored_as_it_is() -> None:
    hazard = FillHazard()
    world(random.Random(3), -1.0, 10, hazard)
    packed = msgspec.msgpack.encode(hazard)
    assert msgspec.msgpack.decode(packed, type=FillHazard) == hazard
