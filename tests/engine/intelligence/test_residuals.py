"""Windows and the pooling tree against a plain recomputation."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from engine.intelligence.residuals import (
    Bucket,
    ResidualTree,
    Window,
    liquidity_of,
    size_of,
)

SOR = Bucket("sor", "high", "small", "tight")


def test_a_kind_is_named_and_read_back() -> None:
    assert Bucket.of(SOR.name) == SOR
    kinds = "tight/sor", "tight/sor/small", "tight/sor/small/high"
    assert SOR.path() == ("coins/takes", "tight/takes", *kinds)
    event = Bucket("iceberg", "low", "large", "event")
    kinds = "event/iceberg", "event/iceberg/large", "event/iceberg/large/low"
    assert event.path() == ("event/rests", *kinds)
    assert len(set(SOR.groups())) == 5
    assert tuple(SOR.shares()) == SOR.groups()
    assert sum(SOR.shares().values()) == 1.0
    with pytest.raises(ValueError, match="no kind of order"):
        Bucket.of("tight/sor")


@pytest.mark.parametrize(
    ("half", "event", "word"),
    [(0.0, False, "tight"), (0.5, False, "usual"), (2.0, False, "wide"), (0.1, True, "event")],
)
def test_liquidity_by_half_spread(half: float, event: bool, word: str) -> None:
    assert liquidity_of(half, event) == word


@pytest.mark.parametrize(
    ("qty", "depth", "word"),
    [(9, 100, "small"), (10, 100, "medium"), (50, 100, "large"), (1, 0, "large")],
)
def test_size_against_depth(qty: int, depth: int, word: str) -> None:
    assert size_of(qty, depth) == word


def test_a_window_keeps_the_newest_and_its_quantiles_are_those_of_the_rank() -> None:
    rng, window = Random(1), Window(50)
    told = [round(rng.gauss(0, 3), 1) for _ in range(180)]
    for index, value in enumerate(told):
        window.add(value)
        kept = told[max(0, index - 49) : index + 1]
        assert list(window.values) == kept
        for level in (0.02, 0.5, 0.9, 0.99):
            expected = np.quantile(kept, level, method="weibull")
            assert window.quantile(level) == pytest.approx(float(expected), abs=1e-12)
    assert window.mean() == pytest.approx(float(np.mean(told[-50:])))


def test_the_next_value_lies_within_with_the_probability_asked_for() -> None:
    rng, hits, runs = Random(2), 0, 8_000
    for _ in range(runs):
        window = Window(19)
        for _ in range(19):
            window.add(rng.random())
        hits += rng.random() <= window.quantile(0.9)
    assert abs(hits / runs - 0.9) < 0.012


def test_pooling_weighs_each_kind_by_its_own_count() -> None:
    tree = ResidualTree(window=30, shrink=50)
    other = Bucket("sor", "low", "small", "tight")
    for n in range(20):
        tree.add(SOR.path(), float(n))
    for n in range(10):
        tree.add(other.path(), 100.0 + n)
    told = [float(n) for n in range(20)] + [100.0 + n for n in range(10)]
    pooled = 7.0
    for values in (told, told, told, told, [float(n) for n in range(20)]):
        own = len(values) / (len(values) + 50)
        expected = float(np.quantile(values, 0.9, method="weibull"))
        pooled = own * expected + (1 - own) * pooled
    assert tree.quantile(SOR.path(), 0.9, 7.0) == pytest.approx(pooled)
    assert tree.count(SOR.name) == 20
    assert tree.count("tight/sor") == 30
    assert tree.count("wide") == 0


def test_a_kind_never_seen_takes_what_its_parents_know() -> None:
    tree = ResidualTree(shrink=1)
    unseen = Bucket("aggressive_chase", "low", "large", "wide")
    assert tree.quantile(unseen.path(), 0.9, 1.28) == 1.28
    assert tree.mean(unseen.path(), 0.5) == 0.5
    for _ in range(99):
        tree.add(SOR.path(), 3.0)
    assert tree.quantile(unseen.path(), 0.9, 1.28) == pytest.approx(0.99 * 3.0 + 0.01 * 1.28)
    assert tree.mean(unseen.path(), 0.0) == pytest.approx(0.99 * 3.0)
    for strange in (
        Bucket("time_drip", "high", "small", "tight"),
        Bucket("sor", "x", "y", "event"),
    ):
        assert tree.quantile(strange.path(), 0.9, 1.28) == 1.28, (
            "what rests, and cents, are kept apart"
        )
