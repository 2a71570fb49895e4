"""How far recovery is: graphs of an earlier run that do not go on yet, and their open orders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

import msgspec

from actors.recovery import RecoveryActor
from actors.registry import RegistryActor
from engine.decisions.recovery_plan import PastGraph
from engine.model.order_ids import node_order_id
from engine.service.wiring import World

__all__ = ["PastOrder", "Recovering"]

POLL_S = 0.005


class PastOrder(msgspec.Struct, frozen=True):
    """A child order of a graph that waits for its venues' lists: it may live, nobody knows."""

    client_order_id: str
    node_order_id: str
    client_id: str
    graph_id: str
    node_id: str
    venue: str
    symbol: str


class Recovering:
    """Looks, without touching, at what recovery still holds. `told` is how many graphs it got."""

    def __init__(self, world: World, told: int) -> None:
        self.world = world
        self.told = told

    @property
    def graphs(self) -> int:
        """Graphs that do not go on yet; 0 once recovery is finished."""
        registry = self.world.registry.actor
        if not self.told or registry is None:
            return 0
        assert isinstance(registry, RegistryActor)
        return self.told - registry.adopted

    @property
    def text(self) -> str:
        """What to say of it; empty once recovery is finished."""
        count = self.graphs
        return f"recovery of {count} graphs is not finished" if count else ""

    def waiting(self) -> Sequence[PastGraph]:
        """The graphs that recovery holds."""
        recovery = self.world.recovery.actor
        if recovery is None or not self.graphs:
            return ()
        assert isinstance(recovery, RecoveryActor)
        return recovery.graphs

    def orders(self) -> Iterator[PastOrder]:
        """Orders of the waiting graphs that are not recorded as ended."""
        for past in self.waiting():
            seed = past.seed
            for node in past.nodes:
                if node is None:
                    continue
                resolved = seed.nodes[node.node_index]
                node_id = resolved.node.node_id
                name = node_order_id(seed.graph_id, node_id, node.memory.seq)
                symbol = resolved.handle.market.instrument.symbol
                for child in node.children:
                    order = child.order
                    names = seed.client_id, seed.graph_id, node_id
                    venue = order.listing.venue
                    yield PastOrder(order.client_order_id, name, *names, venue, symbol)

    def graphs_at(self, key: str) -> set[str]:
        """Waiting graphs that trade this symbol, or may trade at this venue."""
        found = set()
        for past in self.waiting():
            for one in past.seed.nodes:
                market, pin = one.handle.market, one.node.instrument.venue
                venues = {each.venue for each in market.listings} if pin is None else {pin}
                if key == market.instrument.symbol or key in venues:
                    found.add(past.seed.graph_id)
        return found

    async def finished(self, timeout_s: float) -> bool:
        """Whether every graph goes on, at the latest after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.graphs:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_S)
        return True
