"""Every policy, urgency, time in force and pacing of the reference, each as a row of a table.

Books are scripted: binance and coinbase quote 2324.50 / 2325.50 with the depth that a row states.
After each step stand the node, and what rests at binance as `qty@price`.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.errors import Reason
from engine.messages import GraphCommandKind
from engine.model.graph import GraphStatus, Policy, Urgency
from engine.model.units import format_price, format_qty
from tests.support.graph_script import PERP, SPOT, edge, graph, node, shown
from tests.support.graph_world import GraphWorld


class Row(msgspec.Struct, frozen=True):
    """`steps` are (ms, node, resting); `depth` is what binance offers, None is plenty."""

    word: str
    fields: dict[str, Any]
    steps: tuple[tuple[int, str, str], ...]
    depth: str | None = None
    reason: str = ""


def policy(name: str, urgency: str = "medium", **fields: Any) -> dict[str, Any]:
    """Fields of a row's node, for 10."""
    return {"qty": "10", "policy": name, "urgency": urgency} | fields


POLICIES = [
    Row("sor fills at once", policy("sor"), ((100, "filled 10/10", ""),)),
    Row(
        "sor low works 30 s",
        policy("sor", "low"),
        ((29_000, "executing 6/10", ""), (2_000, "partial_fill 6/10", "")),
        "6",
        "EXPIRED",
    ),
    Row(
        "sor medium works 10 s",
        policy("sor"),
        ((9_500, "executing 6/10", ""), (1_000, "partial_fill 6/10", "")),
        "6",
        "EXPIRED",
    ),
    Row(
        "sor high works 3 s",
        policy("sor", "high"),
        ((2_500, "executing 6/10", ""), (1_000, "partial_fill 6/10", "")),
        "6",
        "EXPIRED",
    ),
    Row(
        "ioc_sweep is one wave",
        policy("ioc_sweep"),
        ((200, "partial_fill 6/10", ""),),
        "6",
        "NO_LIQUIDITY",
    ),
    Row(
        "passive_limit low holds 10 min at the touch",
        policy("passive_limit", "low"),
        (
            (300, "executing 0/10", "10@2324.5"),
            (599_000, "executing 0/10", "10@2324.5"),
            (1_500, "cancelled 0/10", ""),
        ),
        reason="EXPIRED",
    ),
    Row(
        "passive_limit medium holds 2 min",
        policy("passive_limit"),
        ((119_000, "executing 0/10", "10@2324.5"), (1_500, "cancelled 0/10", "")),
        reason="EXPIRED",
    ),
    Row(
        "passive_limit high stands inside for 30 s",
        policy("passive_limit", "high"),
        ((29_000, "executing 0/10", "10@2324.51"), (1_500, "cancelled 0/10", "")),
        reason="EXPIRED",
    ),
    Row(
        "horizon_ms is the time to live",
        policy("passive_limit", horizon_ms=2_000),
        ((1_900, "executing 0/10", "10@2324.5"), (300, "cancelled 0/10", "")),
        reason="EXPIRED",
    ),
    Row("aggressive_chase crosses", policy("aggressive_chase"), ((100, "filled 10/10", ""),)),
    Row(
        "passive_ladder low escalates after 5 min",
        policy("passive_ladder", "low"),
        ((299_000, "executing 0/10", "10@2324.5"), (1_500, "filled 10/10", "")),
    ),
    Row(
        "passive_ladder medium escalates after 1 min",
        policy("passive_ladder"),
        ((59_000, "executing 0/10", "10@2324.5"), (1_500, "filled 10/10", "")),
    ),
    Row(
        "passive_ladder high escalates after 10 s",
        policy("passive_ladder", "high"),
        ((9_000, "executing 0/10", "10@2324.51"), (1_500, "filled 10/10", "")),
    ),
    Row(
        "time_drip low posts",
        policy("time_drip", "low"),
        ((4_900, "executing 0/10", ""), (400, "executing 0/10", "0.0833@2324.5")),
    ),
    Row(
        "time_drip medium crosses a usual spread",
        policy("time_drip"),
        ((1_900, "executing 0/10", ""), (400, "executing 0.1666/10", "")),
    ),
    Row(
        "time_drip high is through in 15 s",
        policy("time_drip", "high"),
        ((600, "executing 0.3333/10", ""), (15_000, "filled 10/10", "")),
    ),
    Row(
        "iceberg shows a part",
        policy("iceberg", display_qty_1e8=2 * 10**8),
        ((300, "executing 0/10", "2@2324.5"),),
    ),
]
TIFS = [
    Row(
        "GTC works until the horizon",
        policy("sor", tif="GTC"),
        ((9_500, "executing 6/10", ""), (1_000, "partial_fill 6/10", "")),
        "6",
        "EXPIRED",
    ),
    Row(
        "GTC with a limit rests",
        policy("sor", tif="GTC", price="2324.00"),
        ((600_000, "executing 0/10", "10@2324"),),
    ),
    Row(
        "IOC takes what is there",
        policy("sor", tif="IOC"),
        ((200, "partial_fill 6/10", ""),),
        "6",
        "NO_LIQUIDITY",
    ),
    Row(
        "IOC with a limit that nobody meets",
        policy("sor", tif="IOC", price="2300.00"),
        ((200, "cancelled 0/10", ""),),
        reason="BEYOND_LIMIT",
    ),
    Row("FOK fills whole", policy("sor", tif="FOK"), ((200, "filled 10/10", ""),), "10"),
    Row(
        "FOK fills nothing where no venue has all",
        policy("sor", tif="FOK"),
        ((200, "cancelled 0/10", ""),),
        "6",
        "fok_not_single_venue",
    ),
]


