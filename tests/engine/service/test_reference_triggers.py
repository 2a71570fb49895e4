"""Every trigger, gate, join and sizing of the reference, each as a row, on simulated venues.

A row's graph is a limit buy of 10 that rests at 2324.00 on binance, and a market sell of the perp
that waits behind it. After each step stand the edge's status and the hedge.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.errors import Reason
from engine.messages import GraphCommandKind
from engine.model.graph import GraphStatus
from tests.support.graph_script import PERP, SPOT, below_entry, edge, graph, node, play, shown
from tests.support.graph_world import GraphWorld

BELOW = below_entry()
TIMEOUT = {"on_timeout": {"ms": 5_000}}
AT_2400 = {"direction": "above", "symbol": SPOT, "price_1e9": 2_400 * 10**9}
HALF = {"condition": {"fill_ratio_gte": 0.5}}
NOT_FULL = {"condition": {"fill_ratio_lt": 1.0}}


class Row(msgspec.Struct, frozen=True):
    """`steps` are (what happens, edge, hedge); `qty` None is a derived hedge."""

    word: str
    trigger: Any
    steps: tuple[tuple[str, str, str], ...]
    qty: str | None = None
    fields: dict[str, Any] = {}


TRIGGERS = [
    Row("on_accepted", "on_accepted", (("wait 300", "fired", "filled 3/3"),), "3"),
    Row(
        "on_first_fill opens, the size follows",
        "on_first_fill",
        (
            ("wait 900", "armed", "pending 0/0"),
            ("fill 2", "fired", "executing 2/2"),
            ("fill 3", "fired", "executing 5/5"),
            ("fill 5", "fired", "filled 10/10"),
        ),
    ),
    Row(
        "on_fill streams",
        "on_fill",
        (
            ("fill 2", "fired", "executing 2/2"),
            ("fill 3", "fired", "executing 5/5"),
            ("fill 5", "fired", "filled 10/10"),
        ),
    ),
    Row(
        "on_fill with a fixed target is capped",
        "on_fill",
        (
            ("fill 2", "fired", "executing 2/2"),
            ("fill 3", "fired", "filled 4/4"),
            ("fill 5", "fired", "filled 4/4"),
        ),
        "4",
    ),
    Row(
        "on_fill_ratio, fixed hedge",
        "on_fill_ratio",
        (("fill 4.9", "armed", "pending 0/10"), ("fill 0.1", "fired", "filled 10/10")),
        "10",
        HALF,
    ),
    Row(
        "on_fill_ratio, derived hedge",
        "on_fill_ratio",
        (
            ("fill 4.9", "armed", "pending 0/0"),
            ("fill 0.1", "fired", "executing 5/5"),
            ("fill 5", "fired", "filled 10/10"),
        ),
        None,
        HALF,
    ),
    Row(
        "on_full_fill",
        "on_full_fill",
        (("fill 9.9", "armed", "pending 0/0"), ("fill 0.1", "fired", "filled 10/10")),
    ),
    Row(
        "on_timeout counts from the source's activation",
        TIMEOUT,
        (("wait 4700", "armed", "pending 0/3"), ("wait 200", "fired", "filled 3/3")),
        "3",
    ),
    Row(
        "on_timeout fires behind a filled source",
        TIMEOUT,
        (("fill 10", "armed", "pending 0/0"), ("wait 4700", "fired", "filled 10/10")),
    ),
    Row(
        "on_price below the entry",
        BELOW,
        (
            ("fill 10", "armed", "pending 0/0"),
            ("mid 2208", "armed", "pending 0/0"),
            ("mid 2207", "fired", "filled 10/10"),
        ),
    ),
    Row(
        "on_price above the entry",
        below_entry(5.0, direction="above"),
        (
            ("fill 10", "armed", "pending 0/0"),
            ("mid 2440", "armed", "pending 0/0"),
            ("mid 2441", "fired", "filled 10/10"),
        ),
    ),
    Row(
        "on_price, absolute and inclusive",
        {"on_price": AT_2400},
        (("mid 2399", "armed", "pending 0/3"), ("mid 2400", "fired", "filled 3/3")),
        "3",
    ),
    Row(
        "on_price must hold",
        {"on_price": AT_2400 | {"hold_ms": 1_000}},
        (
            ("mid 2401", "armed", "pending 0/3"),
            ("mid 2390", "armed", "pending 0/3"),
            ("mid 2401", "armed", "pending 0/3"),
            ("wait 1000", "fired", "filled 3/3"),
        ),
        "3",
    ),
    Row(
        "on_cancel",
        "on_cancel",
        (("fill 2", "armed", "pending 0/0"), ("cancel spot", "fired", "filled 2/2")),
    ),
    Row(
        "on_cancel of a source that filled",
        "on_cancel",
        (("fill 10", "expired", "cancelled 0/0"),),
    ),
    Row("on_done, filled", "on_done", (("fill 10", "fired", "filled 10/10"),)),
    Row(
        "on_done, cancelled",
        "on_done",
        (("fill 4", "armed", "pending 0/0"), ("cancel spot", "fired", "filled 4/4")),
    ),
]
GATES = [
    Row(
        "fill_ratio_lt keeps a timeout from a full source",
        TIMEOUT,
        (("fill 10", "expired", "cancelled 0/0"), ("wait 6000", "expired", "cancelled 0/0")),
        None,
        NOT_FULL,
    ),
    Row(
        "fill_ratio_lt lets it through before",
        TIMEOUT,
        (("fill 9", "armed", "pending 0/0"), ("wait 6000", "fired", "executing 9/9")),
        None,
        NOT_FULL,
    ),
    Row(
        "fill_ratio_gte holds on_first_fill back",
        "on_first_fill",
        (("fill 4", "armed", "pending 0/0"), ("fill 1", "fired", "executing 5/5")),
        None,
        HALF,
    ),
    Row(
        "on_fill with fill_ratio_gte, as older SDKs write it",
        "on_fill",
        (
            ("fill 4", "armed", "pending 0/0"),
            ("fill 1", "fired", "executing 5/5"),
            ("fill 1", "fired", "executing 6/6"),
        ),
        None,
        HALF,
    ),
]
SIZINGS = [
    Row(
        "ratio",
        "on_fill",
        (("fill 2", "fired", "executing 1/1"), ("fill 1", "fired", "executing 1.5/1.5")),
        None,
        {"sizing": {"ratio": 0.5}},
    ),
    Row(
        "dust below a lot waits for more",
        "on_fill",
        (
            ("fill 0.0333", "fired", "executing 0.0099/0.0099"),
            ("fill 0.0333", "fired", "executing 0.0199/0.0199"),
        ),
        None,
        {"sizing": {"ratio": 0.3}},
    ),
    Row(
        "snapshot",
        "on_first_fill",
        (("fill 2", "fired", "filled 2/2"), ("fill 1", "fired", "filled 2/2")),
        None,
        {"sizing": {"of": "snapshot"}},
    ),
    Row(
        "unfilled takes over the rest",
        TIMEOUT,
        (("fill 2", "armed", "pending 0/0"), ("wait 5000", "fired", "filled 8/8")),
        None,
        {"sizing": {"of": "unfilled"}} | NOT_FULL,
    ),
]


def world_of(row: Row) -> tuple[GraphWorld, str]:
    """The row's graph, running."""
    world = GraphWorld()
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(200)
    nodes = [
        node("spot", qty="10", price="2324.00"),
        node("hedge", "sell", row.qty, symbol=PERP, activation="wait"),
    ]
    wire = graph(nodes, [edge("e0", "spot", "hedge", row.trigger, **row.fields)])
    return world, world.start(wire, 200)


