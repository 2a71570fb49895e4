"""Orders shown, and changed, as they were given: on the side of the market that was named.

Inside, a NO order is the other side of YES at 1 - p. Its client asked for NO at p, and amends it
in NO prices; this is where the two meet, in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from engine.model.instruments import Environment, InstrumentType
from engine.model.mirror import mirror_price
from engine.model.units import snap
from engine.service.markets.given_views import fill_as_given, order_as_given
from engine.service.markets.graph_symbols import Given, Grids, given_symbols, grids_of
from engine.service.order_views import FillView, OrderView
from engine.service.wiring import World
from engine.store.queries import Queries

__all__ = ["GivenOrders"]

CACHE_MAX = 8_192


class EngineOrders(Protocol):
    """What is needed of an engine: its instruments and its record."""

    @property
    def world(self) -> World: ...

    @property
    def queries(self) -> Queries: ...

    @property
    def environment(self) -> Environment: ...


class GivenOrders:
    """Looks up how orders were given. The symbols of up to 8,192 graphs are remembered; what a
    graph was given as never changes."""

    def __init__(self, engine: EngineOrders) -> None:
        self._engine = engine
        symbols = engine.world.symbols
        self._plain = frozenset(
            handle.symbol
            for handle in symbols.values()
            if handle.listings[0].instrument.type is not InstrumentType.PREDICTION
        )
        self._grids: Grids = grids_of(symbols)
        self._kept: dict[tuple[str, str], Mapping[str, Given]] = {}

    def of(self, client_id: str, graph_id: str, node_id: str, symbol: str) -> Given | None:
        """How the order of a node was given; None where that was as it stands. `symbol` is the
        engine's, and saves the look into the record for what is listed as no event contract. One
        that is no longer listed is looked up: its orders stay what they were."""
        return None if symbol in self._plain else self.graph(client_id, graph_id).get(node_id)

    def graph(self, client_id: str, graph_id: str) -> Mapping[str, Given]:
        """By node id, what a graph gave otherwise than the engine calls it."""
        key = client_id, graph_id
        kept = self._kept.get(key)
        if kept is None:
            engine = self._engine
            stored = engine.queries.graph(client_id, engine.environment, graph_id)
            if stored is None:
                return {}
            if len(self._kept) >= CACHE_MAX:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[key] = given_symbols(stored.accepted.graph.metadata)
        return kept

    def order(self, view: OrderView) -> OrderView:
        """An order as its client gave it; the same object where nothing differs."""
        given = self.of(view.client_id, view.graph_id, view.node_id, view.symbol)
        return order_as_given(view, given)

    def fill(self, view: FillView, client_id: str) -> FillView:
        """A fill as the client gave its order; the same object where nothing differs."""
        return fill_as_given(view, self.of(client_id, view.graph_id, view.node_id, view.symbol))

    def amendment(
        self,
        client_id: str,
        graph_id: str,
        node_id: str,
        symbol: str,
        *,
        qty_1e8: int | None,
        limit_1e9: int | None,
    ) -> tuple[int | None, int | None]:
        """A new quantity and limit price in the engine's terms: the price of a NO order mirrored,
        both put on the grid where a truncated float is one unit beside it."""
        given = self.of(client_id, graph_id, node_id, symbol)
        if limit_1e9 is not None and given is not None and given.mirrored:
            limit_1e9 = mirror_price(limit_1e9)
        grid = self._grids.get((symbol, None))
        if grid is None:
            return qty_1e8, limit_1e9
        return _snapped(qty_1e8, grid[0]), _snapped(limit_1e9, grid[1])


def _snapped(value: int | None, step: int) -> int | None:
    """On the grid when it is next to it; 0 and below is never what one unit of mending makes."""
    return None if value is None else snap(value, step) or value
