"""The forecast's speed over four venues of a hundred levels, and of the summary over many fills.

Measure with `EXECGRAPH_BENCH=full pytest bench/bench_forecast.py --benchmark-enable -s`. The target
of a warm forecast is a median of 60 us.
"""

from __future__ import annotations

from random import Random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.sizes import sized
from engine.intelligence.audit import audit
from engine.intelligence.forecast import Forecast, forecast
from engine.intelligence.learned.fill_hazard import FillHazard
from engine.intelligence.picture import MarketPicture
from engine.intelligence.rollups import Totals
from engine.intelligence.strategies import STANDARD, estimate
from tests.support.markets import NOW_NS
from tests.support.pictures import decide, random_picture, visible

FILLS = sized(1_000, 1_000_000)
GROUPS = 60


def whole(picture: MarketPicture, qty_1e8: int) -> Forecast:
    """Look and forecast, as a request does."""
    assert picture.look(0, NOW_NS)
    return forecast(picture, qty_1e8)


@pytest.mark.parametrize("share", [0.02, 0.5])
def bench_warm_forecast(benchmark: BenchmarkFixture, share: float) -> None:
    """One forecast of a part of everything that the books show, as a running engine makes it."""
    picture = random_picture(1, 4, 100)
    # What an observer has learned of resting orders is asked for, too.
    hazard = FillHazard(seconds=9_000, fills=300)
    picture.hazards = lambda venue, side: (hazard, 5e8)
    picture.look(0, NOW_NS)
    qty = int(share * visible(picture))
    found = benchmark(whole, picture, qty)
    assert found.expected_cost_bps is not None


def bench_simulate(benchmark: BenchmarkFixture) -> None:
    """The three strategies that every simulation shows."""
    picture = random_picture(1, 4, 100)
    picture.look(0, NOW_NS)
    found = benchmark(lambda: [estimate(picture, 10**9, name) for name in STANDARD])
    assert all(one.est_cost_bps is not None for one in found)


def bench_audit(benchmark: BenchmarkFixture) -> None:
    """One decision redone and held against its alternatives."""
    record = decide(1, 10**9)
    assert benchmark(audit, record).redone


def bench_summary_merge(benchmark: BenchmarkFixture) -> None:
    """Merging the roll-ups of a million fills over days, venues and symbols, with quantiles."""
    random = Random(1)
    groups = [Totals() for _ in range(GROUPS)]
    for k in range(FILLS):
        groups[k % GROUPS].add(10**9, 10**5, False, random.gauss(1.0, 4.0))

    def merged() -> list[float | None]:
        total = Totals()
        for one in groups:
            total.merge(one)
        return total.quantiles((0.5, 0.75, 0.95, 0.99))

    assert None not in benchmark(merged)
