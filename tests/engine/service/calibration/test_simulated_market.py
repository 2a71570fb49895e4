"""The simulated market of the harness: real executions, repeatable, none of them degenerate."""

from __future__ import annotations

from itertools import pairwise

from engine.intelligence.calibration import Calibration
from engine.intelligence.residuals import Bucket
from engine.kernels.warm_up import warm_up
from engine.service.calibration.orders import POLICIES
from engine.service.calibration.simulated_market import (
    DAY_NS,
    START_NS,
    SimulatedMarket,
    simulated_orders,
)
from engine.service.intelligence.calibrator import LATENCY_MIN_NS
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow
from tests.support.watched_log import WatchedLog


def orders(seed: int, count: int) -> list[ScoredRow]:
    warm_up()
    log = ForecastLog()
    rows = list(simulated_orders(count, seed, log, Calibration()))
    log.close()
    return rows


def test_a_seed_repeats_itself_and_another_does_not() -> None:
    first = orders(3, 40)
    assert first == orders(3, 40)
    assert first != orders(4, 40)


def test_one_world_works_every_policy_in_every_liquidity() -> None:
    warm_up()
    found: list[ScoredRow] = []
    market = SimulatedMarket(5, START_NS, ForecastLog(), Calibration(), found.append)
    market.run(12)
    kinds = [Bucket.of(row.bucket) for row in found]
    assert {kind.liquidity for kind in kinds} == {"tight", "usual", "wide"}
    assert {kind.policy for kind in kinds} == {policy.value for policy in POLICIES}
    assert all(lane.refused == 0 for lane in market.lanes)
    assert [lane.submitted for lane in market.lanes] == [12, 12, 12]
    # Every one is accounted for: scored, or named as not counting.
    assert len(found) + len(market.calibrator.log.voids()) == 36
    assert market.calibrator.log.waiting() == 0
    for venue in market.world.markets["BTC-USD"].listings:
        assert venue.latency_prior_ns >= LATENCY_MIN_NS


def test_worlds_follow_each_other_and_orders_of_a_symbol_never_overlap() -> None:
    rows = orders(6, 120)
    assert {(row.made_ns - START_NS) // DAY_NS for row in rows} == {0, 1}
    for symbol in {row.symbol for row in rows}:
        spans = sorted((row.made_ns, row.ended_ns) for row in rows if row.symbol == symbol)
        assert all(b[0] > a[1] for a, b in pairwise(spans))


def test_a_forecast_knows_what_has_ended_by_then_of_any_symbol_and_nothing_else() -> None:
    warm_up()
    log = WatchedLog()
    rows = list(simulated_orders(120, 8, log, Calibration()))
    assert len(log.made) >= len(rows)
    log.assert_causal()
    log.close()


def test_outcomes_are_no_copies_of_their_forecasts() -> None:
    rows = orders(7, 60)
    same = sum(abs(row.realised_bps - row.walk_bps) < 1e-9 for row in rows)
    assert same < len(rows) // 4
