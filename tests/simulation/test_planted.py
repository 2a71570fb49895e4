"""Bugs planted on purpose: each is found within a stated number of seeds, or the checkers sleep."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.decisions.node_ledger import Applied, NodeLedger
from engine.decisions.risk import RiskLedger
from engine.model.orders import OrderReport
from engine.service.simulation.seed import SeedResult, run_seed
from engine.service.simulation.world import Plant, SimulatedWorld


def counts_twice(world: SimulatedWorld) -> None:
    """A node that books a repeated report of a fill once more."""
    honest: Callable[[NodeLedger, OrderReport], Applied | None] = NodeLedger.apply

    def apply(ledger: NodeLedger, report: OrderReport) -> Applied | None:
        child = ledger.children.get(report.client_order_id)
        if child is not None:
            child.trade_ids.clear()
        return honest(ledger, report)

    world.patch(NodeLedger, "apply", apply)


def forgets_releases(world: SimulatedWorld) -> None:
    """Risk that keeps what will never fill: a rest of money stays reserved for good."""
    honest: Callable[[RiskLedger, int, int, int], None] = RiskLedger.settle

    def settle(ledger: RiskLedger, grant: int, filled: int, released: int) -> None:
        honest(ledger, grant, filled, released // 2)

    world.patch(RiskLedger, "settle", settle)


def releases_too_soon(world: SimulatedWorld) -> None:
    """Risk that gives everything back with the first fill, while the rest is still working."""
    honest: Callable[[RiskLedger, int, int, int], None] = RiskLedger.settle

    def settle(ledger: RiskLedger, grant: int, filled: int, released: int) -> None:
        honest(ledger, grant, filled * 1_000_000, released)

    world.patch(RiskLedger, "settle", settle)


@pytest.mark.parametrize(
    ("plant", "seeds", "sentence"),
    [
        (counts_twice, 50, "never happened"),
        (forgets_releases, 5, "outlive"),
        (releases_too_soon, 50, "reserved while orders"),
    ],
)
def test_a_planted_bug_is_found(plant: Plant, seeds: int, sentence: str) -> None:
    failure = first_failure(plant, seeds)
    assert failure is not None, "no seed found it"
    assert any(sentence in fault for fault in failure.faults), failure.faults
    assert f"execgraph simulate --seed {failure.seed} --faults full" in failure.report
    assert not run_seed(failure.seed, twice=False).faults, "the seed passes without the bug"


def first_failure(plant: Plant, seeds: int) -> SeedResult | None:
    """The first of some seeds that notices the bug."""
    for seed in range(1, 1 + seeds):
        result = run_seed(seed, plant=plant, twice=False)
        if result.faults:
            return result
    return None
