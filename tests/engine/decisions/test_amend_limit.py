"""An amendment may not pass what a submission may not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.decisions.admission import InstrumentHandle, ResolvedNode
from engine.decisions.amend_limit import amend_denial, still_refused, terms_denial
from engine.decisions.risk import Denial
from engine.errors import Reason
from engine.model.graph import Execution, Graph, Policy
from engine.model.risk import AccountLimits, AdmissionRisk, GraphRisk
from engine.model.terms import Terms
from engine.model.units import Side
from tests.support.builders import intent, market
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


@pytest.mark.parametrize(
    ("terms", "qty", "reason"),
    [
        (Terms(limit_1e9=2 * PRICE), ONE, None),
        (Terms(limit_1e9=200 * PRICE), ONE, Reason.BAD_PRICE),
        (Terms(qty_1e8=ONE), 900, Reason.BELOW_MINIMUM),
        (Terms(reduce_by_1e8=ONE), 1_000, None),
    ],
)
def test_what_remains_must_find_a_venue(terms: Terms, qty: int, reason: Reason | None) -> None:
    block = market({"alpha": ([(PRICE, ONE)], [(PRICE, ONE)])}, price_max_1e9=100 * PRICE)
    found = terms_denial(terms, intent(qty_1e8=qty, limit_price_1e9=PRICE), block)
    assert (None if found is None else found.reason) is reason


def test_a_pin_decides_whose_minimum_counts() -> None:
    block = market({"alpha": ([(PRICE, ONE)], [(PRICE, ONE)])}, qty_min_1e8=ONE)
    wish = intent(qty_1e8=ONE // 2, limit_price_1e9=PRICE, venue="alpha")
    assert terms_denial(Terms(qty_1e8=ONE), wish, block) is not None


def test_refusals_that_are_the_amended_nodes_too() -> None:
    whole, parts = Execution(), Execution(policy=Policy.TIME_DRIP)
    far, money = Denial(Reason.PRICE_DEVIATION, ""), Denial(Reason.NOTIONAL_LIMIT, "")
    moved, grown = Terms(limit_1e9=PRICE), Terms(qty_1e8=ONE)
    assert still_refused(far, moved, whole) is far
    assert still_refused(far, grown, whole) is None, "that price was let pass before"
    assert still_refused(money, grown, whole) is money
    assert still_refused(money, grown, parts) is None
    assert still_refused(None, grown, whole) is None
