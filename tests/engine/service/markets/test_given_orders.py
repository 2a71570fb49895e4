"""A NO order is shown and amended as NO, though inside it is YES; everything else is let alone."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.instruments import Environment
from engine.model.intake import parse_graph
from engine.service.config import EngineConfig, SandboxVenues
from engine.service.engine import ExecutionEngine
from engine.service.markets.board import Markets
from engine.service.markets.given_orders import CACHE_MAX, GivenOrders
from engine.service.markets.graph_symbols import GIVEN_KEY, Given
from engine.service.order_views import FillView, OrderView
from tests.support.event_board import StandIn

SLUG = "fed-cut-next-meeting"
CENT = 10_000_000
NO = Given(f"{SLUG}:no", mirrored=True)
YES = Given(f"{SLUG}:yes")
STAND_IN = StandIn()


class Record:
    """Graphs by id with what their nodes were given as; counts the looks."""

    def __init__(self, **graphs: dict[str, Given]) -> None:
        self.graphs = graphs
        self.looks = 0

    def graph(self, client_id: str, environment: Environment, graph_id: str) -> Any:
        self.looks += 1
        nodes = self.graphs.get(graph_id)
        if client_id != "c" or nodes is None:
            return None
        metadata = {GIVEN_KEY: msgspec.json.encode(nodes).decode()} if nodes else None
        return SimpleNamespace(accepted=SimpleNamespace(graph=SimpleNamespace(metadata=metadata)))


def make(**graphs: dict[str, Given]) -> tuple[GivenOrders, Record]:
    record = Record(**graphs)
    engine: Any = SimpleNamespace(
        world=STAND_IN.world, queries=record, environment=Environment.SANDBOX
    )
    return GivenOrders(engine), record


def view(kind: type[Any], **fields: Any) -> Any:
    """A view of that kind with nothing in it but `fields`."""
    blank: dict[str, Any] = dict.fromkeys(kind.__struct_fields__)
    known = {"graph_id": "g", "node_id": "a", "symbol": SLUG, "side": "SELL", "client_id": "c"}
    blank |= {name: value for name, value in known.items() if name in blank}
    return kind(**{**blank, **fields})


def test_a_no_order_is_shown_as_it_was_given() -> None:
    orders, _ = make(g={"a": NO})
    shown = orders.order(view(OrderView, avg_fill_price_1e9=70 * CENT, qty_1e8=5))
    assert (shown.symbol, shown.side) == (f"{SLUG}:no", "BUY")
    assert (shown.avg_fill_price_1e9, shown.qty_1e8) == (30 * CENT, 5)
    assert orders.order(view(OrderView, avg_fill_price_1e9=0)).avg_fill_price_1e9 == 0
    fill = orders.fill(view(FillView, price_1e9=70 * CENT, qty_1e8=5), "c")
    assert (fill.symbol, fill.side, fill.price_1e9) == (f"{SLUG}:no", "BUY", 30 * CENT)


def test_a_yes_order_changes_its_name_only() -> None:
    orders, _ = make(g={"a": YES})
    shown = orders.order(view(OrderView, avg_fill_price_1e9=70 * CENT))
    assert (shown.symbol, shown.side, shown.avg_fill_price_1e9) == (YES.symbol, "SELL", 70 * CENT)
    fill = orders.fill(view(FillView, price_1e9=70 * CENT), "c")
    assert (fill.symbol, fill.side, fill.price_1e9) == (YES.symbol, "SELL", 70 * CENT)


@pytest.mark.parametrize(
    "fields", [{"symbol": "BTC-USD"}, {"node_id": "b"}, {"graph_id": "h"}, {"graph_id": "none"}]
)
def test_everything_else_is_the_same_object(fields: dict[str, Any]) -> None:
    orders, _ = make(g={"a": NO}, h={})
    order, fill = view(OrderView, **fields), view(FillView, **fields)
    assert orders.order(order) is order
    assert orders.fill(fill, "c") is fill


def test_other_clients_are_not_mixed_up() -> None:
    orders, _ = make(g={"a": NO})
    assert orders.of("c", "g", "a", SLUG) == NO
    assert orders.of("someone", "g", "a", SLUG) is None


def test_the_record_is_asked_once_a_graph_and_only_for_events() -> None:
    orders, record = make(g={"a": NO})
    for _ in range(3):
        orders.of("c", "g", "a", "BTC-USD")
        orders.of("c", "g", "a", SLUG)
        orders.of("c", "g", "b", SLUG)
    assert record.looks == 1
    orders.of("c", "not-yet", "a", SLUG)
    record.graphs["not-yet"] = {"a": NO}
    assert orders.of("c", "not-yet", "a", SLUG) == NO


def test_an_event_that_is_no_longer_listed_keeps_its_side() -> None:
    orders, _ = make(g={"a": NO})
    shown = orders.order(view(OrderView, symbol="settled-last-year", avg_fill_price_1e9=70 * CENT))
    assert (shown.side, shown.avg_fill_price_1e9) == ("BUY", 30 * CENT)
    assert orders.graph("c", "g") == {"a": NO}
    assert orders.graph("c", "nowhere") == {}


def test_the_memory_is_bounded() -> None:
    orders, record = make()
    for number in range(CACHE_MAX + 10):
        record.graphs[f"g{number}"] = {}
        orders.of("c", f"g{number}", "a", SLUG)
    assert len(orders._kept) == CACHE_MAX


@given(cents=st.integers(1, 99), off=st.integers(-1, 1), no=st.booleans())
def test_an_amendment_is_in_the_clients_prices(cents: int, off: int, no: bool) -> None:
    orders, _ = make(g={"a": NO if no else YES})
    qty, limit = orders.amendment(
        "c", "g", "a", SLUG, qty_1e8=300_000_000 + off, limit_1e9=cents * CENT + off
    )
    assert qty == 300_000_000
    assert limit == ((100 - cents) * CENT if no else cents * CENT)


def test_what_is_further_off_or_absent_stays() -> None:
    orders, _ = make(g={"a": YES})
    args = "c", "g", "a"
    assert orders.amendment(*args, SLUG, qty_1e8=None, limit_1e9=None) == (None, None)
    assert orders.amendment(*args, SLUG, qty_1e8=1, limit_1e9=CENT + 2) == (1, CENT + 2)
    assert orders.amendment(*args, "gone", qty_1e8=7, limit_1e9=8) == (7, 8)


def test_a_real_order_is_found_in_the_record() -> None:
    async def main() -> None:
        config = EngineConfig(venues=SandboxVenues(latency_scale=0))
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            order = {"symbol": f"{SLUG}:no", "side": "buy", "qty": 10, "price": 0.05}
            graph = await Markets(engine).prepare(parse_graph(order))
            run = await engine.submit(graph, client_id="c")
            assert run.accepted, run.faults
            (row,) = await engine.orders(client_id="c")
            shown = GivenOrders(engine).order(OrderView.of(row, "c"))
            assert (shown.symbol, shown.side) == (f"{SLUG}:no", "BUY")
            await run.cancel()

    asyncio.run(main())
