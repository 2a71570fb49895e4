"""The split's speed at four shapes, and its fill and cost against the exact program.

Measure with `EXECGRAPH_BENCH=full pytest bench/bench_split.py --benchmark-enable -s`; the peers
in one run: `python -m bench.peers.split_peers`.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.peers.split_peers import Problem
from bench.sizes import sized
from engine.decisions.decision_record import DecisionRecorder, redo
from engine.decisions.split import Splitter
from engine.kernels.minimums import Scratch, place_with_minimums
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from tests.support.markets import NOW_NS, plain_terms
from tests.support.milp_split import GAP_ALLOWED
from tests.support.minimum_cases import SHAPES, compare, minimum_case

PARENTS = sized(2, 60)
SPEED_SHAPES = ((4, 200, 20), (4, 200, 50), (16, 200, 50), (16, 500, 8_000))


@pytest.mark.parametrize(("venues", "levels", "consumed"), SPEED_SHAPES)
def bench_plan(benchmark: BenchmarkFixture, venues: int, levels: int, consumed: int) -> None:
    """`Splitter.plan` with its legs."""
    problem = Problem(1, venues, levels, consumed)
    plan = benchmark(problem.splitter.plan, 0, problem.qty, None, problem.terms)
    assert plan.planned_qty_1e8 == problem.qty


def bench_terms(benchmark: BenchmarkFixture) -> None:
    """The cost terms of four venues."""
    problem = Problem(1, 4, 200, 20)
    terms = benchmark(problem.model.terms, 0, NOW_NS)
    assert terms.active.tolist() == [1, 1, 1, 1]


def bench_record(benchmark: BenchmarkFixture) -> None:
    """The decision record of a plan over four venues and twenty levels."""
    problem = Problem(1, 4, 200, 20)
    plan = problem.splitter.plan(0, problem.qty, None, problem.terms)
    recorder = DecisionRecorder(problem.splitter)
    record = benchmark(recorder.record, plan, problem.terms, 1, 1)
    assert redo(record) == plan.legs


@pytest.mark.parametrize("venues", [4, 8])
def bench_minimums(benchmark: BenchmarkFixture, venues: int) -> None:
    """The search over venue subsets, without the sweep before it."""
    case = minimum_case(2, venues, 0.15)
    splitter = Splitter(case.market)
    splitter.plan(0, case.qty, None, plain_terms(case.market, 0, constants=case.constants))
    view, arena, scratch = case.market.view, splitter.arena, Scratch()
    assert sweep(view, arena, 0, case.qty, 0, 1) == NEEDS_MINIMUMS
    legs = benchmark(place_with_minimums, view, arena, scratch, 0, case.qty, 0, 1)
    assert legs > 0


@pytest.mark.parametrize(("venues", "share"), SHAPES)
def bench_exact_program(venues: int, share: float) -> None:
    """Every parent that HiGHS fills is filled, at its cost (240 parents at full size)."""
    for seed in range(PARENTS):
        case = minimum_case(seed, venues, share)
        result = compare(case)
        assert not result.exact_fills or result.filled == case.qty
        assert result.gap is None or result.gap <= GAP_ALLOWED
