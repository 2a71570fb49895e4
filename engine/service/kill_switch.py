"""The kill switch of an engine, with a receipt of what it did and of what is not proven yet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from actors.node import NodeActor
from actors.registry import RegistryActor
from engine.decisions.node_ledger import Child
from engine.errors import ConfigError, EngineError, GraphError
from engine.messages import FreezeGraphs, HaltTrading
from engine.model.instruments import Environment
from engine.model.orders import ChildState
from engine.model.risk import KillScope
from engine.service.config import checked_text
from engine.service.recovery import KILLED

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runtime.actor import ActorRef
    from engine.runtime.delivery import Message
    from engine.service.graph_view import GraphState
    from engine.service.recovering import Recovering
    from engine.service.wiring import World
    from engine.store.queries import Queries

__all__ = ["KillReceipt", "KillVerbs"]

QUIET_POLL_S = 0.005
CLEAR_WAIT_S = 5.0


class KillReceipt(msgspec.Struct, frozen=True):
    """What a kill switch did. Unknown orders stay in it until their venue proves where they are.

    `residual_exposure` is the signed sum by underlying (1e-8 of base) of what the stopped graphs
    have proven to hold; `quiet_ms` the time until nothing was open any more, None if it is not.
    Cancelled, open and unknown orders are child orders, by client order id; `orders` are the
    node order ids of all of them. `recovering` graphs of an earlier run wait for their venues'
    lists still: they stop as they come, and until then their orders count as unknown.
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
    orders: tuple[str, ...] = ()
    recovering: int = 0


