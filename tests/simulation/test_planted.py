"""Bugs planted on purpose: each is found within a stated number of seeds, or the checkers sleep."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.decisions import edges
from engine.decisions.allowance import Allowance
from engine.decisions.edges import EdgePlan, EdgeState, Incoming, TriggerKind
from engine.decisions.node_ledger import Applied, NodeLedger
from engine.decisions.risk import RiskLedger
from engine.model.orders import OrderReport
from engine.model.progress import NodeProgress
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


def acts_on_each_word(world: SimulatedWorld) -> None:
    """An edge that takes each word of its source for a fill, instead of for the sum of them."""
    honest: Callable[[Incoming, NodeProgress], bool] = Incoming.hear
    true: dict[tuple[int, int], int] = {}

    def hear(incoming: Incoming, progress: NodeProgress) -> bool:
        known = incoming.sources.get(progress.node_index)
        if not honest(incoming, progress):
            return False
        name = id(incoming), progress.node_index
        before = 0 if known is None else true[name]
        net = true[name] = progress.net_qty_1e8
        # What was filled since the last word; where nothing was, the same fill once more.
        filled = net - before if net > before else net
        counted = filled if known is None else known.net_qty_1e8 + filled
        told = msgspec.structs.replace(progress, net_qty_1e8=counted)
        incoming.sources[progress.node_index] = told
        return True

    world.patch(Incoming, "hear", hear)


def sells_twice(world: SimulatedWorld) -> None:
    """Exits of one entry that forget one another."""

    def free(allowance: Allowance, member: int, allowed_1e8: int) -> int:
        return allowed_1e8

    world.patch(Allowance, "free_1e8", free)


def fires_too_soon(world: SimulatedWorld) -> None:
    """A timeout that is over when it begins."""
    honest = edges.trigger_holds

    def holds(plan: EdgePlan, state: EdgeState, source: NodeProgress, now_ns: int) -> bool:
        if plan.kind is TriggerKind.TIMEOUT:
            return source.started_ns > 0
        return honest(plan, state, source, now_ns)

    world.patch(edges, "trigger_holds", holds)


def forgets_a_lot(world: SimulatedWorld) -> None:
    """A hedge that is a lot short of what its source filled."""
    honest: Callable[[Incoming, int, int], int] = Incoming.derived_qty_1e8

    def derived(incoming: Incoming, lot_1e8: int, multiplier_1e8: int) -> int:
        return max(0, honest(incoming, lot_1e8, multiplier_1e8) - lot_1e8)

    world.patch(Incoming, "derived_qty_1e8", derived)


@pytest.mark.parametrize(
    ("plant", "seeds", "sentence"),
    [
        (counts_twice, 50, "never happened"),
        (forgets_releases, 5, "outlive"),
        (releases_too_soon, 50, "reserved while orders"),
        (acts_on_each_word, 200, "its sources make it"),
        (sells_twice, 200, "other exits"),
        (fires_too_soon, 50, "fired before"),
        (forgets_a_lot, 50, "is filled with"),
    ],
)
def test_a_planted_bug_is_found(plant: Plant, seeds: int, sentence: str) -> None:
    failure = first_failure(plant, seeds)
    assert failure is not None, "no seed found it"
    assert any(sentence in fault for fault in failure.faults), failure.faults
    command = f"execgraph simulate --seed {failure.seed} --faults full --shapes graphs"
    assert failure.repeat == command
    assert command in failure.report
    assert not run_seed(failure.seed, twice=False).faults, "the seed passes without the bug"


def first_failure(plant: Plant, seeds: int) -> SeedResult | None:
    """The first of some seeds that notices the bug."""
    for seed in range(1, 1 + seeds):
        result = run_seed(seed, plant=plant, twice=False)
        if result.faults:
            return result
    return None