def resting(world: GraphWorld) -> str:
    """What rests at binance."""
    return " ".join(
        f"{format_qty(qty)}@{format_price(price)}" for _, qty, price in world.resting("binance")
    )


def world_with(depth: str | None = None, venues: tuple[str, ...] = ("binance",)) -> GraphWorld:
    """A world in which binance offers so much."""
    world = GraphWorld(venues)
    if depth is not None:
        world.quote("binance", SPOT, "2324.50", "2325.50", depth)
        world.run(200)
    return world


@pytest.mark.parametrize("row", [*POLICIES, *TIFS], ids=lambda row: row.word)
def test_a_row_of_the_table(row: Row) -> None:
    world = world_with(row.depth)
    graph_id = world.start(graph([node("n", **row.fields)]))
    for ms, expected, rests in row.steps:
        world.run(ms)
        state = world.state(graph_id).nodes["n"]
        assert (shown(state), resting(world)) == (expected, rests), f"after {ms} ms"
    state = world.state(graph_id)
    assert state.nodes["n"].reason == row.reason
    if state.ended:
        # A lone node that its own tif or horizon ended did what was asked.
        assert state.status is GraphStatus.COMPLETED
    assert world.held("binance", SPOT) == state.nodes["n"].filled_qty_1e8


def test_the_table_names_every_policy_and_urgency() -> None:
    used = {(row.fields["policy"], row.fields["urgency"]) for row in POLICIES}
    assert {name for name, _ in used} == set(Policy)
    for name in ("sor", "passive_limit", "passive_ladder", "time_drip"):
        assert {urgency for one, urgency in used if one == name} == set(Urgency)
    assert {row.fields["tif"] for row in TIFS} == {"GTC", "IOC", "FOK"}