class KillVerbs:
    """The kill switch of `EngineCommands`."""

    if TYPE_CHECKING:
        # What the engine itself brings.
        environment: Environment

        @property
        def world(self) -> World: ...

        @property
        def queries(self) -> Queries: ...

        @property
        def recovery(self) -> Recovering: ...

        def tell(self, ref: ActorRef, message: Message) -> bool: ...

        async def ask(self, ref: ActorRef, make: Callable[[int], Message]) -> object: ...

        async def status(self, graph_id: str, *, client_id: str | None = None) -> GraphState: ...

        async def flush(self) -> None: ...

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

        It survives a restart, and so does the cancel. The receipt comes once nothing is open any
        more, or after `quiet_timeout_s` with what still is. ConfigError for what is no target,
        GraphError for a graph id that nobody ever used.
        """
        checked_text("reason", reason)
        scope, key = self.scope_and_key(scope, key)
        await self.check_target(scope, key)
        started = time.monotonic()
        # At once, past every queue: each order looks at the switch before it leaves. The message
        # that follows keeps it, bars a venue from routing, and is recorded.
        self.world.switch.engage(scope, key, reason)
        self.tell(self.world.risk, HaltTrading(True, reason, scope, key, cancel_open))
        seen = _Seen()
        self.look(seen, scope, key)
        meant = self.graphs_in(scope, key)
        graphs = await self.ask(
            self.world.registry,
            lambda reply_to: FreezeGraphs(
                reply_to, self.environment, scope, key, cancel_open, KILLED + reason
            ),
        )
        assert isinstance(graphs, tuple)
        quiet_ms: int | None = None
        if cancel_open:
            quiet_ms = await self.until_quiet(seen, scope, key, started, quiet_timeout_s)
        if meant is not None:
            meant |= self.graphs_in(scope, key) or set()
            graphs = tuple(graph_id for graph_id in graphs if graph_id in meant)
        unrecorded = await self.unrecorded()
        self.look(seen, scope, key)
        residual: dict[str, int] = {}
        if not unrecorded:
            client_id = key if scope is KillScope.CLIENT else None
            residual = await self.residual_of(graphs, client_id)
        warnings = [self.recovery.text, unrecorded]
        if seen.left and not cancel_open:
            warnings.insert(0, "open orders were left as they are")
        unknown = sorted(name for name, state in seen.left.items() if state is ChildState.UNKNOWN)
        return KillReceipt(
            True,
            reason,
            scope,
            key,
            graphs,
            tuple(sorted(self.cancelled(seen))),
            tuple(sorted(seen.left.keys() - set(unknown))),
            tuple(unknown),
            residual,
            quiet_ms,
            "; ".join(text for text in warnings if text),
            tuple(sorted(set(seen.names.values()))),
            self.recovery.graphs,
        )

    async def resume_trading(
        self, *, scope: KillScope | str = KillScope.DESK, key: str = ""
    ) -> None:
        """Clear the kill switch of a scope; graphs that it froze stay paused until resumed.

        Graphs that are on their way back from an earlier run stop first, as was promised.
        """
        scope, key = self.scope_and_key(scope, key)
        if (scope, key) not in [one[:2] for one in self.queries.halts(self.environment)]:
            await self.check_target(scope, key)
        await self.recovery.finished(CLEAR_WAIT_S)
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

    async def check_target(self, scope: KillScope, key: str) -> None:
        """Nothing but what can trade is halted: a mistyped key would stop nothing, silently."""
        if scope is KillScope.SYMBOL and key not in self.world.symbols:
            raise ConfigError(f"symbol {key!r} is not listed, so nothing of it can be halted")
        if scope is KillScope.VENUE and key not in self.world.trades:
            known = ", ".join(sorted(self.world.trades))
            raise ConfigError(f"there is no venue {key!r} to halt; use one of {known}")
        if scope is KillScope.GRAPH and not await self.is_used(key):
            raise GraphError(f"there is no graph {key!r} to halt; check the id")

    async def is_used(self, graph_id: str) -> bool:
        """Whether any client used this graph id; what runs is known even where the disk is not."""
        registry = self.world.system.actor_of(self.world.registry)
        assert isinstance(registry, RegistryActor)
        if any(key[2] == graph_id for key in (*registry.keys.values(), *registry.coming)):
            return True
        try:
            await self.flush()
        except EngineError:
            return False
        return self.queries.has_graph(self.environment, graph_id)

    async def unrecorded(self) -> str:
        """Have the switch on disk before its receipt; why that cannot be, empty when it is."""
        try:
            await self.flush()
        except EngineError as error:
            return f"the switch is on, and not recorded: {error}"
        return ""

    # -- what is open

    async def until_quiet(
        self, seen: _Seen, scope: KillScope, key: str, started: float, timeout_s: float
    ) -> int | None:
        """Milliseconds until nothing was open and everything was back; None when it is not."""
        while True:
            self.look(seen, scope, key)
            elapsed = time.monotonic() - started
            if not seen.left and not self.recovery.graphs:
                return int(elapsed * 1_000)
            if elapsed > timeout_s:
                return None
            await asyncio.sleep(QUIET_POLL_S)

    def open_children(self, scope: KillScope, key: str) -> dict[str, ChildState]:
        """Child orders of a scope not proven ended; those of waiting graphs are unknown."""
        seen = _Seen()
        self.look(seen, scope, key)
        return seen.left

    def look(self, seen: _Seen, scope: KillScope, key: str) -> None:
        """Note what is open in the scope now, read in place."""
        seen.left = {}
        for actor in self.nodes():
            identity, symbol = actor.identity, actor.place.market.instrument.symbol
            for name, child in () if actor.ledger is None else actor.ledger.children.items():
                where = child.order.listing.venue
                if within(scope, key, identity.client_id, where, symbol, identity.graph_id):
                    seen.left[name] = child.state
                    seen.children[name] = child
                    seen.names[name] = identity.node_order_id
        for one in self.recovery.orders():
            if within(scope, key, one.client_id, one.venue, one.symbol, one.graph_id):
                seen.left[one.client_order_id] = ChildState.UNKNOWN
                seen.names[one.client_order_id] = one.node_order_id

    def cancelled(self, seen: _Seen) -> Iterator[str]:
        """What was open and is not any more, but for what filled meanwhile."""
        for name in seen.names.keys() - seen.left.keys():
            child = seen.children.get(name)
            if child is not None:
                state = child.state
            else:
                # It came back and ended between two looks.
                found = self.queries.order_of(name)
                state = ChildState.UNKNOWN if found is None else found[0].state
            if state is not ChildState.FILLED:
                yield name

    def nodes(self) -> Iterator[NodeActor]:
        """Every node that works or waits."""
        for ref in list(self.world.system.refs.values()):
            actor: Any = ref.actor
            if isinstance(actor, NodeActor):
                yield actor

    def graphs_in(self, scope: KillScope, key: str) -> set[str] | None:
        """Graphs that trade the symbol, or may trade at the venue; None where ids decide."""
        if scope not in (KillScope.VENUE, KillScope.SYMBOL):
            return None
        found = self.recovery.graphs_at(key)
        for actor in self.nodes():
            market, pin = actor.place.market, actor.identity.node.instrument.venue
            venues = {one.venue for one in market.listings} if pin is None else {pin}
            if key == market.instrument.symbol or key in venues:
                found.add(actor.identity.graph_id)
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


class _Seen:
    """Orders seen open by one kill: bounded by what was open while it looked."""

    __slots__ = ("children", "left", "names")

    def __init__(self) -> None:
        self.left: dict[str, ChildState] = {}
        self.children: dict[str, Child] = {}
        self.names: dict[str, str] = {}


def within(
    scope: KillScope, key: str, client_id: str, venue: str, symbol: str, graph_id: str
) -> bool:
    """Whether an order of these is in the scope."""
    own = {
        KillScope.CLIENT: client_id,
        KillScope.VENUE: venue,
        KillScope.SYMBOL: symbol,
        KillScope.GRAPH: graph_id,
    }
    return scope is KillScope.DESK or own[scope] == key
