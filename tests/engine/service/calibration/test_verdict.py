"""The verdict: a perfect forecaster passes, and each planted fault is named by its criterion."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.intelligence.scoring import binomial_band, mean_pinball
from engine.service.calibration.verdict import coverage_band, judge
from engine.service.intelligence.forecast_log import ScoredRow
from tests.support.scored_rows import KINDS, honest_rows

Plant = Callable[[ScoredRow], float]


def planted(rows: list[ScoredRow], plant: Plant) -> list[ScoredRow]:
    """The same outcomes against other forecasts."""
    return [
        msgspec.structs.replace(row, p90_bps=plant(row), inside=row.realised_bps < plant(row))
        for row in rows
    ]


def test_a_perfect_forecaster_meets_every_criterion() -> None:
    found = judge("x", 1, honest_rows(1, 700), honest_rows(2, 2_000), {"why": 3})
    assert found.misses == ()
    assert found.whole.orders == 2_000
    assert found.fitted == 700
    assert found.not_counted == {"why": 3}
    assert {one.kind for one in found.buckets} >= {
        "coins/takes policy sor",
        "tight/sor",
        KINDS[1].name,
    }
    assert all(one.passes for one in found.buckets)
    assert found.kupiec[1] > 0.01
    assert found.blocks[0] < found.whole.coverage < found.blocks[1]


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (lambda row: row.median_bps + 0.5 * (row.p90_bps - row.median_bps), "coverage"),
        (lambda row: row.median_bps + 2.5 * (row.p90_bps - row.median_bps), "width"),
        (lambda row: row.walk_bps, "not below the book walk's"),
        (lambda row: row.walk_bps - 2.1, "not below the square-root law's"),
        # Right for all together, wrong for each: one quantile for the quiet and the wild.
        (lambda row: row.walk_bps + 2.9, "coins/takes policy sor: coverage"),
    ],
)
def test_each_planted_fault_misses_its_criterion(plant: Plant, said: str) -> None:
    found = judge("x", 1, honest_rows(1, 700), planted(honest_rows(2, 2_000), plant))
    assert any(said in miss for miss in found.misses), found.misses


def test_losses_are_the_mean_pinball_of_each_forecast() -> None:
    before, rows = honest_rows(1, 300), honest_rows(2, 200)
    (losses,) = judge("x", 1, before, rows).losses
    assert losses.loss == pytest.approx(mean_pinball([(r.realised_bps, r.p90_bps) for r in rows]))
    assert losses.walk == pytest.approx(mean_pinball([(r.realised_bps, r.walk_bps) for r in rows]))
    law = [(r.realised_bps, r.law_bps) for r in rows if r.law_bps is not None]
    assert (losses.law_orders, losses.law) == (len(law), pytest.approx(mean_pinball(law)))
    assert losses.loss < losses.pooled_loss


def test_the_pooled_quantile_knows_what_had_ended_and_no_more() -> None:
    before = honest_rows(1, 40)
    rows = [
        msgspec.structs.replace(row, made_ns=100 + 3 * n, ended_ns=105 + 3 * n)
        for n, row in enumerate(honest_rows(2, 60))
    ]
    # The last outcome is wild, and known to nobody.
    last = msgspec.structs.replace(rows[-1], realised_bps=1e6)
    (losses,) = judge("x", 1, before, [*rows[:-1], last]).losses
    widths, aboves = [], []
    for row in rows:
        known = [*before, *(one for one in rows if one.ended_ns <= row.made_ns)]
        based = sorted(one.realised_bps - one.base_bps for one in known)
        swept = sorted(one.realised_bps - one.walk_bps for one in known)
        widths.append(at_rank(based, 0.9) - at_rank(based, 0.5))
        aboves.append(at_rank(swept, 0.9))
    assert losses.pooled_width == pytest.approx(sum(widths) / len(rows))
    assert losses.pooled_above == pytest.approx(sum(aboves) / len(rows))


def at_rank(ordered: list[float], level: float) -> float:
    place = level * (len(ordered) + 1) - 1.0
    below = int(place)
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def test_a_kind_whose_wilson_interval_leaves_the_level_out_says_so() -> None:
    rows = honest_rows(2, 600, (KINDS[0],))
    low, high = binomial_band(136, 0.9, 0.995)
    hits = iter([True] * low + [False] * (136 - low))
    rows = [
        msgspec.structs.replace(row, inside=next(hits, n % 10 > 0)) for n, row in enumerate(rows)
    ]
    found = judge("x", 1, honest_rows(1, 200), rows[:136])
    assert found.whole.band[0] <= found.whole.coverage
    assert not found.whole.passes
    assert any(miss.endswith("has no 0.90 in its Wilson interval") for miss in found.misses)
    assert high > low


def test_events_are_judged_in_cents_and_apart() -> None:
    event = msgspec.structs.replace(KINDS[0], liquidity="event")
    coins, events = honest_rows(1, 200), honest_rows(2, 200, (event,))
    events = [msgspec.structs.replace(row, unit_bps=50.0) for row in events]
    found = judge("x", 1, [*coins[:80], *events[:80]], [*coins[80:], *events[80:]])
    bps, cents = found.losses
    assert (bps.unit, cents.unit, bps.orders, cents.orders) == ("bps", "cents", 120, 120)
    plain = mean_pinball([(row.realised_bps, row.p90_bps) for row in events[80:]])
    assert cents.loss == pytest.approx(plain / 50.0)


@pytest.mark.parametrize("count", [1, 60, 300, 2_000, 100_000])
def test_few_orders_have_a_wider_exact_band(count: int) -> None:
    low, high = binomial_band(count, 0.9, 0.995)
    assert coverage_band(count) == (min(0.87, low / count), max(0.93, high / count))
    if count >= 2_000:
        assert coverage_band(count) == (0.87, 0.93)


def test_few_orders_of_a_kind_are_not_judged() -> None:
    found = judge("x", 1, honest_rows(1, 50), honest_rows(2, 150))
    assert all(one.orders >= 100 for one in found.buckets)
    assert judge("x", 1, honest_rows(1, 50), honest_rows(2, 99)).whole.passes is None
    with pytest.raises(ValueError, match="orders"):
        judge("x", 1, [], honest_rows(2, 10))