def test_sor_splits_over_the_best_venues() -> None:
    world = world_with("6", ("binance", "coinbase"))
    world.quote("coinbase", SPOT, "2324.50", "2325.60", "6")
    world.run(200)
    graph_id = world.start(graph([node("n", **policy("sor"))]), 200)
    assert world.state(graph_id).status is GraphStatus.COMPLETED
    fills = {fill.venue: fill.qty_1e8 // 10**8 for fill in world.fills()}
    assert fills == {"binance": 6, "coinbase": 4}


def test_a_pin_keeps_the_order_at_its_venue() -> None:
    world = world_with("6", ("binance", "coinbase"))
    fields = policy("ioc_sweep", venue="coinbase")
    graph_id = world.start(graph([node("n", **fields)]), 200)
    assert world.state(graph_id).status is GraphStatus.COMPLETED
    assert {fill.venue for fill in world.fills()} == {"coinbase"}


@pytest.mark.parametrize(
    ("urgency", "period_ms"), [("low", 2_000), ("medium", 1_000), ("high", 250)]
)
def test_aggressive_chase_widens_when_the_time_is_up(urgency: str, period_ms: int) -> None:
    world = world_with("6")
    graph_id = world.start(graph([node("n", **policy("aggressive_chase", urgency))]), 100)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 6/10"
    world.quote("binance", SPOT, "2326.50", "2327.50", "6")
    world.run(period_ms - 200)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 6/10"
    world.run(250)
    assert shown(world.state(graph_id).nodes["n"]) == "filled 10/10"


def test_no_policy_goes_past_the_slippage_cap() -> None:
    world = world_with()
    wire = graph([node("n", **policy("aggressive_chase", "high", max_slippage_bps=1))])
    graph_id = world.start(wire, 6_000)
    state = world.state(graph_id).nodes["n"]
    assert (shown(state), state.reason) == ("cancelled 0/10", "EXPIRED")


def test_an_iceberg_shows_the_next_part_when_one_is_taken() -> None:
    world = world_with("1")
    world.add("binance", SPOT, "buy", "50", "2324.00")
    fields = policy("iceberg", display_qty_1e8=2 * 10**8)
    graph_id = world.start(graph([node("n", **fields)]), 300)
    world.trade("binance", SPOT, "sell", "3", "2324.50")
    world.run(1_000)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 2/10"
    assert resting(world) == "2@2324.5"


def test_an_ioc_remainder_fires_on_cancel() -> None:
    world = GraphWorld()
    world.quote("binance", SPOT, "2324.50", "2325.50", "6")
    world.run(200)
    nodes = [
        node("n", **policy("ioc_sweep")),
        node("hedge", "sell", None, symbol=PERP, activation="wait"),
    ]
    graph_id = world.start(graph(nodes, [edge("e0", "n", "hedge", "on_cancel")]), 500)
    state = world.state(graph_id)
    assert state.edges["e0"].fired
    assert shown(state.nodes["hedge"]) == "filled 6/6"


# -- pacing

TWAP = {"uniform": {"num_slices": 10, "interval_ms": 30_000}}


def test_uniform_pacing_is_the_reference_s_eleven_nodes_and_ten_edges() -> None:
    world = world_with()
    answer = world.submit(graph([node("n", qty="1", pacing=TWAP)]))
    assert (answer.reason, answer.node_count, answer.edge_count) == (Reason.NONE, 11, 10)
    world.run(100)
    for k in range(1, 11):
        # The first slice too comes one interval after the start.
        world.run(29_800)
        assert world.state(answer.graph_id).nodes["n"].filled_qty_1e8 == (k - 1) * 10**7
        world.run(200)
        state = world.state(answer.graph_id)
        slices = [shown(state.nodes[f"n_slice_{i}"]) for i in range(1, 11)]
        assert slices == ["filled 0.1/0.1"] * k + ["pending 0/0"] * (10 - k)
    assert world.state(answer.graph_id).status is GraphStatus.COMPLETED
    assert {fill.qty_1e8 for fill in world.fills()} == {10**7}


def test_a_slow_slice_does_not_delay_the_chain() -> None:
    world = world_with("1.2")
    pacing = {"uniform": {"num_slices": 4, "interval_ms": 1_000}}
    graph_id = world.start(graph([node("n", qty="10", pacing=pacing)]), 3_300)
    state = world.state(graph_id)
    assert [shown(state.nodes[f"n_slice_{k}"]) for k in (1, 2, 3, 4)] == [
        "partial_fill 1.2/2.5",
        "cancelled 0/3.8",
        "executing 0/6.3",
        "pending 0/0",
    ]
    world.quote("binance", SPOT, "2324.50", "2325.50", "20")
    world.run(1_500)
    assert shown(world.state(graph_id).nodes["n"]) == "filled 10/10"


def test_after_a_pause_at_most_one_overdue_slice_fires() -> None:
    world = world_with()
    pacing = {"uniform": {"num_slices": 10, "interval_ms": 1_000}}
    graph_id = world.start(graph([node("n", qty="10", pacing=pacing)]), 2_100)
    assert world.state(graph_id).nodes["n"].filled_qty_1e8 == 2 * 10**8
    pause(world, graph_id, 5_000)
    world.run(50)
    assert world.state(graph_id).nodes["n"].fill_count <= 3
    world.run(10_000)
    state = world.state(graph_id)
    assert shown(state.nodes["n"]) == "filled 10/10"
    assert max(fill.qty_1e8 for fill in world.fills()) < 4 * 10**8


def test_vwap_pacing_follows_what_others_trade() -> None:
    world = world_with()
    pacing = {"vwap": {"num_slices": 4, "interval_ms": 1_000}}
    answer = world.submit(graph([node("n", qty="10", pacing=pacing)]))
    assert (answer.node_count, answer.edge_count) == (5, 4)
    for _ in range(4):
        world.trade("binance", SPOT, "sell", "5", "2324.50")
        world.run(1_000)
    world.run(200)
    state = world.state(answer.graph_id)
    assert state.status is GraphStatus.COMPLETED
    assert sum(state.nodes[f"n_slice_{k}"].filled_qty_1e8 for k in range(1, 5)) == 10**9


def test_pov_pacing_is_a_share_of_the_public_volume() -> None:
    world = world_with()
    pacing = {"pov": {"participation_bps": 2_000, "interval_ms": 1_000}}
    graph_id = world.start(graph([node("n", qty="10", pacing=pacing)]), 2_100)
    assert world.state(graph_id).nodes["n"].filled_qty_1e8 == 0
    world.trade("binance", SPOT, "sell", "10", "2324.50")
    world.run(1_000)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 2/10"
    world.run(3_000)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 2/10"
    world.trade("binance", SPOT, "sell", "20", "2324.50")
    world.run(1_100)
    assert shown(world.state(graph_id).nodes["n"]) == "executing 6/10"


def pause(world: GraphWorld, graph_id: str, ms: int) -> None:
    """Paused for so long."""
    world.command(graph_id, GraphCommandKind.PAUSE, reason="lunch")
    world.run(ms)
    world.command(graph_id, GraphCommandKind.RESUME)
