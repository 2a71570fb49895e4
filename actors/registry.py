"""The registry actor: where graphs enter; it checks, numbers, admits and starts them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.decisions.intake_checks import Checked, IntakeChecks, Unplaceable
from engine.decisions.journal_load import JournalLoad
from engine.decisions.market_facts import expected_fee_bps
from engine.decisions.recovery_plan import GraphSeed, PastGraph
from engine.decisions.risk_preview import Refusal, nothing_refused, previewed
from engine.errors import Reason
from engine.messages import (
    AdmitGraph,
    AdoptGraph,
    CommandAnswer,
    FlushJournal,
    FreezeGraphs,
    GraphAdmitted,
    GraphCommand,
    GraphCommandKind,
    GraphDenied,
    GraphDurable,
    GraphEnded,
    Record,
    RecoverGraph,
    SubmitAnswer,
    SubmitGraph,
)
from engine.model.graph import Graph, GraphStatus
from engine.model.instruments import Environment
from engine.model.intake import fingerprint
from engine.model.records import GraphAccepted
from engine.model.risk import KillScope, Limits
from engine.model.validation import Fault
from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.supervision import HALT

__all__ = ["GraphKey", "GraphMaker", "GraphSeed", "RegistryActor"]

GraphKey = tuple[str, Environment, str]
GraphMaker = Callable[[GraphSeed, ActorRef], Callable[[], Actor[Any]]]
FingerprintLookup = Callable[[GraphKey], bytes | None]
HELD_COMMANDS_MAX = 1_000
# Looking an enum member up by its class costs a tenth of a microsecond each time.
ACTIVE, NO_REASON = GraphStatus.ACTIVE, Reason.NONE


class _Waiting(msgspec.Struct, frozen=True):
    """A graph that waits for risk's word, or for its record to be durable.

    `replies` are all who asked: a client that tries again meanwhile gets the same answer.
    `commands` are kill switches thrown meanwhile.
    """

    replies: list[int]
    seed: GraphSeed
    fingerprint: bytes
    found: Checked
    commands: list[GraphCommand]


class RegistryActor(
    Actor[
        SubmitGraph
        | GraphAdmitted
        | GraphDenied
        | GraphDurable
        | GraphEnded
        | GraphCommand
        | FreezeGraphs
        | RecoverGraph
        | AdoptGraph
    ]
):
    """One registry an engine. Ended graphs live in the store; here only a bounded memory of ids.

    The same client id and graph again: the same body answers as the first time, another body is
    refused. With `durable_first` a graph starts, and is answered, once its record is on disk.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 16_384
    # After a restart every open graph is told at once.
    mailbox_hard_capacity = 262_144

    def __init__(
        self,
        engine_number: int,
        graph_number: int,
        checks: IntakeChecks,
        limits: Limits,
        risk: ActorRef,
        journal: ActorRef,
        make_graph: GraphMaker,
        lookup: FingerprintLookup,
        load: JournalLoad,
        *,
        durable_first: bool = False,
        refusal: Refusal = nothing_refused,
    ) -> None:
        self.engine_number = engine_number
        self.graph_number = graph_number
        self.checks = checks
        self.limits = limits
        self.risk = risk
        self.journal = journal
        self.make_graph = make_graph
        self.lookup = lookup
        self.load = load
        self.durable_first = durable_first
        self.refusal = refusal
        self.waiting: dict[int, _Waiting] = {}
        # The waiting graphs whose client named them: none may be submitted twice.
        self.coming: dict[GraphKey, int] = {}
        self.dry_runs = 0
        self.active: dict[GraphKey, ActorRef] = {}
        self.keys: dict[int, GraphKey] = {}
        self.fingerprints: OrderedDict[GraphKey, bytes] = OrderedDict()
        self.held: dict[GraphKey, list[GraphCommand]] = {}
        self.recovery: ActorRef | None = None
        # Graphs of an earlier run that go on here.
        self.adopted = 0

    # -- new graphs

    @handles(SubmitGraph)
    def on_submit(self, request: SubmitGraph) -> None:
        graph = request.graph
        found = self.checks.check(graph)
        if isinstance(found, Unplaceable):
            self.refuse(request.reply_to, graph, found.reason, found.faults)
            return
        if not isinstance(found, Checked):
            self.refuse(request.reply_to, graph, Reason.INVALID_GRAPH, found)
            return
        if request.dry_run:
            self.dry_run(request, found)
            return
        if graph.graph_id is not None and self.answered_before(request):
            return
        if self.load.high:
            text = "the disk does not keep up with the record; try again in a moment"
            self.refuse(request.reply_to, graph, Reason.ENGINE_BUSY, [("", text)])
            return
        if len(self.keys) + len(self.waiting) >= self.limits.graphs_max:
            text = f"{self.limits.graphs_max} graphs are active; try again when some have ended"
            self.refuse(request.reply_to, graph, Reason.ENGINE_BUSY, [("", text)])
            return
        self.admit(request, found)

    @handles(GraphAdmitted)
    def on_admitted(self, admitted: GraphAdmitted) -> None:
        number = admitted.graph_number
        waiting = self.waiting[number]
        seed = waiting.seed
        if seed.graph_id == "":
            # A dry run: nothing of it is kept.
            del self.waiting[number]
            self.reply_to_all(waiting)
            return
        key = (seed.client_id, seed.environment, seed.graph_id)
        self.remember(key, waiting.fingerprint)
        # From lists: a generator costs twice as much, on the way of every order.
        mids = tuple([one.handle.market.mid_x2() or 0 for one in seed.nodes])
        fees = tuple([expected_fee_bps(one.handle.market, one.node) for one in seed.nodes])
        halves = tuple([mid // 2 for mid in mids])
        accepted = GraphAccepted(number, seed.graph, halves, fees, mids, seed.spare)
        self.journal.tell(Record(seed.client_id, seed.environment, seed.graph_id, "", accepted))
        self.keys[number] = key
        if self.durable_first:
            self.journal.tell(FlushJournal(self.ctx.system.open_ask(self.when_durable(number))))
        else:
            self.start(number)

    @handles(GraphDurable)
    def on_durable(self, durable: GraphDurable) -> None:
        self.start(durable.graph_number)

    @handles(GraphDenied)
    def on_denied(self, denied: GraphDenied) -> None:
        waiting = self.waiting.pop(denied.graph_number)
        seed = waiting.seed
        self.coming.pop((seed.client_id, seed.environment, seed.graph_id), None)
        for reply_to in waiting.replies:
            self.refuse(reply_to, seed.graph, denied.reason, [("", denied.text)])

    @handles(GraphEnded)
    def on_ended(self, ended: GraphEnded) -> None:
        self.active.pop(self.keys.pop(ended.graph_number))

    # -- commands on running graphs

    @handles(GraphCommand)
    def on_command(self, command: GraphCommand) -> None:
        """Passed on when the graph is active here; the store knows the rest."""
        key = (command.client_id, command.environment, command.graph_id)
        graph = self.active.get(key)
        if graph is not None:
            graph.tell(command)
        elif key in self.held and len(self.held[key]) < HELD_COMMANDS_MAX:
            self.held[key].append(command)
        else:
            text = f"graph {command.graph_id!r} is not active"
            self.ctx.reply(command.reply_to, CommandAnswer(Reason.NOT_FOUND, text))

    @handles(FreezeGraphs)
    def on_freeze(self, freeze: FreezeGraphs) -> None:
        """A kill switch: freeze, and if asked cancel, every graph of its scope."""
        kind = GraphCommandKind.CANCEL if freeze.cancel else GraphCommandKind.FREEZE
        touched = []
        for key, hand_over in self.stoppable():
            client_id, environment, graph_id = key
            if environment is not freeze.environment:
                continue
            scope = freeze.scope
            if scope is KillScope.CLIENT and client_id != freeze.key:
                continue
            if scope is KillScope.GRAPH and graph_id != freeze.key:
                continue
            venue = freeze.key if scope is KillScope.VENUE else ""
            symbol = freeze.key if scope is KillScope.SYMBOL else ""
            touched.append(graph_id)
            hand_over(
                GraphCommand(
                    0,
                    client_id,
                    environment,
                    graph_id,
                    kind,
                    reason=freeze.reason,
                    venue=venue,
                    symbol=symbol,
                )
            )
        self.ctx.reply(freeze.reply_to, tuple(touched))

    def stoppable(self) -> list[tuple[GraphKey, Callable[[GraphCommand], object]]]:
        """Every graph that works or will, and how it hears: those to come once they begin."""
        found: list[tuple[GraphKey, Callable[[GraphCommand], object]]] = []
        for key, graph in self.active.items():
            found.append((key, graph.tell))
        for key, held in self.held.items():
            found.append((key, held.append))
        for number, one in self.waiting.items():
            if number > 0:
                seed = one.seed
                key = seed.client_id, seed.environment, seed.graph_id
                found.append((key, one.commands.append))
        return found

    # -- after a restart

    @handles(RecoverGraph)
    def on_recover(self, recover: RecoverGraph) -> None:
        """A graph of an earlier run: commands for it wait until it goes on."""
        past = recover.past
        if past is not None:
            assert isinstance(past, PastGraph)
            seed = past.seed
            key = (seed.client_id, seed.environment, seed.graph_id)
            self.keys[seed.graph_number] = key
            self.held[key] = []
        assert self.recovery is not None, "recovery is joined before graphs come"
        self.recovery.tell(recover)

    @handles(AdoptGraph)
    def on_adopt(self, adopt: AdoptGraph) -> None:
        seed = adopt.seed
        assert isinstance(seed, GraphSeed)
        key = (seed.client_id, seed.environment, seed.graph_id)
        factory = self.make_graph(seed, self.ctx.self_ref)
        graph = self.active[key] = self.ctx.spawn(factory, name="graph", supervision=HALT)
        for command in self.held.pop(key, ()):
            graph.tell(command)
        self.adopted += 1

    # -- helpers

    def when_durable(self, number: int) -> Callable[[object], None]:
        """The journal answers whoever asked; here the answer becomes a message."""

        def tell(_: object) -> None:
            self.ctx.self_ref.tell(GraphDurable(number))

        return tell

    def admit(self, request: SubmitGraph, found: Checked) -> None:
        """Number the graph and ask risk."""
        self.graph_number += 1
        number = self.graph_number
        graph_id = request.graph.graph_id or self.new_graph_id(number)
        self.ask_risk(request, found, number, graph_id)

    def dry_run(self, request: SubmitGraph, found: Checked) -> None:
        """Everything that a submit checks, and nothing that it does."""
        self.dry_runs += 1
        found = previewed(found, request.client_id, self.ctx.now_ns, self.checks, self.refusal)
        self.ask_risk(request, found, -self.dry_runs, "")

    def ask_risk(self, request: SubmitGraph, found: Checked, number: int, graph_id: str) -> None:
        seed = GraphSeed(
            request.client_id,
            request.environment,
            graph_id,
            number,
            found.graph,
            found.nodes,
            found.spare,
        )
        # Whoever uses an id that we made submits another graph: one that has this id.
        mark = fingerprint(request.graph) if request.graph.graph_id is not None else b""
        self.waiting[number] = _Waiting([request.reply_to], seed, mark, found, [])
        worst = found.report.larger_side_1e9
        admit = AdmitGraph(self.ctx.actor_id, number, request.client_id, request.graph, worst)
        if not self.risk.tell(admit):
            del self.waiting[number]
            text = "risk has no room; try again"
            self.refuse(request.reply_to, request.graph, Reason.ENGINE_BUSY, [("", text)])
        elif graph_id and mark:
            self.coming[request.client_id, request.environment, graph_id] = number

    def start(self, number: int) -> None:
        """Admitted, and recorded as far as was asked for: the graph begins."""
        waiting = self.waiting.pop(number)
        seed = waiting.seed
        factory = self.make_graph(seed, self.ctx.self_ref)
        graph = self.ctx.spawn(factory, name="graph", supervision=HALT)
        key = self.keys[number]
        self.active[key] = graph
        self.coming.pop(key, None)
        for command in waiting.commands:
            graph.tell(command)
        self.reply_to_all(waiting)

    def answered_before(self, request: SubmitGraph) -> bool:
        """Whether this graph id was used; then the first answer, or a refusal, was given."""
        graph = request.graph
        assert graph.graph_id is not None
        key = (request.client_id, request.environment, graph.graph_id)
        number = self.coming.get(key)
        known = self.fingerprints.get(key) if number is None else self.waiting[number].fingerprint
        first = known if known is not None else self.lookup(key)
        if first is None:
            return False
        if first != fingerprint(graph):
            text = f"graph_id {graph.graph_id!r} was used for another graph; choose a new one"
            faults = [("graph_id", text)]
            self.refuse(request.reply_to, graph, Reason.DUPLICATE_GRAPH, faults)
            return True
        if number is not None:
            self.waiting[number].replies.append(request.reply_to)
            return True
        sizes = self.checks.counts(graph)
        answer = SubmitAnswer(graph.graph_id, GraphStatus.ACTIVE, *sizes, Reason.NONE, "")
        self.ctx.reply(request.reply_to, answer)
        return True

    def reply_to_all(self, waiting: _Waiting) -> None:
        """The good news, to everybody who asked."""
        answer = self.accepted_answer(waiting)
        for reply_to in waiting.replies:
            self.ctx.reply(reply_to, answer)

    def accepted_answer(self, waiting: _Waiting) -> SubmitAnswer:
        """What an accepted graph, or a dry run that would be, is answered."""
        seed = waiting.seed
        sizes = self.checks.counts(waiting.found.submitted)
        report = waiting.found.report if not seed.graph_id else None
        return SubmitAnswer(seed.graph_id, ACTIVE, *sizes, NO_REASON, "", (), report)

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

    def remember(self, key: GraphKey, mark: bytes) -> None:
        """Keep the newest ids in memory; older ones are looked up in the store."""
        self.fingerprints[key] = mark
        if len(self.fingerprints) > self.limits.graphs_kept_max:
            self.fingerprints.popitem(last=False)

    def new_graph_id(self, number: int) -> str:
        """Unique over restarts, and the same for the same seed."""
        text = f"{self.engine_number}:{number}:{self.ctx.random.getrandbits(64)}"
        return "graph_" + hashlib.sha256(text.encode()).hexdigest()[:32]
