"""What a host may ask of running graphs, and the kill switch with its receipt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from actors.node import NodeActor
from engine.decisions.risk import Denial
from engine.errors import ConfigError, GraphError, Reason
from engine.messages import (
    CommandAnswer,
    FreezeGraphs,
    GraphCommand,
    GraphCommandKind,
    HaltTrading,
)
from engine.model.graph import Urgency
from engine.model.instruments import Environment
from engine.model.order_ids import parse_node_order_id
from engine.model.orders import ChildState
from engine.model.risk import KillScope
from engine.model.terms import Terms
from engine.service.batch import BatchVerbs
from engine.service.config import checked_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runtime.actor import ActorRef
    from engine.runtime.delivery import Message
    from engine.service.config import EngineConfig
    from engine.service.graph_view import GraphState
    from engine.service.wiring import World

__all__ = ["EngineCommands", "KillReceipt"]

QUIET_POLL_S = 0.005


class KillReceipt(msgspec.Struct, frozen=True):
    """What a kill switch did. Unknown orders stay in it until their venue proves where they are.

    `residual_exposure` is the signed sum by underlying (1e-8 of base) of what the stopped graphs
    have proven to hold; `quiet_ms` the time until nothing was open any more, None if it is not.
    """

    active: bool
    reason: str
    scope: KillScope
    key: str
    graphs: tuple[str, ...]
    cancelled_orders: tuple[str, ...]
    open_orders: tuple[str, ...]
    unknown_orders: tuple[str, ...]
    residual_exposure: dict[str, int]
    quiet_ms: int | None
    warning: str = ""


class EngineCommands(BatchVerbs):
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

    # -- the kill switch

    async def halt(
        self,
        reason: str,
        *,
        scope: KillScope | str = KillScope.DESK,
        key: str = "",
        cancel_open: bool = True,
        quiet_timeout_s: float = 5.0,
    ) -> KillReceipt:
        """Block new orders in the scope, freeze its graphs, and unless told otherwise cancel them.

        It survives a restart. The receipt comes once nothing is open any more, or after
        `quiet_timeout_s` with what still is.
        """
        checked_text("reason", reason)
        scope, key = self.scope_and_key(scope, key)
        if scope is KillScope.SYMBOL and key not in self.world.symbols:
            raise ConfigError(f"symbol {key!r} is not listed, so nothing of it can be halted")
        if scope is KillScope.VENUE and key not in self.world.trades:
            known = ", ".join(sorted(self.world.trades))
            raise ConfigError(f"there is no venue {key!r} to halt; use one of {known}")
        started = time.monotonic()
        # At once, past every queue: each order looks at the switch before it leaves. The message
        # that follows keeps it, bars a venue from routing, and is recorded.
        self.world.switch.engage(scope, key, reason)
        self.tell(self.world.risk, HaltTrading(True, reason, scope, key))
        before = set(self.open_children(scope, key))
        meant = self.graphs_in(scope, key)
        graphs = await self.ask(
            self.world.registry,
            lambda reply_to: FreezeGraphs(
                reply_to, self.environment, scope, key, cancel_open, f"kill switch: {reason}"
            ),
        )
        assert isinstance(graphs, tuple)
        if meant is not None:
            graphs = tuple(graph_id for graph_id in graphs if graph_id in meant)
        quiet_ms: int | None = None
        while cancel_open:
            left = self.open_children(scope, key)
            elapsed = time.monotonic() - started
            if not left:
                quiet_ms = int(elapsed * 1_000)
                break
            if elapsed > quiet_timeout_s:
                break
            await asyncio.sleep(QUIET_POLL_S)
        left = self.open_children(scope, key)
        unknown = tuple(sorted(name for name, state in left.items() if state is ChildState.UNKNOWN))
        still = tuple(sorted(set(left) - set(unknown)))
        warning = "" if cancel_open or not left else "open orders were left as they are"
        return KillReceipt(
            True,
            reason,
            scope,
            key,
            graphs,
            tuple(sorted(before - set(left))),
            still,
            unknown,
            await self.residual_of(graphs, key if scope is KillScope.CLIENT else None),
            quiet_ms,
            warning,
        )

    async def resume_trading(
        self, *, scope: KillScope | str = KillScope.DESK, key: str = ""
    ) -> None:
        """Clear the kill switch of a scope; graphs that it froze stay paused until resumed."""
        scope, key = self.scope_and_key(scope, key)
        self.tell(self.world.risk, HaltTrading(False, "", scope, key))
        await self.flush()

    def scope_and_key(self, scope: KillScope | str, key: str) -> tuple[KillScope, str]:
        """Both as orders know them, a symbol by its own name; ConfigError for what is no scope."""
        try:
            scope = KillScope(scope)
        except ValueError:
            known = ", ".join(KillScope)
            raise ConfigError(f"{scope!r} is no scope of a kill switch; use {known}") from None
        checked_text("key", key)
        if (scope is KillScope.DESK) == bool(key):
            raise ConfigError("a kill switch of a scope needs its key, the desk's takes none")
        handle = self.world.symbols.get(key) if scope is KillScope.SYMBOL else None
        return scope, key if handle is None else handle.symbol

    def graphs_in(self, scope: KillScope, key: str) -> set[str] | None:
        """Graphs that trade the symbol, or may trade at the venue; None where ids decide."""
        if scope not in (KillScope.VENUE, KillScope.SYMBOL):
            return None
        found = set()
        for ref in list(self.world.system.refs.values()):
            actor: Any = ref.actor
            if isinstance(actor, NodeActor):
                market, pin = actor.place.market, actor.identity.node.instrument.venue
                venues = {one.venue for one in market.listings} if pin is None else {pin}
                if key == market.instrument.symbol or key in venues:
                    found.add(actor.identity.graph_id)
        return found

    def open_children(self, scope: KillScope, key: str) -> dict[str, ChildState]:
        """Child orders of a scope that are not proven ended, read in place."""
        found: dict[str, ChildState] = {}
        system = self.world.system
        for ref in list(system.refs.values()):
            actor: Any = ref.actor
            if not isinstance(actor, NodeActor) or actor.ledger is None:
                continue
            identity, market = actor.identity, actor.place.market
            if scope is KillScope.CLIENT and identity.client_id != key:
                continue
            if scope is KillScope.GRAPH and identity.graph_id != key:
                continue
            if scope is KillScope.SYMBOL and market.instrument.symbol != key:
                continue
            for name, child in actor.ledger.children.items():
                if scope is KillScope.VENUE and child.order.listing.venue != key:
                    continue
                found[name] = child.state
        return found

    async def residual_of(self, graphs: Sequence[str], client_id: str | None) -> dict[str, int]:
        """What these graphs of one client have proven to hold, by underlying; None: our own."""
        total: dict[str, int] = {}
        for graph_id in graphs:
            try:
                state = await self.status(graph_id, client_id=client_id)
            except GraphError:
                continue
            for base, qty in state.residual_exposure.items():
                total[base] = total.get(base, 0) + qty
        return {base: qty for base, qty in total.items() if qty}


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
