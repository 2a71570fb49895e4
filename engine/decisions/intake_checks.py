"""Every check of a submitted graph before risk: words, structure, instruments, worst case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine.decisions.admission import InstrumentHandle, ResolvedNode, resolve_node
from engine.decisions.exposure import worst_case
from engine.decisions.flatten_legs import with_flatten_legs
from engine.decisions.placeable import best_price_1e9, least_qty_1e8, size_denial
from engine.decisions.policies.paced import expanded_counts
from engine.decisions.policies.parameters import execution_faults
from engine.errors import Reason
from engine.model.dry_run import DryRunReport, OneSided
from engine.model.graph import Graph
from engine.model.graph_analysis import Finding, Severity, activation_of, analyse
from engine.model.instruments import Environment
from engine.model.risk import Limits
from engine.model.units import QTY_SCALE, format_price, notional_1e9
from engine.model.validation import Fault, graph_faults

__all__ = ["Checked", "IntakeChecks", "Unplaceable"]


class Checked(msgspec.Struct, frozen=True):
    """A graph that may go to risk. `graph` is `submitted` with its flatten legs, the `spare`."""

    submitted: Graph
    graph: Graph
    nodes: tuple[ResolvedNode, ...]
    spare: tuple[int, ...]
    report: DryRunReport


class Unplaceable(msgspec.Struct, frozen=True):
    """A well-formed graph with orders that no venue could ever take, and why."""

    reason: Reason
    faults: tuple[Fault, ...]


class IntakeChecks:
    """The checks with what they need to know; one an engine."""

    __slots__ = ("_instruments", "_limits", "collar_bps", "environment")

    def __init__(
        self,
        instruments: Mapping[str, InstrumentHandle],
        collar_bps: int | None,
        limits: Limits,
        environment: Environment,
    ) -> None:
        self._instruments = instruments
        self.collar_bps = collar_bps
        self._limits = limits
        self.environment = environment

    def check(self, graph: Graph) -> Checked | Unplaceable | Sequence[Fault]:
        """The graph bound to its instruments, or all of its faults, each with its path."""
        faults = list(graph_faults(graph, self._limits))
        for index, node in enumerate(graph.nodes):
            limit = node.limit_price_1e9 is not None
            path = f"nodes[{index}].execution"
            for suffix, text in execution_faults(node.execution, limit=limit):
                faults.append((f"{path}.{suffix}", text))
        findings: Sequence[Finding] = ()
        if not faults and (graph.edges or len(graph.nodes) > 1):
            findings = analyse(graph).findings
            faults = [(one.path, one.text) for one in findings if one.severity is Severity.ERROR]
        nodes: list[ResolvedNode] = []
        for index, node in enumerate(graph.nodes):
            resolved = resolve_node(node, f"nodes[{index}]", self._instruments)
            if isinstance(resolved, ResolvedNode):
                nodes.append(resolved)
            else:
                told = {path for path, _ in faults}
                faults.extend([one for one in resolved if one[0] not in told])
        if graph.edges:
            faults.extend(self._price_faults(graph))
        if faults:
            return faults
        too_small = self._too_small(graph, nodes)
        if too_small:
            return Unplaceable(Reason.BELOW_MINIMUM, tuple(too_small))
        exposure = worst_case(graph, nodes, self.collar_bps)
        if exposure.unpriced and graph.risk is not None and graph.risk.admission is not None:
            if graph.risk.admission.max_notional_usd is not None:
                index = exposure.unpriced[0]
                text = "it has no price now, so the graph's notional limit cannot be checked"
                return [(f"nodes[{index}].instrument.symbol", text)]
        report = DryRunReport(
            tuple(findings),
            exposure.larger_side_1e9,
            exposure.long_1e9,
            exposure.short_1e9,
            exposure.gross_1e9,
            tuple([OneSided(*one) for one in exposure.one_sided]),
        )
        full, spare = with_flatten_legs(graph, nodes)
        for index in spare:
            extra = resolve_node(full.nodes[index], f"nodes[{index}]", self._instruments)
            assert isinstance(extra, ResolvedNode), "a flatten leg trades what the graph trades"
            nodes.append(extra)
        return Checked(graph, full, tuple(nodes), spare, report)

    def counts(self, graph: Graph) -> tuple[int, int]:
        """Nodes and edges with every paced node expanded into its slices."""
        return expanded_counts(graph)

    def _too_small(self, graph: Graph, nodes: Sequence[ResolvedNode]) -> Sequence[Fault]:
        """Orders below every minimum of the venues that they may go to."""
        faults: list[Fault] = []
        for index, one in enumerate(nodes):
            node, market = one.node, one.handle.market
            quantity, limit, pinned = node.quantity, node.limit_price_1e9, node.instrument.venue
            if isinstance(quantity, str):
                continue
            listings = one.handle.listings
            if pinned is not None:
                listings = tuple([each for each in listings if each.venue == pinned])
            price = best_price_1e9(market, one.side, limit, self.collar_bps)
            qty, field = one.qty_1e8, "fixed.qty_1e8"
            if quantity.notional is not None:
                if not price:
                    continue
                qty, field = quantity.notional.usd_1e9 * QTY_SCALE // price, "notional.usd_1e9"
            denial = size_denial(listings, qty, price)
            if denial is not None and limit is None and activation_of(graph, index) == "wait":
                # It will meet another price than today's.
                denial = size_denial(listings, qty, 0) if quantity.notional is None else None
            if denial is not None:
                text = denial.text
                if quantity.notional is not None:
                    least = notional_1e9(price, least_qty_1e8(listings, price))
                    text = "so little money is below the minimum of every venue that it may go to"
                    text = f"{text}; the least is {format_price(least)} USD"
                faults.append((f"nodes[{index}].quantity.{field}", text))
        return faults

    def _price_faults(self, graph: Graph) -> Sequence[Fault]:
        """Price triggers on symbols that nobody lists."""
        faults: list[Fault] = []
        for index, edge in enumerate(graph.edges):
            trigger = edge.trigger
            if isinstance(trigger, str) or trigger.on_price is None:
                continue
            symbol = trigger.on_price.symbol
            if symbol is not None and symbol not in self._instruments:
                text = f"symbol {symbol!r} is not listed"
                faults.append((f"edges[{index}].trigger.on_price.symbol", text))
        return faults
