"""Refusals of venues and of risk, and what failures do to a graph, on simulated venues."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from engine.errors import Reason
from engine.model.graph import GraphStatus
from engine.model.risk import AccountLimits
from tests.support.graph_script import PERP, SPOT, edge, graph, node, shown
from tests.support.graph_world import CLIENT, EVENT, KALSHI, SANDBOX, GraphWorld
from venues.simulated.exchange import ExchangeConfig

ETH = 10**8
SECOND_NS = 10**9
GAMMA = "market metadata not yet indexed (gamma)"
VENUES = {"polymarket": EVENT, "kalshi": KALSHI}
TERMINAL = [
    ("METADATA_NOT_INDEXED", GAMMA),
    ("TOO_SMALL", "Size (10) lower than the minimum: 50"),
    ("INVALID_SIGNATURE", "invalid signature"),
]


def refusing(venue: str, text: str) -> GraphWorld:
    """A world whose venue answers every order with this text."""
    if text == "invalid signature":
        return GraphWorld((venue,), config={venue: ExchangeConfig(signature_valid=False)})
    if text == GAMMA:
        world = GraphWorld((venue,))
        later = {world.name_of(venue, VENUES[venue]): world.now_ns + 30 * SECOND_NS}
        change(world, venue, indexed_at_ns=later)
        return world
    return GraphWorld((venue,), sterner={venue: "50"})


def change(world: GraphWorld, venue: str, **habits: Any) -> None:
    """Other habits of a venue from now on."""
    door = world.exchanges[venue].door
    door.config = msgspec.structs.replace(door.config, **habits)


@pytest.mark.parametrize("policy", ["sor", "ioc_sweep", "passive_limit", "aggressive_chase"])
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("reason", "text"), TERMINAL, ids=lambda one: str(one)[:20])
def test_a_terminal_refusal_is_not_tried_again(
    venue: str, policy: str, reason: str, text: str
) -> None:
    world = refusing(venue, text)
    wire = graph([node("n", qty="10", symbol=VENUES[venue], policy=policy)])
    graph_id = world.start(wire, 5_000)
    state = world.state(graph_id)
    assert state.status is GraphStatus.FAILED
    assert shown(state.nodes["n"]) == "rejected 0/10"
    assert state.nodes["n"].reason == f"{reason}: {text}"
    (reject,) = world.rejects(graph_id)
    assert (reject.text, reject.classification, reject.venue) == (text, "terminal", venue)
    assert world.world.ledger.open_grants == 0


def test_gamma_works_once_the_market_is_indexed() -> None:
    world = refusing("polymarket", GAMMA)
    wire = graph([node("n", qty="10", symbol=EVENT)])
    world.start(wire, 31_000)
    again = world.start(wire, 500)
    assert world.state(again).status is GraphStatus.COMPLETED


@pytest.mark.parametrize("policy", ["sor", "passive_limit", "aggressive_chase"])
@pytest.mark.parametrize("venue", VENUES)
def test_429_backs_off_and_the_parent_stays_executing(venue: str, policy: str) -> None:
    habits = ExchangeConfig(places_max=1, places_window_ns=3 * SECOND_NS)
    world = GraphWorld((venue,), config={venue: habits})
    door = world.exchanges[venue].door
    door.window_start_ns, door.window_places = world.now_ns, 1
    graph_id = world.start(graph([node("n", qty="10", symbol=VENUES[venue], policy=policy)]))
    for _ in range(20):
        world.run(100)
        assert shown(world.state(graph_id).nodes["n"]) == "executing 0/10"
    rejects = world.rejects(graph_id)
    assert {(one.code, one.classification) for one in rejects} == {("429", "transient")}
    assert "code: 429" in rejects[0].text
    gaps = [later.ts_ns - first.ts_ns for first, later in itertools.pairwise(rejects)]
    assert len(gaps) >= 2
    assert gaps == sorted(gaps)
    change(world, venue, places_max=0)
    world.run(6_000)
    if policy == "passive_limit":
        bid = 0.41 if venue == "polymarket" else 0.40
        world.trade(venue, VENUES[venue], "sell", "1010", str(bid))
        world.run(500)
    assert world.state(graph_id).status is GraphStatus.COMPLETED
    assert world.held(venue, VENUES[venue]) == 10 * ETH


@pytest.mark.parametrize("seed", range(6))
def test_5xx_is_unknown_until_it_is_looked_up(seed: int) -> None:
    habits = ExchangeConfig(server_error_ppm=10**6)
    world = GraphWorld(("polymarket",), config={"polymarket": habits}, latency_ns=10**8, seed=seed)
    graph_id = world.start(graph([node("n", qty="10", price="0.42", symbol=EVENT)]), 150)
    exchange = world.exchanges["polymarket"]
    taken = len(exchange.by_number)
    change(world, "polymarket", server_error_ppm=0)
    world.run(100)
    # Answered by an error: nobody knows, so what is reserved stays, and nothing is sent again.
    node_state = world.state(graph_id).nodes["n"]
    assert (shown(node_state), node_state.unknown_qty_1e8) == ("executing 0/10", 10 * ETH)
    assert world.world.ledger.reserved_1e9(CLIENT, SANDBOX) > 0
    assert exchange.last_number == 2 + taken
    world.run(2_000)
    events = [one.event for one in world.traces(graph_id)]
    assert ("CHILD_NOT_FOUND" in events) == (not taken)
    assert events.count("CHILD_SENT") == 2 - taken
    assert world.resting("polymarket") == [("buy", 10 * ETH, 420_000_000)]
    (reject,) = world.rejects(graph_id)
    assert (reject.classification, reject.text) == (
        "unknown",
        "service unavailable (code: 503)",
    )
    world.trade("polymarket", EVENT, "sell", "10", "0.42")
    world.run(500)
    assert world.state(graph_id).status is GraphStatus.COMPLETED
    assert world.held("polymarket", EVENT) == 10 * ETH


# -- failure actions

ACTIONS = [
    ("cancel_all", "failed", "cancelled", "cancelled", 4),
    ("pause", "paused", "executing", "pending", 4),
    ("continue", "active", "executing", "pending", 4),
    ("flatten", "failed", "cancelled", "cancelled", 0),
    (None, "paused", "cancelled", "pending", 4),
]


def failing(action: str | None) -> tuple[GraphWorld, str]:
    """`spot` has bought 4, its `hedge` is refused; `other` rests, `later` waits behind it."""
    world = GraphWorld()
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.exchanges["hyperliquid"].door.signature_valid = False
    nodes = [
        node("spot", qty="4"),
        node("other", qty="10", price="2324.00"),
        node("hedge", "sell", None, symbol=PERP, activation="wait"),
        node("later", qty="1", activation="wait"),
    ]
    # The refusal comes once everything else runs.
    edges = [
        edge("e0", "spot", "hedge", {"on_timeout": {"ms": 1_000}}),
        edge("e1", "other", "later", "on_full_fill"),
    ]
    wire = graph(nodes, edges)
    if action is not None:
        wire["risk"] = {"on_failure": {"action": action}}
    world.run(200)
    return world, world.start(wire, 2_000)


@pytest.mark.parametrize(("action", "status", "other", "later", "left"), ACTIONS)
def test_what_a_failed_node_does_to_its_graph(
    action: str | None, status: str, other: str, later: str, left: int
) -> None:
    world, graph_id = failing(action)
    state = world.state(graph_id)
    assert state.nodes["hedge"].status == "rejected"
    found = state.status.value, state.nodes["other"].status, state.nodes["later"].status
    assert found == (status, other, later)
    assert bool(world.resting("binance")) == (action == "continue")
    assert world.held("binance", SPOT) == left * ETH
    assert state.residual_exposure == ({"ETH": left * ETH} if left else {})
    if action != "continue":
        assert state.reason.startswith("NODE_FAILED: node hedge ended rejected")


def test_by_default_a_hedge_goes_on_while_the_rest_stops() -> None:
    world = GraphWorld()
    world.quote("binance", SPOT, "2320.00", "2325.50")
    world.quote("hyperliquid", PERP, "2324.5", "2325.5", "3")
    world.run(200)
    nodes = [
        node("spot", qty="10"),
        node("hedge", "sell", None, symbol=PERP, activation="wait", horizon_ms=60_000),
        node("bad", qty="100", activation="wait", price="2600.00"),
    ]
    edges = [
        edge("e0", "spot", "hedge", "on_full_fill"),
        edge("e1", "spot", "bad", {"on_timeout": {"ms": 1_000}}),
    ]
    graph_id = world.start(graph(nodes, edges), 2_000)
    state = world.state(graph_id)
    assert state.nodes["bad"].status == "rejected"
    assert "PRICE_DEVIATION" in state.nodes["bad"].reason
    assert (state.status, shown(state.nodes["hedge"])) == (GraphStatus.PAUSED, "executing 3/10")
    world.quote("hyperliquid", PERP, "2324.5", "2325.5", "30")
    world.run(2_000)
    assert shown(world.state(graph_id).nodes["hedge"]) == "filled 10/10"


# -- the layers of risk

ADMISSION = [
    ({"admission": {"max_notional_usd": 30_000}}, Reason.NONE),
    ({"admission": {"max_notional_usd": 20_000}}, Reason.NOTIONAL_LIMIT),
    ({"admission": {"max_nodes": 1}}, Reason.NONE),
    ({"admission": {"max_nodes": 0}}, Reason.INVALID_GRAPH),
    ({"admission": {"allowed_venues": ["binance"]}}, Reason.NONE),
    ({"admission": {"allowed_venues": ["kraken"]}}, Reason.BAD_VENUE),
]
PRETRADE = [
    ({"max_order_notional_usd": 20_000}, {}, "NOTIONAL_LIMIT"),
    ({"max_position_qty": 5}, {}, "POSITION_LIMIT"),
    ({"max_price_deviation_bps": 50}, {"price": "2400.00"}, "PRICE_DEVIATION"),
]


@pytest.mark.parametrize(("risk", "expected"), ADMISSION, ids=str)
def test_admission_is_checked_when_the_graph_comes(risk: dict[str, Any], expected: Reason) -> None:
    world = GraphWorld(("binance",))
    answer = world.submit(graph([node("n", qty="10", venue="binance")], risk=risk))
    assert answer.reason is expected, answer.text
    world.run(500)
    assert bool(world.fills()) == (expected is Reason.NONE)


@pytest.mark.parametrize(("limits", "fields", "expected"), PRETRADE, ids=str)
def test_pre_trade_is_checked_before_an_order_leaves(
    limits: dict[str, Any], fields: dict[str, Any], expected: str
) -> None:
    world = GraphWorld(("binance",))
    wire = graph([node("n", qty="10", **fields)], risk={"pretrade": limits})
    graph_id = world.start(wire, 500)
    state = world.state(graph_id)
    assert (state.status, state.nodes["n"].status) == (GraphStatus.FAILED, "rejected")
    assert state.nodes["n"].reason.startswith(f"{expected}: ")
    assert world.exchanges["binance"].last_number == 2


def test_max_quote_age_sends_nothing_on_an_old_book() -> None:
    world = GraphWorld(("binance",), account=AccountLimits(quote_age_max_ms=3_000))
    risk = {"pretrade": {"max_quote_age_ms": 1}}
    graph_id = world.start(graph([node("n", qty="10")], risk=risk), 11_000)
    state = world.state(graph_id).nodes["n"]
    assert shown(state) == "cancelled 0/10"
    assert "no book is younger than 1 ms" in state.reason


@pytest.mark.parametrize(
    ("runtime", "reason"),
    [
        ({"max_loss_usd": 1_000}, "LOSS_LIMIT"),
        ({"max_unhedged_qty": 5}, "UNHEDGED_LIMIT"),
        ({"max_unhedged_qty": 50, "max_unhedged_ms": 2_000}, "UNHEDGED_LIMIT"),
    ],
    ids=str,
)
def test_runtime_limits_act_while_the_graph_runs(runtime: dict[str, Any], reason: str) -> None:
    world = GraphWorld(("binance",))
    nodes = [node("spot", qty="10"), node("other", qty="1", price="2000.00")]
    risk = {"runtime": runtime, "on_failure": {"action": "flatten"}}
    graph_id = world.start(graph(nodes, risk=risk), 100)
    world.quote("binance", SPOT, "2200.00", "2201.00")
    world.run(5_000)
    state = world.state(graph_id)
    assert state.reason.startswith(f"{reason}: ")
    assert state.nodes["other"].status == "cancelled"
    assert world.held("binance", SPOT) == 0
    assert state.residual_exposure == {}


def test_a_venue_that_refuses_for_good_is_left_out() -> None:
    world = GraphWorld(("binance", "coinbase"))
    world.exchanges["coinbase"].door.signature_valid = False
    world.quote("binance", SPOT, "2324.50", "2325.50", "6")
    world.quote("coinbase", SPOT, "2324.50", "2325.60", "6")
    world.run(200)
    graph_id = world.start(graph([node("n", qty="10", price="2325.60")]), 5_000)
    assert len(world.rejects(graph_id)) == 1
    assert world.resting("binance") == [("buy", 4 * 10**8, 2_325_600_000_000)]
