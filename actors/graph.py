"""The graph actor: starts the nodes of one graph, takes commands, guards it, rolls up its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from engine.decisions.graph_guard import GraphGuard
from engine.decisions.recovery_plan import CANCELLING, FLATTENING, RESUMED, GraphStart
from engine.decisions.roll_up import FAILURES, called_off, rolled_up
from engine.errors import Reason
from engine.messages import (
    AmendNode,
    CancelNode,
    CommandAnswer,
    GraphCommand,
    GraphCommandKind,
    GraphEnded,
    KillNode,
    LingerOver,
    NodeEnded,
    NodeMoved,
    PauseNode,
    Record,
    RecoverNode,
    ResumeNode,
    RiskMark,
    StartNode,
    UpstreamChanged,
)
from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.progress import NodeProgress
from engine.model.records import GraphChanged
from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.supervision import HALT

__all__ = ["GraphActor", "GraphStart", "NodeFactory"]

NodeFactory = Callable[[ActorRef, list[ActorRef]], Actor[Any]]

LIVING = (GraphStatus.ACTIVE, GraphStatus.PAUSED)
MARK_NS, LINGER_NS = 250_000_000, 5_000_000_000


class GraphActor(
    Actor[NodeEnded | NodeMoved | GraphCommand | RiskMark | LingerOver | UpstreamChanged]
):
    """Supervises; it is no switchboard: nodes talk to each other without it.

    `after` names for each node those that hear of it; a node that had ended before a restart
    speaks through the graph.
    """

    __slots__ = (
        "after",
        "cancelled",
        "client_id",
        "ended",
        "environment",
        "factories",
        "flattening",
        "graph_id",
        "graph_number",
        "guard",
        "journal",
        "killed",
        "lapsed",
        "lingers",
        "node_ids",
        "nodes",
        "reason",
        "registry",
        "short",
        "spare",
        "start",
        "status",
    )

    lane = Lane.EXECUTION
    mailbox_capacity = 2_048

    def __init__(
        self,
        client_id: str,
        environment: Environment,
        graph_id: str,
        graph_number: int,
        factories: Sequence[NodeFactory],
        start: GraphStart,
        after: Sequence[Sequence[int]],
        guard: GraphGuard | None,
        registry: ActorRef,
        journal: ActorRef,
    ) -> None:
        self.client_id = client_id
        self.environment = environment
        self.graph_id = graph_id
        self.graph_number = graph_number
        self.factories = factories
        # Only until the nodes are set going: a waiting graph does not carry its beginning.
        self.start: GraphStart | None = start
        self.node_ids = start.node_ids
        self.after = after
        self.guard = guard
        self.registry = registry
        self.journal = journal
        self.nodes: list[ActorRef] = []
        self.ended: list[NodeStatus | None] = [None] * len(factories)
        self.reason = ""
        self.short = False
        self.lapsed = start.lapsed
        self.spare = start.spare
        self.flattening = False
        self.lingers = False
        self.killed = ""
        self.cancelled = False
        self.status = GraphStatus.ACTIVE

    def on_start(self) -> None:
        own, start = self.ctx.self_ref, self.start
        assert start is not None, "a graph starts once"
        gone = {progress.node_index: progress for progress in start.ended}
        for index, factory in enumerate(self.factories):
            if index in gone:
                # Its place in the list is kept; what is told to it comes back here.
                self.nodes.append(own)
                self.ended[index] = gone[index].status
                continue
            make = partial(factory, own, self.nodes)
            self.nodes.append(self.ctx.spawn(make, name="node", supervision=HALT))
        self.factories = ()
        if start.paused is not None:
            self.status, self.reason = GraphStatus.PAUSED, start.paused
        if start.recovered:
            self.recover(start, gone)
        else:
            for index in start.roots:
                self.nodes[index].tell(StartNode())
        self.start = None
        if self.guard is not None and self.guard.marks:
            self.ctx.after(MARK_NS, RiskMark())

    def recover(self, start: GraphStart, gone: dict[int, NodeProgress]) -> None:
        """Set the living nodes going, and say again what the ended ones had said."""
        works = self.guard is not None and self.guard.lets_hedges_work(self.reason)
        for index, node in enumerate(self.nodes):
            if index not in gone:
                # A leg that closes the position goes on, as it did before.
                frozen = self.status is GraphStatus.PAUSED and index not in start.spare
                node.tell(RecoverNode(frozen, index in start.roots, works))
        word, _, text = start.said.partition(": ")
        self.short, self.flattening = start.short, word == FLATTENING
        self.cancelled = start.killed
        if word in (CANCELLING, FLATTENING):
            self.cancel_all(text)
        self.spare = start.unused
        for index, progress in gone.items():
            self.hear(progress)
            for later in self.after[index]:
                self.nodes[later].tell(UpstreamChanged(progress))
        self.settle()
        for index, progress in gone.items():
            paused = self.status is GraphStatus.PAUSED
            if progress.status in FAILURES and start.said != RESUMED and not paused:
                self.on_failure(index, progress.status, start.said)

    # -- what nodes say

    @handles(NodeEnded)
    def on_node_ended(self, ended: NodeEnded) -> None:
        progress = ended.progress
        index, status = progress.node_index, progress.status
        again = self.ended[index] is not None
        self.ended[index] = status
        self.lingers = self.lingers or ended.lingers
        self.short = self.short or bool(ended.shortfall_1e8)
        self.lapsed = self.lapsed or not called_off(ended.reason)
        failed = status in FAILURES or bool(ended.shortfall_1e8)
        if self.killed and ended.reason.endswith(self.killed):
            self.cancelled = True
        if ended.reason and (not self.reason or failed):
            self.reason = ended.reason
        if again:
            return
        if not ended.lingers and not self.nodes[index].depth:
            # Nothing can come for it any more: a waiting graph does not carry its dead.
            self.ctx.stop_child(self.nodes[index])
            self.nodes[index] = self.ctx.self_ref
        self.hear(progress)
        self.settle()
        if failed:
            self.on_failure(index, status, ended.reason)

    def hear(self, progress: NodeProgress) -> None:
        if self.guard is not None:
            self.guard.hear(progress)

    def on_failure(self, index: int, status: NodeStatus, reason: str) -> None:
        if self.guard is not None and not self.over and not self.cancelled:
            name = self.node_ids[index]
            self.protect(Reason.NODE_FAILED, f"node {name} ended {status}: {reason}")

    @handles(NodeMoved)
    def on_moved(self, moved: NodeMoved) -> None:
        guard = self.guard
        if guard is None or self.over:
            return
        out = moved.open_qty_1e8, moved.unknown_qty_1e8
        money = moved.price_times_qty, moved.fees_1e9
        breach = guard.moved(moved.progress, *out, *money, self.ctx.now_ns)
        if breach is not None:
            self.protect(breach.reason, breach.text)

    @handles(RiskMark)
    def on_mark(self, mark: RiskMark) -> None:
        if self.guard is None or self.over:
            return
        breach = self.guard.mark(self.ctx.now_ns)
        if breach is not None:
            self.protect(breach.reason, breach.text)
        self.ctx.after(MARK_NS, mark)

    @handles(UpstreamChanged)
    def on_upstream(self, change: UpstreamChanged) -> None:
        """Told to a node that has been let go; nobody has a use for it."""

    # -- commands

    @handles(GraphCommand)
    def on_command(self, command: GraphCommand) -> None:
        kind = command.kind
        if self.over:
            self.answer(command, Reason.ALREADY_ENDED, f"the graph is {self.status.value}")
        elif command.venue or command.symbol:
            cancel = kind is GraphCommandKind.CANCEL
            self.killed = command.reason
            for node in self.living():
                node.tell(KillNode(command.venue, command.symbol, cancel, command.reason))
        elif kind is GraphCommandKind.CANCEL:
            self.cancel_all(command.reason)
            self.answer(command)
        elif kind is GraphCommandKind.PAUSE:
            self.pause(command.reason or "paused by the client")
            self.answer(command)
        elif kind is GraphCommandKind.FREEZE:
            self.pause(command.reason, leave_working=True)
            self.answer(command)
        elif kind is GraphCommandKind.RESUME:
            self.resume()
            self.answer(command)
        else:
            self.on_node_command(command)

    def on_node_command(self, command: GraphCommand) -> None:
        """Cancel or amend one node."""
        names = self.node_ids
        if command.node_id not in names:
            text = f"the graph has no node {command.node_id!r}"
            self.answer(command, Reason.NOT_FOUND, text)
            return
        index = names.index(command.node_id)
        if (known := self.ended[index]) is not None:
            text = f"node {command.node_id!r} is {known.value}"
            self.answer(command, Reason.ALREADY_ENDED, text)
        elif command.kind is GraphCommandKind.CANCEL_NODE:
            if len(self.nodes) == 1:
                self.cancel_all(command.reason)
            else:
                self.nodes[index].tell(CancelNode(command.reason))
            self.answer(command)
        else:
            assert command.terms is not None, "an amendment has terms"
            self.nodes[index].tell(AmendNode(command.reply_to, command.terms))

    def answer(self, command: GraphCommand, reason: Reason = Reason.NONE, text: str = "") -> None:
        if command.reply_to:
            self.ctx.reply(command.reply_to, CommandAnswer(reason, text))

    def cancel_all(self, reason: str) -> None:
        """Cancel every active node; edges are disarmed first, so that no end starts another."""
        self.cancelled = True
        before = self.reason
        self.changed(self.status, reason)
        self.reason = before
        for index, node in enumerate(self.nodes):
            if self.ended[index] is None and index not in self.spare:
                node.tell(CancelNode(reason, disarm=True))

    def pause(self, reason: str, *, leave_working: bool = False) -> None:
        """Freeze every node, and say why; so does a second pause what the first let go on."""
        if self.status is not GraphStatus.PAUSED:
            self.changed(GraphStatus.PAUSED, reason)
        for node in self.living():
            node.tell(PauseNode(leave_working))

    def resume(self) -> None:
        """Nodes look at what is true now; pending ones evaluate their edges again."""
        if self.status is GraphStatus.PAUSED:
            self.changed(GraphStatus.ACTIVE, RESUMED)
            self.reason = ""
            if self.guard is not None:
                self.guard.forgive()
        for node in self.living():
            node.tell(ResumeNode())

    def protect(self, reason: Reason, text: str) -> None:
        """A breach or a failed node: do what the graph's failure layer says.

        Without one, what increases exposure is cancelled, hedges go on, and the rest pauses.
        """
        guard = self.guard
        assert guard is not None, "only a guarded graph protects itself"
        action = "pause" if reason is Reason.UNMARKABLE else guard.action
        sentence = f"{reason.value}: {text}"
        if action == "continue":
            return
        if action in ("cancel_all", "flatten"):
            self.reason = sentence
            self.flattening = action == "flatten"
            self.cancel_all(sentence)
        elif action == "pause":
            self.pause(sentence)
        else:
            self.protect_by_default(guard, sentence)

    def protect_by_default(self, guard: GraphGuard, sentence: str) -> None:
        if self.status is not GraphStatus.PAUSED:
            self.changed(GraphStatus.PAUSED, sentence)
        for index, node in enumerate(self.nodes):
            if self.ended[index] is not None:
                continue
            if not guard.started(index):
                node.tell(PauseNode())
            elif guard.increases(index):
                node.tell(CancelNode(sentence))

    # -- the end

    @property
    def over(self) -> bool:
        return self.status not in LIVING

    def living(self) -> list[ActorRef]:
        return [node for node, end in zip(self.nodes, self.ended, strict=True) if end is None]

    def changed(self, status: GraphStatus, reason: str) -> None:
        self.status, self.reason = status, reason
        if self.cancelled and not self.over:
            reason = f"{FLATTENING if self.flattening else CANCELLING}: {reason}"
        payload = GraphChanged(status, reason)
        self.journal.tell(Record(self.client_id, self.environment, self.graph_id, "", payload))

    def settle(self) -> None:
        """Once all but the spare legs have ended: flatten if that was asked for, else end."""
        waiting = [index for index, end in enumerate(self.ended) if end is None]
        if any(index not in self.spare for index in waiting):
            return
        # A client may have cancelled a spare leg before.
        spare = [index for index in self.spare if index in waiting]
        self.spare = ()
        if not waiting:
            if not self.over:
                self.end()
            return
        wanted: dict[int, int] = {}
        if self.flattening and self.guard is not None:
            wanted = self.guard.flatten(spare)
        for index in spare:
            if index in wanted:
                self.nodes[index].tell(StartNode(wanted[index]))
            else:
                self.nodes[index].tell(CancelNode("nothing to flatten"))

    def end(self) -> None:
        """Every node is terminal: record the status and let the whole graph go."""
        facts = {"cancelled": self.cancelled, "short": self.short, "lapsed": self.lapsed}
        status = rolled_up(self.ended, **facts)
        self.changed(status, "" if status is GraphStatus.COMPLETED else self.reason)
        self.registry.tell(GraphEnded(self.graph_number))
        if self.lingers:
            # A venue may still report a fill of an order that it said was cancelled.
            self.ctx.after(LINGER_NS, LingerOver())
        else:
            self.ctx.stop()

    @handles(LingerOver)
    def on_linger_over(self, over: LingerOver) -> None:
        self.ctx.stop()
