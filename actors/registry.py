"""The registry actor: where graphs enter; it checks, numbers, admits and starts them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from engine.decisions.admission import (
    InstrumentHandle,
    ResolvedNode,
    resolve_node,
    worst_notional_1e9,
)
from engine.decisions.market_facts import expected_fee_bps
from engine.errors import Reason
from engine.messages import (
    AdmitGraph,
    CancelGraph,
    ChildReport,
    GraphAdmitted,
    GraphDenied,
    GraphEnded,
    Record,
    SubmitAnswer,
    SubmitGraph,
)
from engine.model.graph import Graph, GraphStatus
from engine.model.instruments import Environment
from engine.model.intake import fingerprint
from engine.model.records import GraphAccepted, ReportRecorded
from engine.model.risk import Limits
from engine.model.validation import Fault, graph_faults, unsupported
from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.supervision import HALT

__all__ = ["GraphKey", "GraphMaker", "GraphSeed", "RegistryActor"]

GraphKey = tuple[str, Environment, str]


class GraphSeed(msgspec.Struct, frozen=True):
    """An admitted graph on its way to becoming an actor."""

    client_id: str
    environment: Environment
    graph_id: str
    graph_number: int
    graph: Graph
    nodes: tuple[ResolvedNode, ...]


class _Waiting(msgspec.Struct, frozen=True):
    """A graph that waits for risk's word; `reply_to` waits with it."""

    reply_to: int
    seed: GraphSeed
    fingerprint: bytes


GraphMaker = Callable[[GraphSeed, ActorRef], Callable[[], Actor[Any]]]
FingerprintLookup = Callable[[GraphKey], bytes | None]


