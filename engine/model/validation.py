"""Faults of a graph that its types cannot express: all in one answer, each with its path."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.model.graph import Graph, Node, Policy
from engine.model.risk import Limits
from engine.model.units import INT64_MAX

__all__ = ["Fault", "graph_faults", "is_identifier", "unsupported"]

Fault = tuple[str, str]

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
# A published client cuts ids at the first colon and would then cancel a graph of this name.
_RESERVED_GRAPH_IDS = frozenset({"graph"})
_POSITIVE = "must be positive and fit 64 bits"
SUPPORTED_POLICIES = frozenset({Policy.SOR, Policy.IOC_SWEEP})


def is_identifier(text: str) -> bool:
    """Whether `text` may be a graph, node or edge id: 1 to 64 of letters, digits, `_`, `-`."""
    return _IDENTIFIER.fullmatch(text) is not None


def graph_faults(graph: Graph, limits: Limits) -> list[Fault]:
    """Every fault of the graph as (path, sentence); empty when it is well formed."""
    faults: list[Fault] = []
    if graph.graph_id is not None:
        if not is_identifier(graph.graph_id):
            faults.append(("graph_id", "must be 1 to 64 letters, digits, '_' or '-'"))
        elif graph.graph_id in _RESERVED_GRAPH_IDS:
            faults.append(("graph_id", f"{graph.graph_id!r} is reserved; choose another id"))
    if not graph.nodes:
        faults.append(("nodes", "a graph needs at least one node"))
    if len(graph.nodes) > limits.nodes_per_graph_max:
        faults.append(("nodes", f"at most {limits.nodes_per_graph_max} nodes are allowed"))
        return faults
    if len(graph.edges) > limits.edges_per_graph_max:
        faults.append(("edges", f"at most {limits.edges_per_graph_max} edges are allowed"))
        return faults
    seen: set[str] = set()
    for index, node in enumerate(graph.nodes):
        path = f"nodes[{index}]"
        if not is_identifier(node.node_id):
            faults.append((f"{path}.node_id", "must be 1 to 64 letters, digits, '_' or '-'"))
        elif node.node_id in seen:
            faults.append((f"{path}.node_id", f"{node.node_id!r} is used twice"))
        seen.add(node.node_id)
        faults.extend(_node_faults(node, path))
    return faults


def unsupported(graph: Graph) -> list[Fault]:
    """What this version does not execute yet; such graphs are refused, never half done."""
    faults: list[Fault] = []
    if len(graph.nodes) > 1:
        faults.append(("nodes", "this version executes one-node graphs"))
    if graph.edges:
        faults.append(("edges", "this version executes graphs without edges"))
    for index, node in enumerate(graph.nodes):
        path = f"nodes[{index}]"
        if node.execution.policy not in SUPPORTED_POLICIES:
            text = f"policy {node.execution.policy.value!r} is not executed by this version"
            faults.append((f"{path}.execution.policy", text))
        if node.execution.pacing is not None:
            faults.append((f"{path}.execution.pacing", "pacing is not executed by this version"))
        if node.fixed_qty_1e8 is None:
            faults.append((f"{path}.quantity", "this version executes fixed quantities"))
        if node.activation == "wait":
            faults.append((f"{path}.activation", "'wait' needs an edge that leads to the node"))
    return faults


def _node_faults(node: Node, path: str) -> Sequence[Fault]:
    faults: list[Fault] = []
    if not node.instrument.symbol or len(node.instrument.symbol) > 256:
        faults.append((f"{path}.instrument.symbol", "must be 1 to 256 characters"))
    quantity = node.quantity
    if not isinstance(quantity, str):
        if (quantity.fixed is None) == (quantity.notional is None):
            faults.append((f"{path}.quantity", "needs exactly one of 'fixed' and 'notional'"))
        if quantity.fixed is not None and not 0 < quantity.fixed.qty_1e8 <= INT64_MAX:
            faults.append((f"{path}.quantity.fixed.qty_1e8", _POSITIVE))
        if quantity.notional is not None and not 0 < quantity.notional.usd_1e9 <= INT64_MAX:
            faults.append((f"{path}.quantity.notional.usd_1e9", _POSITIVE))
    price = node.limit_price_1e9
    if price is not None and not 0 < price <= INT64_MAX:
        faults.append((f"{path}.order_type.limit.price_1e9", _POSITIVE))
    execution = node.execution
    slippage = execution.max_slippage_bps
    if slippage is not None and not 0 <= slippage <= 10_000:
        faults.append((f"{path}.execution.max_slippage_bps", "must be between 0 and 10000"))
    horizon = execution.horizon_ms
    if horizon is not None and not 0 < horizon <= 86_400_000 * 30:
        faults.append((f"{path}.execution.horizon_ms", "must be between 1 ms and 30 days"))
    return faults
