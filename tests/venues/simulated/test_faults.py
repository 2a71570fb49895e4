"""Fault model: off by default, each fault by its rate, repeatable, healed for good."""

from __future__ import annotations

import random

import pytest

from venues.simulated.faults import CLEAN, NO_FAULTS, Direction, FaultModel, FaultRates, Passage

ALWAYS = 1_000_000
OUT, BACK = Direction.TO_VENUE, Direction.TO_ENGINE


def model(**rates: int) -> FaultModel:
    return FaultModel(FaultRates(**rates), random.Random(5))


def test_off_by_default_and_without_drawing() -> None:
    faults = FaultModel(NO_FAULTS, random.Random(5))
    assert faults.passage(OUT, 0) is CLEAN
    assert faults.rng.random() == random.Random(5).random()


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({"loss_ppm": ALWAYS}, Passage(())),
        ({"disconnect_ppm": ALWAYS}, Passage((), disconnect=True)),
        ({"lost_answer_ppm": ALWAYS}, Passage((0,), answers_lost=True)),
        ({"clog_ppm": ALWAYS, "clog_ns": 7}, Passage((7,))),
    ],
)
def test_certain_faults(rates: dict[str, int], expected: Passage) -> None:
    assert model(**rates).passage(OUT, 0) == expected


def test_answers_are_lost_on_requests_only() -> None:
    assert not model(lost_answer_ppm=ALWAYS).passage(BACK, 0).answers_lost


def test_delays_copies_and_overtaking() -> None:
    late = model(delay_ppm=ALWAYS, delay_max_ns=100).passage(OUT, 0)
    assert 0 < late.delays_ns[0] <= 100
    double = model(duplicate_ppm=ALWAYS, delay_max_ns=100).passage(OUT, 0)
    assert len(double.delays_ns) == 2
    assert double.delays_ns[0] <= double.delays_ns[1]
    assert model(reorder_ppm=ALWAYS).passage(OUT, 0).overtaken


def test_a_clog_holds_its_direction_until_it_ends() -> None:
    faults = model(clog_ppm=ALWAYS, clog_ns=100)
    faults.passage(OUT, 0)
    faults.rates = FaultRates(loss_ppm=1)
    assert faults.passage(OUT, 40).delays_ns == (60,)
    assert faults.passage(BACK, 40).delays_ns == (0,)
    assert faults.passage(OUT, 100).delays_ns == (0,)


def test_healing() -> None:
    faults = model(loss_ppm=ALWAYS)
    faults.heal()
    assert faults.passage(OUT, 0) is CLEAN


def test_rates_and_repetition() -> None:
    def fates(seed: int) -> list[Passage]:
        faults = FaultModel(FaultRates(loss_ppm=100_000, delay_ppm=100_000), random.Random(seed))
        return [faults.passage(OUT, 0) for _ in range(2_000)]

    lost = sum(not fate.delays_ns for fate in fates(1))
    assert 120 < lost < 280
    assert fates(1) == fates(1) != fates(2)