@pytest.mark.parametrize("row", [*TRIGGERS, *GATES, *SIZINGS], ids=lambda row: row.word)
def test_a_row_of_the_table(row: Row) -> None:
    world, graph_id = world_of(row)
    for step, edge_status, hedge in row.steps:
        play(world, graph_id, step)
        state = world.state(graph_id)
        assert (state.edges["e0"].status, shown(state.nodes["hedge"])) == (edge_status, hedge), step
        assert state.edges["e0"].fired is (edge_status == "fired")
    hedge_filled = world.state(graph_id).nodes["hedge"].filled_qty_1e8
    assert world.held("hyperliquid", PERP) == -hedge_filled


def test_the_table_names_every_trigger_of_the_reference() -> None:
    words = {
        next(iter(row.trigger)) if isinstance(row.trigger, dict) else row.trigger
        for row in TRIGGERS
    }
    assert words == {
        "on_accepted",
        "on_first_fill",
        "on_fill",
        "on_fill_ratio",
        "on_full_fill",
        "on_timeout",
        "on_price",
        "on_cancel",
        "on_done",
    }


def test_a_node_that_is_never_triggered_says_unreachable() -> None:
    world, graph_id = world_of(Row("", "on_cancel", ()))
    play(world, graph_id, "fill 10")
    state = world.state(graph_id)
    assert state.status is GraphStatus.COMPLETED
    assert state.nodes["hedge"].reason == Reason.UNREACHABLE


