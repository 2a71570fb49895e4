"""The clients of a simulated world and its desk: they submit, meddle, kill, cancel and give up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from engine.messages import (
    FreezeGraphs,
    GraphCommand,
    GraphCommandKind,
    HaltTrading,
    SubmitAnswer,
    SubmitGraph,
)
from engine.model.graph import Node
from engine.model.instruments import Environment
from engine.model.terms import Terms
from engine.runtime.simulated_driver import Answer, SimulatedDriver
from engine.service.simulation.meddling import terms_of
from engine.service.simulation.swarm import Meddling, Submission, Swarm, Switching
from engine.service.wiring import World

__all__ = ["Clients"]

SANDBOX = Environment.SANDBOX
Act = Callable[[], None]


class Clients:
    """Acts on one engine from outside, as its swarm has drawn; bounded by what was drawn.

    What the engine's registry has no handler for is left out, so that a workload may be ahead of
    the engine.
    """

    def __init__(self, swarm: Swarm, driver: SimulatedDriver, world: World) -> None:
        self.swarm = swarm
        self.driver = driver
        self.world = world
        self.answers: dict[int, Answer] = {}
        self.cancels: list[tuple[str, int, Answer]] = []
        self.amended: dict[tuple[str, str], None] = {}
        self.loosened: dict[tuple[str, str], list[int]] = {}
        self.paused: dict[int, None] = {}
        self.thrown: dict[tuple[str, str], Switching] = {}

    def plan(self) -> Iterator[tuple[int, Act]]:
        """(moment from the start, act) of everything that is drawn, in no order."""
        for number, one in enumerate(self.swarm.submissions):
            yield one.at_ns, partial(self.submit, number, one)
            if one.cancel_at_ns is not None:
                yield one.cancel_at_ns, partial(self.cancel, number)
        for meddling in self.swarm.meddlings:
            yield meddling.at_ns, partial(self.meddle, meddling)
        for switching in self.swarm.switchings:
            yield switching.at_ns, partial(self.switch, switching)

    def submit(self, number: int, one: Submission) -> None:
        """Hand a graph in; every other seed looks at the answer before anything else happens."""
        self.answers[number] = self.driver.ask(
            self.world.registry,
            lambda reply: SubmitGraph(reply, one.client_id, SANDBOX, one.graph),
        )
        if self.swarm.seed % 2:
            self.driver.run_until_idle()

    def ask_again(self) -> None:
        """After a restart: whoever got no answer submits the same graph again."""
        for number, answer in list(self.answers.items()):
            if not answer.done:
                self.submit(number, self.swarm.submissions[number])

    def cancel(self, number: int) -> None:
        """The client of a submission asks for its end; nothing where it was never accepted."""
        answer = self.command(number, GraphCommandKind.CANCEL)
        if answer is not None:
            self.cancels.append((self.graph_id(number), self.driver.now_ns, answer))

    def meddle(self, one: Meddling) -> None:
        """One drawn command on a running graph."""
        node = self.swarm.submissions[one.submission].graph.nodes[one.node_index]
        if one.kind is GraphCommandKind.AMEND_NODE:
            terms = terms_of(one, node, self.lot_of(node))
            if self.command(one.submission, one.kind, node.node_id, terms) is not None:
                key = self.graph_id(one.submission), node.node_id
                self.amended[key] = None
                if terms.limit_1e9 is not None:
                    self.loosened.setdefault(key, []).append(terms.limit_1e9)
            return
        name = node.node_id if one.kind is GraphCommandKind.CANCEL_NODE else ""
        if self.command(one.submission, one.kind, name) is not None:
            if one.kind is GraphCommandKind.PAUSE:
                self.paused[one.submission] = None

    def switch(self, one: Switching) -> None:
        """Throw or clear the kill switch, and freeze the graphs that it concerns."""
        text = "the desk stopped trading" if one.halted else ""
        cancel = one.halted and one.cancel
        halt = HaltTrading(one.halted, text, one.scope, one.key, cancel)
        told = self.driver.tell(self.world.risk, halt)
        if one.halted:
            self.thrown[one.scope.value, one.key] = one
            if self.takes(FreezeGraphs):
                self.driver.ask(
                    self.world.registry,
                    lambda reply: FreezeGraphs(
                        reply, SANDBOX, one.scope, one.key, one.cancel, text
                    ),
                )
            return
        if told:
            self.thrown.pop((one.scope.value, one.key), None)

    def relent(self) -> None:
        """The desk clears every switch, and clients resume what is paused."""
        if self.swarm.crashes:
            # That one was cleared before may be forgotten.
            drawn = [one for one in self.swarm.switchings if one.halted]
            self.thrown.update({(one.scope.value, one.key): one for one in drawn})
        for one in list(self.thrown.values()):
            self.switch(Switching(0, False, False, one.scope, one.key))
        if self.swarm.meddlings or self.swarm.switchings:
            for number in self.answers:
                self.command(number, GraphCommandKind.RESUME)

    def give_up(self) -> None:
        """Every client asks for the end of all its graphs."""
        for number in self.answers:
            self.cancel(number)

    def command(
        self, number: int, kind: GraphCommandKind, node_id: str = "", terms: Terms | None = None
    ) -> Answer | None:
        """Ask something of a graph; None where it was never accepted."""
        graph_id = self.graph_id(number)
        if not graph_id or not self.takes(GraphCommand):
            return None
        client = self.swarm.submissions[number].client_id
        return self.driver.ask(
            self.world.registry,
            lambda reply: GraphCommand(
                reply, client, SANDBOX, graph_id, kind, node_id, "as drawn", terms
            ),
        )

    def graph_id(self, number: int) -> str:
        """The id that the engine gave to a submission; empty where there is none."""
        answer = self.answers.get(number)
        if answer is not None and self.swarm.crashes:
            return self.swarm.submissions[number].graph.graph_id or ""
        if answer is None or not isinstance(answer.value, SubmitAnswer):
            return ""
        return answer.value.graph_id

    def lot_of(self, node: Node) -> int:
        """The smallest lot of a node's instrument."""
        listings = self.world.instruments[node.instrument.symbol].listings
        return min(one.lot_1e8 for one in listings)

    def takes(self, kind: type) -> bool:
        """Whether the engine's registry handles such a message."""
        return kind in self.world.registry.table
