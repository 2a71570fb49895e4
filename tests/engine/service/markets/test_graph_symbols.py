"""Graphs before submission: plain ones untouched, sides mirrored, floats mended, all faults."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.graph import Graph
from engine.model.instruments import InstrumentType
from engine.model.intake import parse_graph
from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.graph_symbols import (
    GIVEN_KEY,
    METADATA_MAX,
    Given,
    GraphSymbols,
    given_symbols,
    grids_of,
    snap_graph,
)
from engine.service.markets.resolve import Resolver
from engine.service.markets.simulated_catalogue import SimulatedCatalogue
from tests.support.event_board import Clock, StandIn

STAND_IN = StandIn()
SLUG = "fed-cut-next-meeting"
CENT = 10_000_000


def make() -> GraphSymbols:
    clock = Clock()
    resolver = Resolver(SimulatedCatalogue(clock, lambda: None), STAND_IN.symbols, clock)
    return GraphSymbols(resolver, STAND_IN.symbols)


def canonical(graph: Graph) -> Graph:
    return asyncio.run(make().canonical(graph))


def faults_of(graph: Graph) -> list[tuple[str, str]]:
    with pytest.raises(ApiError) as caught:
        canonical(graph)
    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    return [*caught.value.details]


def node(symbol: str, kind: str = "spot", name: str = "a", **fields: Any) -> dict[str, Any]:
    return {
        "node_id": name,
        "instrument": {"symbol": symbol, "type": kind},
        "side": "buy",
        "quantity": {"fixed": {"qty_1e8": 500_000_000}},
        **fields,
    }


def limit(price: int) -> dict[str, Any]:
    return {"limit": {"price_1e9": price}}


def graph_of(*nodes: dict[str, Any], **fields: Any) -> Graph:
    return parse_graph({"nodes": [*nodes], **fields})


def watch(symbol: str | None) -> dict[str, Any]:
    on_price = {"symbol": symbol, "direction": "above", "price_1e9": 6 * CENT}
    return {"from_node": "a", "to_node": "b", "trigger": {"on_price": on_price}}


def test_plain_graphs_are_the_same_object() -> None:
    for graph in (
        graph_of(node("BTC-USD")),
        graph_of(node("BTC-USD-PERP", "perp"), metadata={"mine": "x"}),
        graph_of(node(SLUG, "prediction")),
        graph_of(node("ETH-USD"), node("ETH-USD", name="b"), edges=[watch("BTC-USD")]),
        graph_of(node("ETH-USD"), node("ETH-USD", name="b"), edges=[watch(None)]),
    ):
        assert canonical(graph) is graph
        assert make().snap(graph) is graph
        assert asyncio.run(make().prepare(graph)) is graph


def test_unknown_symbols_are_left_to_validation() -> None:
    graph = graph_of(node("nothing"), node("BTC-USD", name="b"), edges=[watch("nobody")])
    assert canonical(graph) is graph


@pytest.mark.parametrize(
    ("symbol", "sent", "kind"),
    [
        (SLUG, "spot", InstrumentType.PREDICTION),
        (SLUG, "perp", InstrumentType.PREDICTION),
        ("BTC-USD-PERP", "spot", InstrumentType.PERP),
        ("BTC-PERP", "spot", InstrumentType.PERP),
    ],
)
def test_types_follow_the_symbol(symbol: str, sent: str, kind: InstrumentType) -> None:
    (one,) = canonical(graph_of(node(symbol, sent))).nodes
    assert one.instrument.type is kind
    assert one.instrument.symbol in (symbol, "BTC-USD-PERP")


def test_a_type_that_contradicts_the_symbol() -> None:
    (fault,) = faults_of(graph_of(node("BTC-USD", "perp")))
    assert fault == ("nodes[0].instrument.type", "BTC-USD is spot, not perp")


def test_a_no_order_becomes_a_yes_order_and_tells_what_it_was() -> None:
    given = graph_of(node(f"{SLUG}:no", order_type=limit(30 * CENT)), metadata={"mine": "x"})
    graph = canonical(given)
    (one,) = graph.nodes
    assert (one.side, one.limit_price_1e9, one.instrument.symbol) == ("sell", 70 * CENT, SLUG)
    assert given_symbols(graph.metadata) == {"a": Given(f"{SLUG}:no", mirrored=True)}
    assert graph.metadata is not None
    assert graph.metadata["mine"] == "x"
    assert given.metadata == {"mine": "x"}
    (again,) = canonical(graph_of(node(SLUG, "prediction"))).nodes
    assert again.side == "buy"


def test_triggers_are_resolved_too() -> None:
    nodes = node("BTC-USD"), node(SLUG, name="b")
    graph = canonical(graph_of(*nodes, edges=[watch(f"{SLUG}:no")]))
    trigger = graph.edges[0].trigger
    assert not isinstance(trigger, str)
    assert trigger.on_price is not None
    assert (trigger.on_price.symbol, trigger.on_price.direction) == (SLUG, "below")
    assert trigger.on_price.price_1e9 == 94 * CENT
    assert given_symbols(graph.metadata) == {}


def test_all_faults_come_together_with_their_paths() -> None:
    nodes = (
        node("next-mayor-of-rivermouth"),
        node("BTC-USD", "prediction", name="b"),
        node(f"{SLUG}:no", name="c", order_type=limit(100 * CENT)),
    )
    faults = faults_of(graph_of(*nodes, edges=[watch("btc-above-60k-last-month")]))
    paths = [path for path, _ in faults]
    assert paths.count("nodes[0].instrument.symbol") == 6
    assert paths[6:] == [
        "edges[0].trigger.on_price.symbol",
        "nodes[1].instrument.type",
        "nodes[2].order_type.limit.price_1e9",
    ]


def test_a_graph_causes_only_so_many_lookups() -> None:
    def graph(count: int) -> Graph:
        names = [f"unknown-{number}" for number in range(count)]
        # Twice each: the second is no new lookup. Plain symbols are none at all.
        named = names + names + sorted(STAND_IN.symbols)
        return graph_of(*(node(name, name=f"n{n}") for n, name in enumerate(named)))

    assert len(canonical(graph(64)).nodes) == 128 + len(STAND_IN.symbols)
    (fault,) = faults_of(graph(65))
    assert fault[0] == "nodes[64].instrument.symbol"


def test_the_engines_own_metadata_cannot_be_given() -> None:
    for symbol in ("BTC-USD", SLUG):
        faults = faults_of(graph_of(node(symbol), metadata={GIVEN_KEY: "{}"}))
        assert faults[0][0] == f"metadata.{GIVEN_KEY}"


def test_metadata_without_room_for_the_given_side_is_refused() -> None:
    order = node(f"{SLUG}:no")
    room = METADATA_MAX - len(GIVEN_KEY) - len(f'{{"a":{{"symbol":"{SLUG}:no","mirrored":true}}}}')
    graph = canonical(graph_of(order, metadata={"k": "x" * (room - 1)}))
    assert given_symbols(graph.metadata) == {"a": Given(f"{SLUG}:no", mirrored=True)}
    (fault,) = faults_of(graph_of(order, metadata={"k": "x" * room}))
    assert fault[0] == "metadata"
    assert "1 characters shorter" in fault[1]
    full = {"k": "x" * (METADATA_MAX - 1)}
    assert canonical(graph_of(node("BTC-USD"), metadata=full)).metadata == full


def test_metadata_of_others_is_no_given_symbol() -> None:
    assert given_symbols(None) == given_symbols({}) == given_symbols({GIVEN_KEY: "[]"}) == {}


GRIDS = {("x", None): (1_000_000, CENT), ("x", "v"): (1_000, 1)}


@given(lots=st.integers(1, 10**6), off=st.integers(-3, 3))
def test_one_unit_beside_the_lot_is_mended_and_no_more(lots: int, off: int) -> None:
    exact = lots * 1_000_000
    graph = graph_of(node("x", quantity={"fixed": {"qty_1e8": exact + off}}))
    after = snap_graph(graph, GRIDS)
    assert after.nodes[0].fixed_qty_1e8 == (exact if abs(off) <= 1 else exact + off)
    assert (after is graph) is (off == 0 or abs(off) > 1)


@given(ticks=st.integers(1, 99), off=st.integers(-3, 3))
def test_one_unit_beside_the_tick_is_mended_and_no_more(ticks: int, off: int) -> None:
    exact = ticks * CENT
    after = snap_graph(graph_of(node("x", order_type=limit(exact + off))), GRIDS)
    assert after.nodes[0].limit_price_1e9 == (exact if abs(off) <= 1 else exact + off)


@given(cents=st.integers(1, 9_999))
def test_every_two_decimal_size_of_the_published_client(cents: int) -> None:
    sent = int(cents / 100 * 1e8)
    graph = graph_of(node("x", quantity={"fixed": {"qty_1e8": sent}}))
    assert snap_graph(graph, GRIDS).nodes[0].fixed_qty_1e8 == cents * 1_000_000


def test_both_are_mended_at_once() -> None:
    fields = {"quantity": {"fixed": {"qty_1e8": 28_999_999}}, "order_type": limit(28 * CENT - 1)}
    graph = graph_of(node("y"), node("x", name="b", **fields))
    after = snap_graph(graph, GRIDS)
    assert after.nodes[0] is graph.nodes[0]
    assert (after.nodes[1].fixed_qty_1e8, after.nodes[1].limit_price_1e9) == (29_000_000, 28 * CENT)


def test_a_pinned_venue_has_its_own_grid_and_derived_sizes_have_none() -> None:
    one = node("x", quantity={"fixed": {"qty_1e8": 28_999}}, order_type=limit(CENT + 1))
    assert snap_graph(graph_of(one), GRIDS).nodes[0].limit_price_1e9 == CENT
    one["instrument"]["venue"] = "v"
    after = snap_graph(graph_of(one), GRIDS)
    assert (after.nodes[0].fixed_qty_1e8, after.nodes[0].limit_price_1e9) == (29_000, CENT + 1)
    one["quantity"] = {"notional": {"usd_1e9": 28_999_999}}
    graph = graph_of(one)
    assert snap_graph(graph, GRIDS) is graph
    graph = graph_of(node("x", quantity={"fixed": {"qty_1e8": 1}}))
    assert snap_graph(graph, GRIDS) is graph


def test_a_grid_is_the_venues_or_the_coarsest_lot_of_all() -> None:
    grids = grids_of(STAND_IN.symbols)
    for name, handle in STAND_IN.symbols.items():
        for one in handle.listings:
            assert grids[name, one.venue] == (one.lot_1e8, one.tick_1e9)
            assert grids[name, None][0] % one.lot_1e8 == 0
            assert grids[name, None][1] <= one.tick_1e9
    assert grids["BTC-PERP", None] == grids["BTC-USD-PERP", None]
