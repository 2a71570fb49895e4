"""What pre-trade risk would refuse of a graph's first orders, told before they are submitted.

A dry run and a batch read it. Nothing is held, and the market may have moved a moment later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from engine.decisions.admission import ResolvedNode
from engine.decisions.intake_checks import Checked, IntakeChecks
from engine.decisions.node_plan import NodeIdentity, node_worst_price, route_intent
from engine.decisions.placeable import best_price_1e9
from engine.decisions.policies.policy import Route
from engine.decisions.risk import Denial
from engine.errors import Reason
from engine.model.graph import Graph, Policy
from engine.model.graph_analysis import Finding, FindingKind, Severity, activation_of
from engine.model.instruments import Environment
from engine.model.orders import RouteIntent
from engine.model.units import QTY_SCALE

__all__ = ["Previewed", "Refusal", "nothing_refused", "previewed", "refused_now"]

Refusal = Callable[[RouteIntent, Sequence[int], int], Denial | None]
# These send their quantity under the node's own limit; the others choose a price of their own.
TAKING: Final = frozenset({Policy.SOR, Policy.IOC_SWEEP, Policy.AGGRESSIVE_CHASE})


class Previewed(msgspec.Struct, frozen=True, gc=False):
    """Whose graph it is, the account's collar, and the time."""

    client_id: str
    environment: Environment
    collar_bps: int | None
    now_ns: int


def nothing_refused(_intent: RouteIntent, _replaced: Sequence[int], _now_ns: int) -> Denial | None:
    """Stands where there is no ledger to ask."""
    return None


def previewed(
    found: Checked, client_id: str, now_ns: int, checks: IntakeChecks, refusal: Refusal
) -> Checked:
    """What was checked, its report with what `refused_now` finds."""
    preview = Previewed(client_id, checks.environment, checks.collar_bps, now_ns)
    refused = refused_now(found.submitted, found.nodes, preview, refusal)
    if not refused:
        return found
    replace = msgspec.structs.replace
    findings = (*found.report.findings, *refused)
    return replace(found, report=replace(found.report, findings=findings))


def refused_now(
    graph: Graph, nodes: Sequence[ResolvedNode], preview: Previewed, refusal: Refusal
) -> tuple[Finding, ...]:
    """A warning for each node that starts at once and would be refused, with the reason code.

    A paced node is asked about its price only, as its quantity goes in slices.
    """
    findings = []
    for index, node in enumerate(graph.nodes):
        execution = node.execution
        if execution.policy not in TAKING or activation_of(graph, index) != "root":
            continue
        denial = refusal(first_intent(graph, nodes[index], index, preview), (), preview.now_ns)
        if denial is None:
            continue
        if execution.pacing is not None and denial.reason is not Reason.PRICE_DEVIATION:
            continue
        text = f"{denial.reason.value}: {denial.text}"
        path = f"nodes[{index}]"
        findings.append(Finding(FindingKind.RISK_REFUSES, Severity.WARNING, path, text))
    return tuple(findings)


def first_intent(graph: Graph, one: ResolvedNode, index: int, preview: Previewed) -> RouteIntent:
    """The node's whole quantity as it would be sent first."""
    node, market = one.node, one.handle.market
    qty, collar = one.qty_1e8, preview.collar_bps
    if not isinstance(node.quantity, str) and node.quantity.notional is not None:
        price = best_price_1e9(market, one.side, node.limit_price_1e9)
        qty = node.quantity.notional.usd_1e9 * QTY_SCALE // price if price else 0
    limits = graph.risk.pretrade if graph.risk is not None else None
    place = one.handle.router_id
    who = preview.client_id, preview.environment, graph.graph_id or ""
    identity = NodeIdentity(*who, 0, node, index, one.side, qty, place, limits)
    worst = node_worst_price(identity, market, market.mid_x2(), collar)
    wish = Route(qty, node.execution.tif, rest=False)
    return route_intent(identity, 0, 1, wish, worst)
