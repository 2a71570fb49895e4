"""An amendment may not pass what a submission may not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.decisions.admission import InstrumentHandle, ResolvedNode
from engine.decisions.amend_limit import amend_denial
from engine.errors import Reason
from engine.model.graph import Graph
from engine.model.risk import AccountLimits, AdmissionRisk, GraphRisk
from engine.model.units import Side
from tests.support.builders import market
from tests.support.graphs import leg

PRICE = 100 * 10**9
ONE = 10**8


def case(cap: int | None) -> tuple[Graph, list[ResolvedNode]]:
    block = market({"alpha": ([(PRICE, ONE)], [(PRICE, ONE)])})
    handle = InstrumentHandle("BTC-USD", block.listings, block, 1)
    legs = [leg("a", limit_1e9=PRICE), leg("b", limit_1e9=PRICE)]
    limit = None if cap is None else Decimal(cap)
    risk = GraphRisk(admission=AdmissionRisk(max_notional_usd=limit))
    nodes = [ResolvedNode(one, handle, Side.BUY, ONE) for one in legs]
    return Graph(nodes=tuple(legs), risk=risk), nodes


@pytest.mark.parametrize(("total", "denied"), [(ONE, False), (4 * ONE, False), (5 * ONE, True)])
def test_the_graphs_own_limit_counts_all_of_its_nodes(total: int, denied: bool) -> None:
    found = amend_denial(*case(500), "a", total, AccountLimits())
    assert (found is not None) is denied
    assert found is None or found.reason is Reason.NOTIONAL_LIMIT


def test_the_accounts_limit_counts_too_and_without_limits_all_is_allowed() -> None:
    graph, nodes = case(None)
    assert amend_denial(graph, nodes, "b", 50 * ONE, AccountLimits()) is None
    account = AccountLimits(graph_notional_max_usd=1_000)
    assert amend_denial(graph, nodes, "b", 50 * ONE, account) is not None
    assert amend_denial(graph, nodes, "nobody", 50 * ONE, account) is None
