"""What risk would refuse at once is told beforehand, node by node, and nothing is held."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decisions.admission import InstrumentHandle
from engine.decisions.intake_checks import Checked, IntakeChecks
from engine.decisions.risk import RiskLedger, TradingSwitch
from engine.decisions.risk_preview import nothing_refused, previewed
from engine.model.graph import Graph
from engine.model.graph_analysis import FindingKind, Severity
from engine.model.instruments import Environment
from engine.model.risk import AccountLimits, Limits
from tests.support.builders import intent, market
from tests.support.graphs import edge, leg

PRICE, QTY = 1_000 * 10**9, 10**8
BLOCK = market({"alpha": ([(PRICE, QTY)], [(PRICE + 10**9, QTY)])})
HANDLE = InstrumentHandle("BTC-USD", BLOCK.listings, BLOCK, 1)
CHECKS = IntakeChecks({"BTC-USD": HANDLE}, 100, Limits(), Environment.SANDBOX)
FAR = 2 * PRICE


def told(graph: Graph, **limits: Any) -> list[tuple[str, str]]:
    ledger = RiskLedger({1: BLOCK}, AccountLimits(**limits), Limits(), TradingSwitch())
    checked = CHECKS.check(graph)
    assert isinstance(checked, Checked)
    found = previewed(checked, "alice", 0, CHECKS, ledger.refusal)
    assert ledger.open_grants == 0
    mine = [one for one in found.report.findings if one.kind is FindingKind.RISK_REFUSES]
    assert all(one.severity is Severity.WARNING for one in mine)
    return [(one.path, one.text.partition(":")[0]) for one in mine]


def test_a_price_far_beyond_the_touch() -> None:
    assert told(Graph(nodes=(leg("a", limit_1e9=FAR),))) == [("nodes[0]", "PRICE_DEVIATION")]
    assert told(Graph(nodes=(leg("a", limit_1e9=PRICE),))) == []
    assert told(Graph(nodes=(leg("a"),))) == []


def test_an_order_above_its_cap() -> None:
    graph = Graph(nodes=(leg("a", qty_1e8=2 * QTY),))
    assert told(graph, order_notional_max_usd=1_500) == [("nodes[0]", "NOTIONAL_LIMIT")]
    assert told(graph, order_notional_max_usd=3_000) == []
    money = Graph(nodes=(leg("a", quantity={"notional": {"usd_1e9": 2 * PRICE}}),))
    assert told(money, order_notional_max_usd=1_500) == [("nodes[0]", "NOTIONAL_LIMIT")]


@pytest.mark.parametrize("policy", ["passive_limit", "time_drip"])
def test_who_chooses_a_price_of_its_own_is_not_judged_by_its_limit(policy: str) -> None:
    assert told(Graph(nodes=(leg("a", limit_1e9=FAR, execution={"policy": policy}),))) == []


def test_what_starts_later_meets_another_market() -> None:
    late = leg("b", "sell", limit_1e9=PRICE // 2)
    nodes = (leg("a"), late)
    assert told(Graph(nodes=nodes, edges=(edge("a", "b"),))) == []
    assert told(Graph(nodes=nodes)) == [("nodes[1]", "PRICE_DEVIATION")]


def test_a_paced_node_is_asked_about_its_price_only() -> None:
    pacing = {"uniform": {"num_slices": 4, "interval_ms": 1_000}}
    slices = leg("a", qty_1e8=4 * QTY, execution={"pacing": pacing})
    assert told(Graph(nodes=(slices,)), order_notional_max_usd=1_500) == []


def test_without_a_ledger_nothing_is_refused() -> None:
    assert nothing_refused(intent(), (), 0) is None