class RegistryActor(
    Actor[SubmitGraph | GraphAdmitted | GraphDenied | GraphEnded | CancelGraph | ChildReport]
):
    """One registry an engine. Ended graphs live in the store; here only a bounded memory of ids.

    The same client id and graph again: the same body answers as the first time, another body is
    refused. Reports of orders whose node is gone are recorded here, so no late fill is lost.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 16_384

    def __init__(
        self,
        engine_number: int,
        graph_number: int,
        instruments: Mapping[str, InstrumentHandle],
        collar_bps: int | None,
        limits: Limits,
        risk: ActorRef,
        journal: ActorRef,
        make_graph: GraphMaker,
        lookup: FingerprintLookup,
    ) -> None:
        self.engine_number = engine_number
        self.graph_number = graph_number
        self.instruments = instruments
        self.collar_bps = collar_bps
        self.limits = limits
        self.risk = risk
        self.journal = journal
        self.make_graph = make_graph
        self.lookup = lookup
        self.waiting: dict[int, _Waiting] = {}
        self.active: dict[GraphKey, ActorRef] = {}
        self.keys: dict[int, GraphKey] = {}
        self.fingerprints: OrderedDict[GraphKey, tuple[bytes, int, int]] = OrderedDict()
        self.strays = 0

    @handles(SubmitGraph)
    def on_submit(self, request: SubmitGraph) -> None:
        graph = request.graph
        faults = graph_faults(graph, self.limits)
        reason = Reason.INVALID_GRAPH
        if not faults:
            faults = unsupported(graph)
            reason = Reason.NOT_SUPPORTED
        if faults:
            self.refuse(request.reply_to, graph, reason, faults)
            return
        if graph.graph_id is not None and self.answered_before(request):
            return
        nodes: list[ResolvedNode] = []
        for index, node in enumerate(graph.nodes):
            resolved = resolve_node(node, f"nodes[{index}]", self.instruments)
            if isinstance(resolved, ResolvedNode):
                nodes.append(resolved)
            else:
                faults.extend(resolved)
        if faults:
            self.refuse(request.reply_to, graph, Reason.INVALID_GRAPH, faults)
            return
        if len(self.keys) + len(self.waiting) >= self.limits.graphs_max:
            text = f"{self.limits.graphs_max} graphs are active; try again when some have ended"
            self.refuse(request.reply_to, graph, Reason.ENGINE_BUSY, [("", text)])
            return
        self.admit(request, tuple(nodes))

    @handles(GraphAdmitted)
    def on_admitted(self, admitted: GraphAdmitted) -> None:
        waiting = self.waiting.pop(admitted.graph_number)
        seed = waiting.seed
        key = (seed.client_id, seed.environment, seed.graph_id)
        sizes = len(seed.graph.nodes), len(seed.graph.edges)
        self.remember(key, waiting.fingerprint, *sizes)
        mids = tuple((one.handle.market.mid_x2() or 0) // 2 for one in seed.nodes)
        fees = tuple(expected_fee_bps(one.handle.market, one.side) for one in seed.nodes)
        accepted = GraphAccepted(seed.graph_number, seed.graph, mids, fees)
        self.journal.tell(Record(seed.client_id, seed.environment, seed.graph_id, "", accepted))
        self.keys[seed.graph_number] = key
        factory = self.make_graph(seed, self.ctx.self_ref)
        self.active[key] = self.ctx.spawn(factory, name="graph", supervision=HALT)
        answer = SubmitAnswer(seed.graph_id, GraphStatus.ACTIVE, *sizes, Reason.NONE, "")
        self.ctx.reply(waiting.reply_to, answer)

    @handles(GraphDenied)
    def on_denied(self, denied: GraphDenied) -> None:
        waiting = self.waiting.pop(denied.graph_number)
        self.refuse(waiting.reply_to, waiting.seed.graph, denied.reason, [("", denied.text)])

    @handles(GraphEnded)
    def on_ended(self, ended: GraphEnded) -> None:
        self.active.pop(self.keys.pop(ended.graph_number))

    @handles(CancelGraph)
    def on_cancel(self, cancel: CancelGraph) -> None:
        """True when the graph is active here and now hears of it; the store knows the rest."""
        graph = self.active.get((cancel.client_id, cancel.environment, cancel.graph_id))
        if graph is not None:
            graph.tell(cancel)
        self.ctx.reply(cancel.reply_to, graph is not None)

    @handles(ChildReport)
    def on_stray(self, message: ChildReport) -> None:
        self.strays += 1
        self.journal.tell(Record("", Environment.SANDBOX, "", "", ReportRecorded(message.report)))

    def admit(self, request: SubmitGraph, nodes: tuple[ResolvedNode, ...]) -> None:
        """Number the graph and ask risk."""
        self.graph_number += 1
        number = self.graph_number
        graph = request.graph
        graph_id = graph.graph_id or self.new_graph_id(number)
        seed = GraphSeed(request.client_id, request.environment, graph_id, number, graph, nodes)
        self.waiting[number] = _Waiting(request.reply_to, seed, fingerprint(graph))
        worst = worst_notional_1e9(nodes, self.collar_bps)
        admit = AdmitGraph(self.ctx.actor_id, number, request.client_id, graph, worst)
        if not self.risk.tell(admit):
            del self.waiting[number]
            text = "risk has no room; try again"
            self.refuse(request.reply_to, graph, Reason.ENGINE_BUSY, [("", text)])

    def answered_before(self, request: SubmitGraph) -> bool:
        """Whether this graph id was used; then the first answer, or a refusal, was given."""
        graph = request.graph
        assert graph.graph_id is not None
        key = (request.client_id, request.environment, graph.graph_id)
        known = self.fingerprints.get(key)
        first = known[0] if known is not None else self.lookup(key)
        if first is None:
            return False
        if first != fingerprint(graph):
            text = f"graph_id {graph.graph_id!r} was used for another graph; choose a new one"
            faults = [("graph_id", text)]
            self.refuse(request.reply_to, graph, Reason.DUPLICATE_GRAPH, faults)
            return True
        sizes = len(graph.nodes), len(graph.edges)
        answer = SubmitAnswer(graph.graph_id, GraphStatus.ACTIVE, *sizes, Reason.NONE, "")
        self.ctx.reply(request.reply_to, answer)
        return True

    def refuse(self, reply_to: int, graph: Graph, reason: Reason, faults: Sequence[Fault]) -> None:
        path, text = faults[0]
        sentence = f"{path}: {text}" if path else text
        answer = SubmitAnswer(
            graph.graph_id or "",
            GraphStatus.FAILED,
            len(graph.nodes),
            len(graph.edges),
            reason,
            sentence,
            tuple(faults) if path else (),
        )
        self.ctx.reply(reply_to, answer)

    def remember(self, key: GraphKey, mark: bytes, nodes: int, edges: int) -> None:
        """Keep the newest ids in memory; older ones are looked up in the store."""
        self.fingerprints[key] = (mark, nodes, edges)
        if len(self.fingerprints) > self.limits.graphs_kept_max:
            self.fingerprints.popitem(last=False)

    def new_graph_id(self, number: int) -> str:
        """Unique over restarts, and the same for the same seed."""
        text = f"{self.engine_number}:{number}:{self.ctx.random.getrandbits(64)}"
        return "graph_" + hashlib.sha256(text.encode()).hexdigest()[:32]