def test_on_done_hears_of_a_refused_source() -> None:
    world = GraphWorld()
    wire = graph(
        [
            node("spot", qty="10", price="2324.00"),
            node("hedge", "sell", "3", symbol=PERP, activation="wait"),
        ],
        [edge("e0", "spot", "hedge", "on_done"), edge("e1", "spot", "hedge", "on_accepted")],
        risk={"pretrade": {"max_order_notional_usd": 100}, "on_failure": {"action": "continue"}},
    )
    graph_id = world.start(wire, 500)
    state = world.state(graph_id)
    assert state.nodes["spot"].status == "rejected"
    assert state.edges["e0"].fired
    assert not state.edges["e1"].fired


@pytest.mark.parametrize(
    ("join", "after_one", "after_both"),
    [("any", "executing 2/2", "executing 13/13"), ("all", "pending 0/0", "executing 13/13")],
)
def test_join_of_several_edges(join: str, after_one: str, after_both: str) -> None:
    world = GraphWorld()
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(200)
    nodes = [
        node("a", qty="10", price="2324.00"),
        node("b", qty="10", price="2323.00"),
        node("hedge", "sell", None, symbol=PERP, activation="wait", join=join),
    ]
    edges = [edge("ea", "a", "hedge", "on_fill"), edge("eb", "b", "hedge", "on_fill")]
    graph_id = world.start(graph(nodes, edges), 200)
    play(world, graph_id, "fill 2")
    assert shown(world.state(graph_id).nodes["hedge"]) == after_one
    world.trade("binance", SPOT, "sell", "11", "2323.00")
    world.run(500)
    state = world.state(graph_id)
    assert (shown(state.nodes["a"]), shown(state.nodes["b"])) == ("filled 10/10", "executing 3/10")
    assert shown(state.nodes["hedge"]) == after_both


def test_the_action_cancel_ends_its_target() -> None:
    world = GraphWorld()
    wire = graph(
        [
            node("spot", qty="10", price="2324.00"),
            node("other", qty="4", price="2310.00", activation=None),
        ],
        [edge("e0", "spot", "other", "on_first_fill", action="cancel")],
    )
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(200)
    graph_id = world.start(wire, 200)
    assert shown(world.state(graph_id).nodes["other"]) == "executing 0/4"
    play(world, graph_id, "fill 1")
    state = world.state(graph_id)
    assert state.nodes["other"].status == "cancelled"
    assert shown(state.nodes["spot"]) == "executing 1/10"


def test_a_notional_quantity_buys_what_the_money_pays() -> None:
    world = GraphWorld()
    graph_id = world.start(graph([node("spot", usd=23_255)]), 1_000)
    spot = world.state(graph_id).nodes["spot"]
    assert spot.status == "filled"
    assert 9.9 * 10**8 < spot.filled_qty_1e8 <= 10 * 10**8


def test_a_command_of_an_unknown_node_is_answered() -> None:
    world, graph_id = world_of(Row("", "on_done", ()))
    answer = world.command(graph_id, GraphCommandKind.CANCEL_NODE, "nobody")
    assert answer.reason is Reason.NOT_FOUND
    assert "nobody" in answer.text
