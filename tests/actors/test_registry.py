"""The registry: every submission gets exactly one answer, and the right one."""

from __future__ import annotations

import msgspec
import pytest

from actors.registry import GraphSeed, RegistryActor
from engine.decisions.admission import InstrumentHandle
from engine.decisions.intake_checks import IntakeChecks
from engine.decisions.journal_load import JournalLoad
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
    GraphEnded,
    Record,
    RecoverGraph,
    SubmitAnswer,
    SubmitGraph,
)
from engine.model.graph import Graph, GraphStatus, Policy
from engine.model.instruments import Environment
from engine.model.intake import fingerprint
from engine.model.orders import TimeInForce
from engine.model.records import GraphAccepted
from engine.model.risk import KillScope, Limits
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import Answer
from tests.support.builders import graph, market, node
from tests.support.probe import Probe, Stage

PRICE = 64_000 * 10**9
QTY = 10**8
SANDBOX = Environment.SANDBOX


class RegistryStage(Stage):
    """Risk is a probe: the test says what it answers."""

    def __init__(self, limits: Limits | None = None, *, durable_first: bool = False) -> None:
        super().__init__()
        self.risk, self.journal = self.probe("risk"), self.probe("journal")
        block = market({"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])})
        handle = InstrumentHandle("BTC-USD", block.listings, block, 1)
        self.seeds: list[GraphSeed] = []
        self.stored: dict[tuple[str, Environment, str], bytes] = {}

        def make_graph(seed: GraphSeed, registry: ActorRef) -> type[Probe]:
            self.seeds.append(seed)
            return Probe

        bounds = limits or Limits()
        self.load = JournalLoad(100)
        checks = IntakeChecks({"BTC-USD": handle}, 100, bounds, SANDBOX)
        self.ref, self.actor = self.spawn(
            lambda: RegistryActor(
                1, 0, checks, bounds, self.risk, self.journal, make_graph, self.stored.get,
                self.load, durable_first=durable_first,
            )
        )  # fmt: skip

    def submit(self, made: Graph, client: str = "alice") -> Answer:
        box = self.driver.ask(self.ref, lambda reply: SubmitGraph(reply, client, SANDBOX, made))
        self.run()
        return box

    def refused(self, made: Graph) -> SubmitAnswer:
        answer = self.submit(made).value
        assert isinstance(answer, SubmitAnswer)
        assert answer.status is GraphStatus.FAILED
        return answer

    def accept(self, made: Graph) -> SubmitAnswer:
        box = self.submit(made)
        (admit,) = self.take(self.risk, AdmitGraph)
        self.tell(self.ref, GraphAdmitted(admit.graph_number))
        assert isinstance(box.value, SubmitAnswer)
        return box.value


def test_a_graph_starts_only_after_risk_has_spoken() -> None:
    stage = RegistryStage()
    box = stage.submit(graph(node(QTY)))
    assert not box.done and stage.seeds == []
    (admit,) = stage.take(stage.risk, AdmitGraph)
    assert admit.worst_notional_1e9 == PRICE * 10_100 // 10_000
    stage.tell(stage.ref, GraphAdmitted(admit.graph_number))
    answer = box.value
    assert isinstance(answer, SubmitAnswer)
    assert (answer.status, answer.reason, answer.node_count) == (GraphStatus.ACTIVE, "", 1)
    assert [seed.graph_id for seed in stage.seeds] == [answer.graph_id]
    (record,) = stage.take(stage.journal, Record)
    assert isinstance(record.payload, GraphAccepted)
    assert record.payload.arrival_mids_1e9 == (PRICE - 10**10 // 2,)
    assert record.payload.expected_fee_bps == (10.0,)


def test_a_denied_graph_leaves_nothing() -> None:
    stage = RegistryStage()
    box = stage.submit(graph(node(QTY)))
    (admit,) = stage.take(stage.risk, AdmitGraph)
    stage.tell(stage.ref, GraphDenied(admit.graph_number, Reason.NOTIONAL_LIMIT, "too much"))
    assert isinstance(box.value, SubmitAnswer)
    assert (box.value.reason, box.value.text) == (Reason.NOTIONAL_LIMIT, "too much")
    assert stage.seeds == [] and stage.actor.waiting == {}
    assert stage.got(stage.journal) == []


def test_faults_are_named_with_their_place() -> None:
    stage = RegistryStage()
    unknown = stage.refused(graph(node(QTY, symbol="XYZ-USD")))
    assert unknown.faults[0][0] == "nodes[0].instrument.symbol"
    assert unknown.reason is Reason.INVALID_GRAPH
    policy = Policy.PASSIVE_LIMIT
    immediate = stage.refused(graph(node(QTY, policy=policy, tif=TimeInForce.IOC)))
    assert immediate.faults[0][0].startswith("nodes[0].execution.")
    twice = stage.refused(graph(node(QTY), node(QTY)))
    assert twice.faults[0] == ("nodes[1].node_id", "'order' is used twice")
    assert stage.got(stage.risk) == []


def test_the_same_graph_again_is_answered_and_not_started_again() -> None:
    stage = RegistryStage()
    made = graph(node(QTY), graph_id="mine")
    assert stage.accept(made).graph_id == "mine"
    again = stage.submit(made).value
    assert isinstance(again, SubmitAnswer)
    assert (again.graph_id, again.status) == ("mine", GraphStatus.ACTIVE)
    assert len(stage.seeds) == 1
    assert stage.refused(graph(node(2 * QTY), graph_id="mine")).reason is Reason.DUPLICATE_GRAPH
    assert not stage.submit(made, client="bob").done


def test_ids_that_are_only_in_the_store_are_known_too() -> None:
    stage = RegistryStage()
    made = graph(node(QTY), graph_id="old")
    stage.stored["alice", SANDBOX, "old"] = fingerprint(made)
    assert stage.submit(made).done
    assert stage.got(stage.risk) == []


def test_past_its_bound_and_when_risk_is_full_it_is_busy() -> None:
    stage = RegistryStage(Limits(graphs_max=1))
    stage.accept(graph(node(QTY)))
    assert stage.refused(graph(node(QTY))).reason is Reason.ENGINE_BUSY
    stage.tell(stage.ref, GraphEnded(1))
    stage.risk.capacity = 0
    assert stage.refused(graph(node(QTY))).reason is Reason.ENGINE_BUSY
    assert stage.actor.waiting == {}


def test_while_the_disk_lags_nothing_new_begins() -> None:
    stage = RegistryStage()
    stage.load.depth = 51
    assert stage.refused(graph(node(QTY))).reason is Reason.ENGINE_BUSY
    stage.load.depth = 50
    assert stage.accept(graph(node(QTY))).reason is Reason.NONE


def test_a_cancel_reaches_an_active_graph_of_the_same_client_only() -> None:
    stage = RegistryStage()
    stage.accept(graph(node(QTY), graph_id="mine"))
    (active,) = stage.actor.active.values()

    def cancel(client: str) -> object:
        kind = GraphCommandKind.CANCEL
        box = stage.driver.ask(
            stage.ref, lambda reply: GraphCommand(reply, client, SANDBOX, "mine", kind)
        )
        stage.run()
        return box.value

    refused = cancel("bob")
    assert isinstance(refused, CommandAnswer) and refused.reason is Reason.NOT_FOUND
    cancel("alice")
    assert len(stage.take(active, GraphCommand)) == 1


def test_with_durable_first_a_graph_starts_once_its_record_is_on_disk() -> None:
    stage = RegistryStage(durable_first=True)
    box = stage.submit(graph(node(QTY)))
    (admit,) = stage.take(stage.risk, AdmitGraph)
    stage.tell(stage.ref, GraphAdmitted(admit.graph_number))
    assert not box.done and stage.seeds == []
    (flush,) = stage.take(stage.journal, FlushJournal)
    stage.system.answer(flush.reply_to, True)
    stage.run()
    assert box.done and len(stage.seeds) == 1


def test_a_dry_run_is_answered_and_nothing_is_kept() -> None:
    stage = RegistryStage()
    made = graph(node(QTY))
    box = stage.driver.ask(
        stage.ref, lambda reply: SubmitGraph(reply, "alice", SANDBOX, made, dry_run=True)
    )
    stage.run()
    (admit,) = stage.take(stage.risk, AdmitGraph)
    stage.tell(stage.ref, GraphAdmitted(admit.graph_number))
    assert isinstance(box.value, SubmitAnswer)
    assert box.value.report is not None and box.value.graph_id == ""
    assert box.value.report.larger_side_1e9 == admit.worst_notional_1e9
    assert stage.seeds == [] and stage.actor.waiting == {}
    assert stage.got(stage.journal) == []


def test_a_fingerprint_tells_graphs_apart() -> None:
    made = graph(node(QTY))
    copy = msgspec.json.decode(msgspec.json.encode(made), type=Graph)
    assert fingerprint(made) == fingerprint(copy)
    assert fingerprint(made) != fingerprint(graph(node(QTY + 1)))


@pytest.mark.parametrize("durable_first", [False, True])
def test_a_graph_that_is_sent_twice_at_once_starts_once(durable_first: bool) -> None:
    stage = RegistryStage(durable_first=durable_first)
    made = graph(node(QTY), graph_id="mine")
    first, again = stage.submit(made), stage.submit(made)
    other = stage.refused(graph(node(2 * QTY), graph_id="mine"))
    assert other.reason is Reason.DUPLICATE_GRAPH
    (admit,) = stage.take(stage.risk, AdmitGraph)
    assert not first.done and not again.done
    stage.tell(stage.ref, GraphAdmitted(admit.graph_number))
    if durable_first:
        assert not stage.submit(made).done and not first.done, "its record is not on disk yet"
        (flush,) = stage.take(stage.journal, FlushJournal)
        stage.system.answer(flush.reply_to, True)
        stage.run()
    assert first.value == again.value
    assert len(stage.seeds) == 1 and stage.actor.coming == {}


def test_everybody_who_sent_a_graph_hears_that_it_is_denied() -> None:
    stage = RegistryStage()
    made = graph(node(QTY), graph_id="mine")
    first, again = stage.submit(made), stage.submit(made)
    (admit,) = stage.take(stage.risk, AdmitGraph)
    stage.tell(stage.ref, GraphDenied(admit.graph_number, Reason.NOTIONAL_LIMIT, "too much"))
    assert isinstance(first.value, SubmitAnswer)
    assert first.value.reason is Reason.NOTIONAL_LIMIT
    assert first.value == again.value
    stage.accept(made)


def test_dry_runs_at_once_are_each_answered() -> None:
    stage = RegistryStage()
    made = graph(node(QTY))

    def ask() -> Answer:
        box = stage.driver.ask(
            stage.ref, lambda reply: SubmitGraph(reply, "alice", SANDBOX, made, dry_run=True)
        )
        stage.run()
        return box

    boxes = [ask(), ask()]
    admits = list(stage.take(stage.risk, AdmitGraph))
    stage.tell(stage.ref, GraphAdmitted(admits.pop(0).graph_number))
    boxes.append(ask())
    for admit in [*admits, *stage.take(stage.risk, AdmitGraph)]:
        stage.tell(stage.ref, GraphAdmitted(admit.graph_number))
    assert all(box.done for box in boxes) and stage.actor.waiting == {}


def test_a_kill_switch_reaches_graphs_that_are_about_to_begin() -> None:
    stage = RegistryStage()
    stage.submit(graph(node(QTY), graph_id="mine"))
    (admit,) = stage.take(stage.risk, AdmitGraph)
    stage.driver.ask(
        stage.ref, lambda reply: FreezeGraphs(reply, SANDBOX, KillScope.DESK, "", True, "stop")
    )
    stage.run()
    stage.tell(stage.ref, GraphAdmitted(admit.graph_number))
    (ref,) = stage.actor.active.values()
    (command,) = stage.take(ref, GraphCommand)
    assert (command.kind, command.reason) == (GraphCommandKind.CANCEL, "stop")


def test_a_kill_switch_reaches_graphs_that_wait_for_their_venues() -> None:
    stage = RegistryStage()
    stage.accept(graph(node(QTY), graph_id="mine"))
    (seed,) = stage.seeds
    stage.actor.active.clear()
    key = ("alice", SANDBOX, "mine")
    stage.actor.held[key] = []
    box = stage.driver.ask(
        stage.ref, lambda reply: FreezeGraphs(reply, SANDBOX, KillScope.DESK, "", True, "stop")
    )
    stage.run()
    assert box.value == ("mine",)
    stage.tell(stage.ref, AdoptGraph(seed))
    (command,) = stage.take(stage.actor.active[key], GraphCommand)
    assert command.kind is GraphCommandKind.CANCEL


def test_more_open_graphs_than_its_mailbox_may_come_at_once_after_a_restart() -> None:
    stage = RegistryStage()
    many = RegistryActor.mailbox_capacity + 1
    assert RegistryActor.mailbox_hard_capacity > Limits().graphs_max
    assert all(stage.ref.tell(RecoverGraph(None)) for _ in range(many))
    assert stage.ref.depth == many
    assert stage.system.halted is None
