"""Several orders at one venue in one call: each its own result, and the truth of how they left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import ConfigError, GraphError, Reason
from engine.messages import BatchDrop, BatchSent, BatchWindow
from engine.model.graph import Graph
from engine.model.graph_analysis import FindingKind
from engine.model.intake import parse_graph
from engine.model.order_ids import node_order_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.messages import CommandAnswer
    from engine.model.graph import SimpleOrder
    from engine.runtime.actor import ActorRef
    from engine.runtime.delivery import Message
    from engine.service.graph_view import GraphState
    from engine.service.run import GraphRun
    from engine.service.wiring import World

__all__ = ["ITEMS_MAX", "BatchItem", "BatchReceipt", "BatchVerbs"]

ITEMS_MAX = 100
WINDOW_NS = 500_000_000


class BatchItem(msgspec.Struct, frozen=True):
    """What became of one submit or cancel; reason NONE when it was taken."""

    node_order_id: str
    reason: Reason = Reason.NONE
    text: str = ""


class BatchReceipt(msgspec.Struct, frozen=True):
    """Results in the order of what was asked for.

    `mode` is `native_batch` when all accepted submits left in one message that the venue takes as
    a batch, else `serial`. Cancels always leave at once, each by itself.
    """

    venue: str
    mode: str
    submits: tuple[BatchItem, ...]
    cancels: tuple[BatchItem, ...]


class BatchVerbs:
    """The batch of `EngineCommands`."""

    if TYPE_CHECKING:
        # What the engine itself brings.

        @property
        def world(self) -> World: ...

        def tell(self, ref: ActorRef, message: Message) -> bool: ...

        async def ask(self, ref: ActorRef, make: Callable[[int], Message]) -> object: ...

        async def submit(
            self,
            order: Graph | SimpleOrder | Mapping[str, Any] | bytes | str,
            *,
            client_id: str | None = None,
            dry_run: bool = False,
        ) -> GraphRun: ...

        async def status(self, graph_id: str, *, client_id: str | None = None) -> GraphState: ...

        async def cancel_order(
            self, node_order_id: str, *, client_id: str | None = None
        ) -> CommandAnswer: ...

    async def batch(
        self,
        venue: str,
        submits: Sequence[Graph | SimpleOrder | Mapping[str, Any]] = (),
        cancels: Sequence[str] = (),
        *,
        client_id: str | None = None,
    ) -> BatchReceipt:
        """Cancel these orders, then submit these, each of one node, at this venue.

        ConfigError for a venue that there is not, or for more than 100 items. An item that cannot
        be read or is refused says why; the others go on.
        """
        if venue not in self.world.trades:
            known = ", ".join(sorted(self.world.trades))
            raise ConfigError(f"there is no venue {venue!r} to send to; use one of {known}")
        if not 0 < len(submits) + len(cancels) <= ITEMS_MAX:
            raise ConfigError(f"a batch has 1 to {ITEMS_MAX} items; split it")
        cancelled = [self.cancel_item(name, client_id) for name in cancels]
        cancel_items = await asyncio.gather(*cancelled)
        stamp = time.time_ns()
        graphs = [self.pinned(one, venue, f"batch_{stamp:x}_{i}") for i, one in enumerate(submits)]
        names = [one.graph_id for one in graphs if isinstance(one, Graph) and one.graph_id]
        trade = self.world.trades[venue]
        sent, *items = await asyncio.gather(
            self.ask(trade, lambda reply: BatchWindow(reply, tuple(names), WINDOW_NS)),
            *(self.submit_item(trade, one, client_id) for one in graphs),
        )
        assert isinstance(sent, BatchSent)
        mode = "native_batch" if sent.native else "serial"
        found = tuple([one for one in items if isinstance(one, BatchItem)])
        return BatchReceipt(venue, mode, found, tuple(cancel_items))

    async def cancel_item(self, name: str, client_id: str | None) -> BatchItem:
        """One cancel and what became of it."""
        try:
            answer = await self.cancel_order(name, client_id=client_id)
        except GraphError as error:
            return BatchItem(name, Reason.NOT_FOUND, str(error))
        return BatchItem(name, answer.reason, answer.text)

    async def submit_item(
        self, trade: ActorRef, graph: Graph | BatchItem, client_id: str | None
    ) -> BatchItem:
        """One submit; the window does not wait for what was refused."""
        if isinstance(graph, BatchItem):
            return graph
        name = graph.graph_id
        assert name is not None, "a graph of a batch has an id"
        try:
            refused = await self.refused_item(graph, client_id)
            if refused is not None:
                self.tell(trade, BatchDrop(name))
                return refused
            run = await self.submit(graph, client_id=client_id)
        except GraphError as error:
            self.tell(trade, BatchDrop(name))
            return BatchItem("", Reason.INVALID_GRAPH, str(error))
        if not run.accepted:
            self.tell(trade, BatchDrop(name))
            return BatchItem("", run.reason, run.text)
        return BatchItem(node_order_id(name, graph.nodes[0].node_id, 1))

    async def refused_item(self, graph: Graph, client_id: str | None) -> BatchItem | None:
        """What our own risk would refuse at once is not submitted, so that its item can say why.

        A graph that is known already answers as it did, whatever the market says now.
        """
        run = await self.submit(graph, client_id=client_id, dry_run=True)
        findings = run.report.findings if run.report is not None else ()
        for one in findings:
            if one.kind is FindingKind.RISK_REFUSES and not await self.known(graph, client_id):
                code, _, text = one.text.partition(": ")
                return BatchItem("", Reason(code), text)
        return None

    async def known(self, graph: Graph, client_id: str | None) -> bool:
        """Whether this client has used the graph's id before."""
        assert graph.graph_id is not None, "a graph of a batch has an id"
        try:
            await self.status(graph.graph_id, client_id=client_id)
        except GraphError:
            return False
        return True

    def pinned(
        self, order: Graph | SimpleOrder | Mapping[str, Any], venue: str, name: str
    ) -> Graph | BatchItem:
        """The order as a graph of one node at this venue, or why it is none."""
        try:
            graph = parse_graph(order)
        except GraphError as error:
            return BatchItem("", Reason.INVALID_GRAPH, str(error))
        if len(graph.nodes) != 1:
            return BatchItem("", Reason.INVALID_GRAPH, "an order of a batch is a single node")
        node = graph.nodes[0]
        if node.instrument.venue not in (None, venue):
            text = f"the order is pinned to {node.instrument.venue!r}, the batch to {venue!r}"
            return BatchItem("", Reason.BAD_VENUE, text)
        replace = msgspec.structs.replace
        node = replace(node, instrument=replace(node.instrument, venue=venue))
        return replace(graph, nodes=(node,), graph_id=graph.graph_id or name)
