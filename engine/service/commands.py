"""What a host may ask of running graphs; the kill switch and the batch stand beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.decisions.risk import Denial
from engine.errors import GraphError, Reason
from engine.messages import (
    CommandAnswer,
    GraphCommand,
    GraphCommandKind,
)
from engine.model.graph import Urgency
from engine.model.instruments import Environment
from engine.model.order_ids import parse_node_order_id
from engine.model.terms import Terms
from engine.service.batch import BatchVerbs
from engine.service.config import checked_text
from engine.service.kill_switch import KillReceipt, KillVerbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runtime.actor import ActorRef
    from engine.runtime.delivery import Message
    from engine.service.config import EngineConfig
    from engine.service.graph_view import GraphState
    from engine.service.wiring import World

__all__ = ["EngineCommands", "KillReceipt"]


class EngineCommands(KillVerbs, BatchVerbs):
    """The commands of `ExecutionEngine`: each is a message, answered with what became of it."""

    if TYPE_CHECKING:
        # What the engine itself brings.
        config: EngineConfig
        environment: Environment

        @property
        def world(self) -> World: ...

        def tell(self, ref: ActorRef, message: Message) -> bool: ...

        async def ask(self, ref: ActorRef, make: Callable[[int], Message]) -> object: ...

        async def status(self, graph_id: str, *, client_id: str | None = None) -> GraphState: ...

        async def flush(self) -> None: ...

        def amend_refused(
            self, graph_id: str, node_id: str, qty_1e8: int, client_id: str | None
        ) -> Denial | None: ...

    async def cancel(self, graph_id: str, *, client_id: str | None = None) -> GraphState:
        """Cancel every active node; the state as known after the cancel was passed on.

        A graph that has ended answers as it is; GraphError for an id that was never used.
        """
        reason = "cancelled by the client"
        await self.command(graph_id, GraphCommandKind.CANCEL, reason=reason, client_id=client_id)
        return await self.status(graph_id, client_id=client_id)

    async def pause(
        self, graph_id: str, reason: str = "", *, client_id: str | None = None
    ) -> CommandAnswer:
        """Freeze policies and edges and pull what rests; the reason stands in the status."""
        kind = GraphCommandKind.PAUSE
        return await self.command(graph_id, kind, reason=reason, client_id=client_id)

    async def resume(self, graph_id: str, *, client_id: str | None = None) -> CommandAnswer:
        """Go on; conditions that are true now fire, once."""
        return await self.command(graph_id, GraphCommandKind.RESUME, client_id=client_id)

    async def cancel_node(
        self, graph_id: str, node_id: str, *, client_id: str | None = None
    ) -> CommandAnswer:
        """Cancel one node; the nodes after it see that."""
        return await self.command(
            graph_id,
            GraphCommandKind.CANCEL_NODE,
            node_id=node_id,
            reason="cancelled by the client",
            client_id=client_id,
        )

    async def cancel_order(
        self, node_order_id: str, *, client_id: str | None = None
    ) -> CommandAnswer:
        """Cancel one order by its id, in either form."""
        graph_id, node_id, _ = order_parts(node_order_id)
        return await self.cancel_node(graph_id, node_id, client_id=client_id)

    async def amend_node(
        self,
        graph_id: str,
        node_id: str,
        *,
        qty_1e8: int | None = None,
        limit_1e9: int | None = None,
        urgency: Urgency | None = None,
        max_slippage_bps: int | None = None,
        horizon_ms: int | None = None,
        client_id: str | None = None,
    ) -> CommandAnswer:
        """New terms for a running node; only what is given changes, and `qty_1e8` is the total.

        Where its venue can, the resting order itself is changed: it keeps its id, and the answer
        comes with the venue's own. Else what rests is cancelled first, and the rest goes on once
        that is proven, under a new id; the old ones stay valid. The answer's `mode` says which.
        """
        terms = checked(Terms(qty_1e8, limit_1e9, urgency, max_slippage_bps, horizon_ms))
        if qty_1e8 is not None:
            denial = self.amend_refused(graph_id, node_id, qty_1e8, client_id)
            if denial is not None:
                return CommandAnswer(denial.reason, denial.text)
        kind = GraphCommandKind.AMEND_NODE
        return await self.command(graph_id, kind, node_id=node_id, terms=terms, client_id=client_id)

    async def amend_order(
        self,
        node_order_id: str,
        *,
        new_qty_1e8: int | None = None,
        limit_1e9: int | None = None,
        client_id: str | None = None,
    ) -> CommandAnswer:
        """A new total quantity, a new limit price, or both."""
        graph_id, node_id, _ = order_parts(node_order_id)
        if new_qty_1e8 is None and limit_1e9 is None:
            text = "an amendment needs a new total, a new limit price, or both"
            return CommandAnswer(Reason.BAD_QUANTITY, text)
        return await self.amend_node(
            graph_id, node_id, qty_1e8=new_qty_1e8, limit_1e9=limit_1e9, client_id=client_id
        )

    async def decrease_order(
        self,
        node_order_id: str,
        reduce_by_1e8: int,
        *,
        client_id: str | None = None,
    ) -> CommandAnswer:
        """Take this much off what remains, at the same price."""
        graph_id, node_id, _ = order_parts(node_order_id)
        kind = GraphCommandKind.AMEND_NODE
        terms = checked(Terms(reduce_by_1e8=reduce_by_1e8))
        return await self.command(graph_id, kind, node_id=node_id, terms=terms, client_id=client_id)

    async def command(
        self,
        graph_id: str,
        kind: GraphCommandKind,
        *,
        node_id: str = "",
        reason: str = "",
        terms: Terms | None = None,
        client_id: str | None = None,
    ) -> CommandAnswer:
        """One command to a running graph; its refusal is an answer with the reason."""
        client = checked_text("client_id", client_id or self.config.client_id)
        for name, text in (("graph_id", graph_id), ("node_id", node_id), ("reason", reason)):
            checked_text(name, text)
        answer = await self.ask(
            self.world.registry,
            lambda reply_to: GraphCommand(
                reply_to, client, self.environment, graph_id, kind, node_id, reason, terms
            ),
        )
        assert isinstance(answer, CommandAnswer)
        if answer.reason is Reason.NOT_FOUND:
            return await self.perhaps_ended(answer, graph_id, client)
        return answer

    async def perhaps_ended(
        self, answer: CommandAnswer, graph_id: str, client_id: str
    ) -> CommandAnswer:
        """The refusal of a command to a graph that nobody runs: unknown, or at its end."""
        try:
            state = await self.status(graph_id, client_id=client_id)
        except GraphError:
            return answer
        if not state.ended:
            return answer
        text = f"graph {graph_id} has ended ({state.status.value}); nothing of it can change"
        return CommandAnswer(Reason.ALREADY_ENDED, text)


def checked(terms: Terms) -> Terms:
    """The same terms, each of its declared type; GraphError naming the first that is not.

    Terms are recorded with their node, and a record of a wrong type cannot be read again.
    """
    try:
        return msgspec.convert(msgspec.structs.asdict(terms), Terms)
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        raise GraphError(f"{name}: {sentence}", [(name, sentence)]) from None


def order_parts(node_order_id: str) -> tuple[str, str, int]:
    """Graph id, node id and submission number; GraphError for what is no order id."""
    parts = parse_node_order_id(node_order_id)
    if parts is None:
        text = f"{node_order_id!r} is no order id; it looks like graph:GRAPH_ID:NODE_ID:1"
        raise GraphError(text)
    return parts
