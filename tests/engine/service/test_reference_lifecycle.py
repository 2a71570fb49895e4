"""States of graph, node and edge, and every command of the reference, on simulated venues."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.errors import Reason
from engine.messages import GraphCommand, GraphCommandKind
from engine.model.graph import GraphStatus, NodeStatus, Urgency
from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from engine.model.order_ids import parse_node_order_id
from tests.support.graph_script import PERP, SPOT, below_entry, edge, graph, node, play, shown
from tests.support.graph_world import CLIENT, SANDBOX, GraphWorld
from venues.simulated.exchange import ExchangeConfig

ETH = 10**8
LATE_MS = 200


class Row(msgspec.Struct, frozen=True):
    """A pair of `spot` (a resting buy of 10) and `hedge`; what is seen after the steps."""

    word: str
    trigger: Any
    steps: tuple[str, ...]
    status: str
    spot: str
    hedge: str
    edge: str
    fields: dict[str, Any] = {}
    risk: dict[str, Any] | None = None
    qty: str | None = None


REFUSED = {"pretrade": {"max_order_notional_usd": 100}}
STATES = [
    Row("active, pending, armed", "on_full_fill", (), "active", "executing", "pending", "armed"),
    Row(
        "completed, filled, fired",
        "on_full_fill",
        ("fill 10",),
        "completed",
        "filled",
        "filled",
        "fired",
    ),
    Row(
        "cancelled graph, partial_fill, expired",
        "on_full_fill",
        ("fill 4", "cancel"),
        "cancelled",
        "partial_fill",
        "cancelled",
        "expired",
    ),
    Row("paused", "on_fill", ("pause lunch",), "paused", "executing", "pending", "armed"),
    Row(
        "failed graph, rejected node",
        "on_fill",
        (),
        "failed",
        "rejected",
        "cancelled",
        "expired",
        risk=REFUSED | {"on_failure": {"action": "cancel_all"}},
    ),
    Row(
        "a cancelled node leaves its graph running to its end",
        "on_cancel",
        ("fill 4", "cancel spot"),
        "completed",
        "partial_fill",
        "filled",
        "fired",
    ),
]


def start(trigger: Any, qty: str | None = None, **fields: Any) -> tuple[GraphWorld, str]:
    """A pair, running."""
    risk = fields.pop("risk", None)
    world = GraphWorld()
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(200)
    nodes = [
        node("spot", qty="10", price="2324.00"),
        node("hedge", "sell", qty, symbol=PERP, activation="wait"),
    ]
    wire = graph(nodes, [edge("e0", "spot", "hedge", trigger, **fields)])
    return world, world.start(wire if risk is None else wire | {"risk": risk}, 200)


def alone(
    qty: str = "10", latency_ms: int = 10, native: NativeVerbs = NO_NATIVE_VERBS
) -> tuple[GraphWorld, str]:
    """One resting buy, running."""
    config = {"binance": ExchangeConfig(native=native)}
    world = GraphWorld(("binance",), latency_ns=latency_ms * 10**6, config=config)
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.run(1_000)
    return world, world.start(graph([node("spot", qty=qty, price="2324.00")]), 1_000)


@pytest.mark.parametrize("row", STATES, ids=lambda row: row.word)
def test_a_row_of_states(row: Row) -> None:
    world, graph_id = start(row.trigger, row.qty, risk=row.risk, **row.fields)
    for step in row.steps:
        play(world, graph_id, step)
    state = world.state(graph_id)
    assert (
        state.status.value,
        state.nodes["spot"].status,
        state.nodes["hedge"].status,
        state.edges["e0"].status,
    ) == (row.status, row.spot, row.hedge, row.edge)


def test_the_rows_name_every_state_but_failed_nodes() -> None:
    assert {row.status for row in STATES} == set(GraphStatus)
    nodes = {row.spot for row in STATES} | {row.hedge for row in STATES}
    # A node fails only with the engine's own machinery; venues and limits reject.
    assert nodes == set(NodeStatus) - {NodeStatus.FAILED}
    assert {row.edge for row in STATES} == {"armed", "fired", "expired"}


def test_the_reference_s_example_runs_as_it_is_written() -> None:
    world = GraphWorld()
    wire = graph(
        [
            node("spot", qty="200", policy="sor", urgency="medium"),
            node(
                "hedge",
                "sell",
                "200",
                symbol=PERP,
                venue="hyperliquid",
                activation="wait",
                policy="aggressive_chase",
            ),
        ],
        [edge("e0", "spot", "hedge", "on_fill_ratio", condition={"fill_ratio_gte": 0.5})],
        risk={"admission": {"max_notional_usd": 500_000}, "runtime": {"max_loss_usd": 10_000}},
    )
    answer = world.submit(wire)
    assert (answer.status, answer.node_count, answer.edge_count) == (GraphStatus.ACTIVE, 2, 1)
    assert answer.graph_id.startswith("graph_")
    world.run(1_000)
    state = world.state(answer.graph_id)
    assert state.status is GraphStatus.COMPLETED
    assert shown(state.nodes["spot"]) == shown(state.nodes["hedge"]) == "filled 200/200"
    assert state.nodes["spot"].avg_fill_price_1e9 == 2_325_500_000_000
    assert state.edges["e0"].status == "fired"
    assert state.residual_exposure == {}
    assert state.nodes["spot"].node_order_id == f"graph:{answer.graph_id}:spot:1"


def test_a_simple_order_is_a_graph_of_one_node() -> None:
    world = GraphWorld(("binance",))
    graph_id = world.start({"symbol": SPOT, "side": "buy", "qty": 0.1}, 500)
    state = world.state(graph_id)
    assert {name: shown(one) for name, one in state.nodes.items()} == {"order": "filled 0.1/0.1"}


# -- pause and resume


def test_a_price_touched_during_a_pause_and_gone_does_not_fire() -> None:
    world, graph_id = start(below_entry())
    for step in ("fill 10", "pause lunch", "mid 2200", "mid 2324", "resume"):
        play(world, graph_id, step)
        if step == "pause lunch":
            assert world.state(graph_id).reason == "lunch"
    state = world.state(graph_id)
    assert state.status is GraphStatus.ACTIVE
    assert state.edges["e0"].status == "armed"
    play(world, graph_id, "mid 2200")
    assert world.state(graph_id).edges["e0"].status == "fired"


def test_a_price_that_still_holds_at_the_resume_fires() -> None:
    world, graph_id = start(below_entry())
    for step in ("fill 10", "pause", "mid 2200", "resume"):
        play(world, graph_id, step)
    assert shown(world.state(graph_id).nodes["hedge"]) == "filled 10/10"


def test_a_timeout_that_elapsed_during_a_pause_fires_once() -> None:
    world, graph_id = start({"on_timeout": {"ms": 2_000}}, "3")
    play(world, graph_id, "pause lunch")
    play(world, graph_id, "wait 9000")
    assert world.fills() == ()
    for step in ("resume", "wait 9000", "pause", "resume"):
        play(world, graph_id, step)
        assert world.held("hyperliquid", PERP) == -3 * ETH
    assert len(world.fills()) == 1


def test_a_pause_pulls_what_rests_and_fills_of_it_still_count() -> None:
    world, graph_id = start("on_fill")
    play(world, graph_id, "fill 2")
    play(world, graph_id, "pause lunch")
    assert world.resting("binance") == []
    play(world, graph_id, "resume")
    assert [left for _, left, _ in world.resting("binance")] == [8 * ETH]
    play(world, graph_id, "fill 8")
    assert shown(world.state(graph_id).nodes["hedge"]) == "filled 10/10"


# -- cancel


def test_cancel_of_a_graph_disarms_its_edges_first() -> None:
    world, graph_id = start("on_done")
    play(world, graph_id, "fill 2")
    play(world, graph_id, "cancel")
    state = world.state(graph_id)
    assert state.status is GraphStatus.CANCELLED
    assert shown(state.nodes["hedge"]) == "cancelled 0/0"
    assert world.held("hyperliquid", PERP) == 0
    assert state.residual_exposure == {"ETH": 2 * ETH}
    assert world.resting("binance") == []
    again = world.command(graph_id, GraphCommandKind.CANCEL)
    assert again.reason is Reason.NOT_FOUND
    assert world.state(graph_id) == state


def test_a_fill_that_crosses_the_cancel_counts() -> None:
    world, graph_id = alone(latency_ms=LATE_MS)
    world.driver.ask(world.world.registry, cancel_of(graph_id))
    world.run(LATE_MS // 2)
    world.trade("binance", SPOT, "sell", "3", "2324.00")
    world.run(1_000)
    state = world.state(graph_id)
    assert (state.status, shown(state.nodes["spot"])) == (
        GraphStatus.CANCELLED,
        "partial_fill 3/10",
    )
    assert state.residual_exposure == {"ETH": 3 * ETH}


def test_a_fill_after_the_cancel_was_acknowledged_counts() -> None:
    world, graph_id = alone(latency_ms=LATE_MS)
    exchange = world.exchanges["binance"]
    (order,) = exchange.by_number.values()
    world.command(graph_id, GraphCommandKind.CANCEL)
    world.run(50)
    assert world.state(graph_id).status is GraphStatus.ACTIVE
    world.run(LATE_MS)
    world.run(LATE_MS)
    assert world.state(graph_id).status is GraphStatus.CANCELLED
    exchange.fill(order, "late-1", 2_324 * 10**9, ETH, False, world.now_ns)
    world.run(1_000)
    state = world.state(graph_id)
    assert shown(state.nodes["spot"]) == "partial_fill 1/10"
    assert state.residual_exposure == {"ETH": ETH}
    assert len(world.fills()) == 1


def cancel_of(graph_id: str) -> Any:
    """A cancel, as the registry is asked for it."""
    return lambda reply: GraphCommand(
        reply, CLIENT, SANDBOX, graph_id, GraphCommandKind.CANCEL, "", "cancelled by the client"
    )


# -- amend and decrease

AMENDS = [
    ({"qty_1e8": 15 * ETH}, "executing 4/15", 11 * ETH, 2_324),
    ({"qty_1e8": 5 * ETH}, "executing 4/5", ETH, 2_324),
    ({"limit_1e9": 2_323 * 10**9}, "executing 4/10", 6 * ETH, 2_323),
    ({"reduce_by_1e8": 2 * ETH}, "executing 4/8", 4 * ETH, 2_324),
    ({"urgency": Urgency.HIGH}, "executing 4/10", 6 * ETH, 2_324),
    ({"max_slippage_bps": 25}, "executing 4/10", 6 * ETH, 2_324),
    ({"horizon_ms": 5_000}, "executing 4/10", 6 * ETH, 2_324),
]


@pytest.mark.parametrize(("terms", "expected", "left", "price"), AMENDS, ids=str)
def test_an_amended_node_goes_on_under_its_new_terms(
    terms: dict[str, Any], expected: str, left: int, price: int
) -> None:
    world, graph_id = alone()
    play(world, graph_id, "fill 4")
    answer = world.amend(graph_id, "spot", **terms)
    assert answer.reason is Reason.NONE
    shrink = "reduce_by_1e8" in terms
    assert answer.mode == ("cancel_replace_shrink" if shrink else "cancel_replace")
    assert parse_node_order_id(answer.node_order_id) == (graph_id, "spot", 2)
    world.run(200)
    assert shown(world.state(graph_id).nodes["spot"]) == expected
    assert world.resting("binance") == [("buy", left, price * 10**9)]


DECREASES = NativeVerbs(decrease=True)
EDITS = NativeVerbs(decrease=True, amend=True)
BELOW, ABOVE, ACROSS = 2_323 * 10**9, 2_325 * 10**9, 2_326 * 10**9
# Verbs of the venue, new terms: the mode told, what rests at which price, the order's number.
NATIVE: list[tuple[NativeVerbs, dict[str, Any], str, int, int, int]] = [
    (DECREASES, {"reduce_by_1e8": 2 * ETH}, "native_decrease", 4 * ETH, 2_324, 1),
    (DECREASES, {"qty_1e8": 5 * ETH}, "native_decrease", ETH, 2_324, 1),
    (DECREASES, {"limit_1e9": BELOW}, "cancel_replace", 6 * ETH, 2_323, 2),
    (DECREASES, {"qty_1e8": 15 * ETH}, "cancel_replace", 11 * ETH, 2_324, 2),
    (EDITS, {"reduce_by_1e8": 2 * ETH}, "native_decrease", 4 * ETH, 2_324, 1),
    (EDITS, {"limit_1e9": BELOW}, "native_amend", 6 * ETH, 2_323, 1),
    (EDITS, {"limit_1e9": ABOVE}, "native_amend", 6 * ETH, 2_325, 1),
    (EDITS, {"qty_1e8": 15 * ETH}, "native_amend", 11 * ETH, 2_324, 1),
    (EDITS, {"qty_1e8": 5 * ETH, "limit_1e9": ABOVE}, "native_amend", ETH, 2_325, 1),
    (EDITS, {"urgency": Urgency.HIGH}, "cancel_replace", 6 * ETH, 2_324, 2),
    (EDITS, {"qty_1e8": 10 * ETH}, "cancel_replace", 6 * ETH, 2_324, 2),
]


@pytest.mark.parametrize(("verbs", "terms", "mode", "left", "price", "number"), NATIVE, ids=str)
def test_a_venue_that_can_changes_the_order_itself(
    verbs: NativeVerbs, terms: dict[str, Any], mode: str, left: int, price: int, number: int
) -> None:
    world, graph_id = alone(native=verbs)
    play(world, graph_id, "fill 4")
    (before,) = world.exchanges["binance"].memory.open
    answer = world.amend(graph_id, "spot", **terms)
    assert (answer.reason, answer.mode) == (Reason.NONE, mode)
    assert parse_node_order_id(answer.node_order_id) == (graph_id, "spot", number)
    world.run(200)
    assert world.resting("binance") == [("buy", left, price * 10**9)]
    assert (before in world.exchanges["binance"].memory.open) == mode.startswith("native")
    world.trade("binance", SPOT, "sell", "100", f"{price}.00")
    world.run(500)
    total = left + 4 * ETH
    assert shown(world.state(graph_id).nodes["spot"]) == f"filled {total // ETH}/{total // ETH}"
    assert world.world.ledger.open_grants == 0


def test_an_amended_horizon_ends_the_node() -> None:
    world, graph_id = alone()
    world.amend(graph_id, "spot", horizon_ms=5_000)
    world.run(4_500)
    assert not world.state(graph_id).ended
    world.run(1_000)
    assert world.state(graph_id).nodes["spot"].reason == "EXPIRED"


@pytest.mark.parametrize("qty", [1, 4])
def test_an_amendment_to_what_is_filled_is_refused_with_the_reason(qty: int) -> None:
    world, graph_id = alone()
    play(world, graph_id, "fill 4")
    answer = world.amend(graph_id, "spot", qty_1e8=qty * ETH)
    assert answer.reason is Reason.BELOW_FILLED
    assert "4 is filled already" in answer.text
    assert shown(world.state(graph_id).nodes["spot"]) == "executing 4/10"


def test_an_amended_node_of_money_keeps_what_the_money_bought() -> None:
    world = GraphWorld()
    graph_id = world.start(graph([node("n", qty=None, usd=23_240, price="2324.00")]), 300)
    world.amend(graph_id, "n", limit_1e9=2_323 * 10**9)
    world.run(1_000)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 0/10"
    assert world.resting("binance") == [("buy", 10 * ETH, 2_323 * 10**9)]


def test_an_ended_node_takes_no_amendment() -> None:
    world, graph_id = start({"on_timeout": {"ms": 60_000}}, "3")
    play(world, graph_id, "fill 10")
    answer = world.amend(graph_id, "spot", qty_1e8=20 * ETH)
    assert answer.reason is Reason.ALREADY_ENDED
    assert "filled" in answer.text


def test_every_id_of_an_order_stays_valid() -> None:
    world, graph_id = alone()
    names = [f"graph:{graph_id}:spot:1", f"{graph_id}:spot:1"]
    second = world.amend(graph_id, "spot", qty_1e8=12 * ETH).node_order_id
    assert second == f"graph:{graph_id}:spot:2"
    for name in (*names, second, f"{graph_id}:spot:2"):
        (order,) = world.orders(node_order_id=name)
        assert (order.node_order_id, order.qty_1e8) == (second, 12 * ETH)
    play(world, graph_id, "fill 1")
    (fill,) = world.queries.fills(CLIENT, SANDBOX, node_order_id=names[0]).rows
    assert fill.qty_1e8 == ETH
