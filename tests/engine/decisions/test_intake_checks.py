"""Intake checks: every fault at once with its path, and what a graph that passes becomes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from engine.decisions.admission import InstrumentHandle
from engine.decisions.intake_checks import Checked, IntakeChecks, Unplaceable
from engine.errors import Reason
from engine.model.graph import (
    Edge,
    Graph,
    Node,
    Pacing,
    PriceTrigger,
    Sizing,
    Trigger,
    UniformPacing,
)
from engine.model.instruments import Environment
from engine.model.risk import FailureRisk, GraphRisk, Limits
from tests.support.builders import market, node
from tests.support.graphs import leg
from tests.support.node_stage import named

QTY = 10**8
PRICE = 64_000 * 10**9
BLOCK = market({"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])})
HANDLE = InstrumentHandle("BTC-USD", BLOCK.listings, BLOCK, 1)
CHECKS = IntakeChecks({"BTC-USD": HANDLE}, 100, Limits(), Environment.SANDBOX)


def passed(graph: Graph, checks: IntakeChecks = CHECKS) -> Checked:
    found = checks.check(graph)
    assert isinstance(found, Checked), found
    return found


def faults(graph: Graph, checks: IntakeChecks = CHECKS) -> dict[str, str]:
    found = checks.check(graph)
    assert not isinstance(found, Checked | Unplaceable)
    return dict(found)


def pair(second: Node | None = None, **edge: Any) -> Graph:
    entry = named(node(QTY, limit_1e9=PRICE), "entry")
    hedge = second or named(node(QTY, side="sell", limit_1e9=PRICE), "hedge")
    made = Edge(**{"from_node": "entry", "to_node": "hedge", "trigger": "on_full_fill"} | edge)
    return Graph(nodes=(entry, hedge), edges=(made,))


def test_a_graph_that_passes_is_bound_to_its_instruments() -> None:
    found = passed(pair())
    assert [one.handle for one in found.nodes] == [HANDLE, HANDLE]
    assert (found.graph, found.spare) == (found.submitted, ())
    assert found.report.larger_side_1e9 == PRICE
    (row,) = found.report.one_sided
    assert row.underlying == "BTC" and row.long_qty_1e8 == QTY


def test_faults_of_words_and_of_execution_come_together() -> None:
    paced = Pacing(uniform=UniformPacing(num_slices=0, interval_ms=100))
    bad = named(node(-1, pacing=paced), "bad id!")
    found = faults(Graph(nodes=(bad, named(node(0), "other"))))
    assert any(path.startswith("nodes[0].execution") for path in found)
    assert any(path.startswith("nodes[0].quantity") for path in found)
    assert any(path.startswith("nodes[1].quantity") for path in found)


def test_structure_instruments_and_price_symbols_are_told_at_once() -> None:
    price = Trigger(on_price=PriceTrigger(symbol="XYZ-USD", direction="above", price_1e9=PRICE))
    nowhere = named(node(QTY, symbol="ABC-USD"), "hedge")
    found = faults(pair(nowhere, trigger=price))
    assert "ABC-USD" in found["nodes[1].instrument.symbol"]
    assert "XYZ-USD" in found["edges[0].trigger.on_price.symbol"]


def test_a_node_that_nothing_starts_is_an_error() -> None:
    waits = named(node(QTY), "hedge", activation="wait")
    found = faults(Graph(nodes=(named(node(QTY), "entry"), waits)))
    assert found, "a node that waits for nothing can never run"


def test_more_nodes_than_the_limit() -> None:
    tight = IntakeChecks(
        {"BTC-USD": HANDLE}, 100, Limits(nodes_per_graph_max=1), CHECKS.environment
    )
    assert any("nodes" in path for path in faults(pair(), tight))
    assert isinstance(tight.check(Graph(nodes=(node(QTY),))), Checked)


def test_flatten_legs_are_bound_too_and_stand_last() -> None:
    risk = GraphRisk(on_failure=FailureRisk(action="flatten"))
    found = passed(Graph(nodes=(node(QTY),), risk=risk))
    assert (found.spare, len(found.submitted.nodes), len(found.graph.nodes)) == ((1,), 1, 2)
    assert found.nodes[1].handle is HANDLE and found.nodes[1].qty_1e8 == 0
    assert found.report.larger_side_1e9 == PRICE * 101 // 100, "legs add nothing to the bound"


def test_a_derived_hedge_counts_by_its_ratio() -> None:
    derived = named(node(QTY, side="sell", limit_1e9=2 * PRICE), "hedge", quantity="derived")
    half = Sizing(ratio=Decimal("0.25"))
    found = passed(pair(derived, trigger="on_fill", sizing=half))
    assert found.report.larger_side_1e9 == PRICE, "a quarter at twice the price is less"
    whole = passed(pair(derived, trigger="on_fill"))
    assert whole.report.larger_side_1e9 == 2 * PRICE


def test_slices_count_as_nodes() -> None:
    paced = Pacing(uniform=UniformPacing(num_slices=5, interval_ms=100))
    counts: Sequence[int] = CHECKS.counts(Graph(nodes=(node(QTY, pacing=paced),)))
    assert counts[0] >= 5
    assert CHECKS.counts(pair()) == (2, 1)


def small(**terms: Any) -> dict[str, str]:
    """Faults on a venue that takes 0.00001 and a hundred dollars or more."""
    block = market(
        {"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])},
        qty_min_1e8=QTY // 100_000,
        notional_min_1e9=100 * 10**9,
    )
    handle = InstrumentHandle("BTC-USD", block.listings, block, 1)
    checks = IntakeChecks({"BTC-USD": handle}, 100, Limits(), Environment.SANDBOX)
    found = checks.check(Graph(nodes=(leg("a", **terms),)))
    if isinstance(found, Checked):
        return {}
    assert isinstance(found, Unplaceable) and found.reason is Reason.BELOW_MINIMUM
    return dict(found.faults)


def test_orders_that_no_venue_could_take_are_refused() -> None:
    field = "nodes[0].quantity.fixed.qty_1e8"
    assert "the least is 0.00157 at" in small(qty_1e8=1_000, limit_1e9=PRICE)[field]
    assert "the least is 0.00155 at" in small(qty_1e8=99_000)[field]
    assert small(qty_1e8=100_000, limit_1e9=100 * 10**9)[field], "worth ten cents at its limit"
    assert small(qty_1e8=1_000, limit_1e9=PRICE, venue="alpha")[field]
    money = small(quantity={"notional": {"usd_1e9": 1_000}})
    told = money["nodes[0].quantity.notional.usd_1e9"]
    least = Decimal(told.removesuffix(" USD").rpartition(" ")[2])
    assert 100 <= least < 101
    assert small(quantity={"notional": {"usd_1e9": int(least * 10**9)}}) == {}
    assert small(quantity={"notional": {"usd_1e9": 99 * 10**9}})


def test_orders_at_the_minimum_pass() -> None:
    assert small(qty_1e8=200_000, limit_1e9=PRICE) == {}
    assert small(qty_1e8=200_000) == {}
    assert small(qty_1e8=200_000, side="sell", limit_1e9=10**9 * 100) == {}, "it sells at the bid"
    assert small(quantity={"notional": {"usd_1e9": 200 * 10**9}}) == {}
