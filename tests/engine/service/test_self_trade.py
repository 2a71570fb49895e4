"""Two graphs at one venue account: what one rests, the other neither plans to take nor takes."""

from __future__ import annotations

from engine.decisions.decision_record import redo
from engine.errors import Reason
from engine.intelligence.audit import Inputs
from engine.intelligence.forecast import Forecast, forecast
from engine.messages import GraphCommandKind, SubmitAnswer, SubmitGraph
from engine.model.graph import Graph
from engine.model.native import NativeVerbs
from engine.model.records import DecisionRecord
from engine.service.intelligence.estimates import Estimates
from engine.service.wiring import World
from engine.store.queries import Queries, decision_record
from tests.support.crash_shapes import DOLLAR, ONE, eth, press, single
from tests.support.crash_world import CLIENT, SANDBOX, Life
from tests.support.graph_script import SPOT, graph, node, shown
from tests.support.graph_world import GraphWorld
from venues.simulated.exchange import ExchangeConfig

OTHER = "another_client"
INSIDE = 2_325 * DOLLAR
ASK = INSIDE + DOLLAR // 2
DEEP = 1_000 * ONE
EDITS = {"coinbase": ExchangeConfig(native=NativeVerbs(decrease=True, amend=True))}


def offered(qty: str = "5", *venues: str) -> tuple[GraphWorld, str]:
    """Both venues quote 2324.50 / 2325.50, 1,000 each; a graph offers at 2325.00 (coinbase)."""
    world = GraphWorld(venues or ("binance", "coinbase"), config=EDITS)
    world.run(1_000)
    wire = graph([node("rests", "sell", qty, price="2325.00")])
    graph_id = world.start(wire, 500)
    assert rests(world) == [(int(qty) * ONE, INSIDE)]
    return world, graph_id


def rests(world: GraphWorld) -> list[tuple[int, int]]:
    """What rests to be sold: (quantity left, price), over all venues."""
    found = [one for venue in world.exchanges for one in world.resting(venue)]
    return [(left, price) for side, left, price in found if side == "sell"]


def take(world: GraphWorld, qty: str, **fields: str) -> str:
    """Another client's graph that buys."""
    return world.start(graph([node("takes", "buy", qty, **fields)]), 300, client=OTHER)


def taken(world: GraphWorld) -> list[tuple[int, int]]:
    """That client's fills, newest first."""
    return [(fill.qty_1e8, fill.price_1e9) for fill in world.fills(OTHER)]


def buying(world: World, now_ns: int) -> Forecast:
    """The forecast of buying a little."""
    picture = Estimates(world)._picture(SPOT)
    assert picture is not None
    picture.look(0, now_ns)
    return forecast(picture, ONE // 10)


def visible(world: World, now_ns: int) -> int:
    book = buying(world, now_ns).book
    assert book is not None
    return book.visible_qty_1e8


def decisions(queries: Queries, client: str) -> list[DecisionRecord]:
    """Every decision as it comes back from the store, newest first; each is redone."""
    found = [decision_record(row) for row in queries.decisions(client, SANDBOX, last_n=100)]
    for record in found:
        told = tuple((leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in redo(record))
        assert told == record.legs
    return found


def test_the_best_price_is_ours_and_another_client_buys_behind_it() -> None:
    world, resting_id = offered()
    market = world.world.markets[SPOT]
    assert (min(market.best_ask), market.best(1)) == (INSIDE, INSIDE), "the book shows it"
    assert visible(world.world, world.now_ns) == 2 * DEEP
    graph_id = take(world, "3")
    assert shown(world.state(graph_id, OTHER).nodes["takes"]) == "filled 3/3"
    assert taken(world) == [(3 * ONE, ASK)]
    assert rests(world) == [(5 * ONE, INSIDE)]
    assert shown(world.state(resting_id).nodes["rests"]) == "executing 0/5"
    (record,) = decisions(world.queries, OTHER)
    (place,) = [v for v, top in enumerate(market.best_ask) if top == INSIDE]
    assert Inputs(record).levels[place] == [], "of what it looked at there nothing was left"


def test_what_was_partly_filled_counts_with_its_rest_and_what_is_cancelled_no_more() -> None:
    world, resting_id = offered()
    world.add("coinbase", SPOT, "sell", "2", "2325.00")
    world.run(200)
    assert visible(world.world, world.now_ns) == 2 * DEEP + 2 * ONE
    world.trade("coinbase", SPOT, "buy", "4", "2325.00")
    world.run(200)
    assert rests(world) == [(ONE, INSIDE)]
    assert visible(world.world, world.now_ns) == 2 * DEEP + 2 * ONE
    (own,) = world.world.markets[SPOT].own.orders.values()
    assert own.qty_1e8 == ONE
    world.command(resting_id, GraphCommandKind.CANCEL)
    world.run(300)
    assert (rests(world), world.world.markets[SPOT].own.orders) == ([], {})
    graph_id = take(world, "1")
    assert shown(world.state(graph_id, OTHER).nodes["takes"]) == "filled 1/1"
    assert taken(world) == [(ONE, INSIDE)]
    assert decisions(world.queries, OTHER)[0].est_cost_bps < buying_cost_behind(world)


def buying_cost_behind(world: GraphWorld) -> float:
    """Estimated cost of a decision that had to go behind 2325.00."""
    take(world, "5")
    return decisions(world.queries, OTHER)[0].est_cost_bps


def test_a_native_amendment_moves_what_is_left_out() -> None:
    world, resting_id = offered()
    answer = world.amend(resting_id, "rests", limit_1e9=INSIDE + DOLLAR // 4)
    assert answer.mode == "native_amend"
    world.run(300)
    own = world.world.markets[SPOT].own
    (place,) = [v for v in (0, 1) if own.best(v, 1)]
    assert own.best(place, 1) == [(INSIDE + DOLLAR // 4, 5 * ONE)]
    world.amend(resting_id, "rests", qty_1e8=2 * ONE)
    world.run(300)
    assert own.best(place, 1) == [(INSIDE + DOLLAR // 4, 2 * ONE)]
    assert visible(world.world, world.now_ns) == 2 * DEEP


def test_with_nothing_but_our_own_liquidity_an_order_waits() -> None:
    world, _ = offered()
    for venue in ("binance", "coinbase"):
        world.quote(venue, SPOT, "2324.50", None)
    world.run(300)
    seen = buying(world.world, world.now_ns)
    assert seen.expected_cost_bps is None
    assert "no venue that may be used shows asks" in seen.missing
    graph_id = take(world, "3", policy="ioc_sweep")
    state = world.state(graph_id, OTHER).nodes["takes"]
    assert (shown(state), state.reason) == ("cancelled 0/3", "NO_LIQUIDITY")
    waiting = take(world, "3")
    world.run(1_000)
    assert shown(world.state(waiting, OTHER).nodes["takes"]) == "executing 0/3"
    attempts = len(decisions(world.queries, OTHER))
    world.run(3_000)
    assert len(decisions(world.queries, OTHER)) == attempts, "our own offer wakes nobody"
    world.quote("binance", SPOT, "2324.50", "2325.50")
    world.run(2_000)
    assert shown(world.state(waiting, OTHER).nodes["takes"]) == "filled 3/3"
    assert taken(world) == [(3 * ONE, ASK)]


def test_what_others_offer_behind_us_wakes_who_waits() -> None:
    """The best price of the venue does not move with it: it is ours."""
    world, _ = offered()
    for venue in ("binance", "coinbase"):
        world.quote(venue, SPOT, "2324.50", None)
    world.run(300)
    graph_id = take(world, "3")
    world.run(1_000)
    world.add("coinbase", SPOT, "sell", "3", "2325.50")
    world.run(1_000)
    assert shown(world.state(graph_id, OTHER).nodes["takes"]) == "filled 3/3"
    assert taken(world) == [(3 * ONE, ASK)]


def test_a_chase_starts_behind_our_own_offer() -> None:
    world, _ = offered()
    graph_id = take(world, "3", policy="aggressive_chase", urgency="low")
    assert shown(world.state(graph_id, OTHER).nodes["takes"]) == "filled 3/3"
    assert taken(world) == [(3 * ONE, ASK)]
    assert rests(world) == [(5 * ONE, INSIDE)]


def test_through_our_own_level_the_venue_ends_what_rests_and_its_policy_posts_it_anew() -> None:
    """Prices of one venue trade in order, so a pinned sweep meets what rests before it."""
    world, resting_id = offered()
    graph_id = take(world, "3", venue="coinbase")
    assert shown(world.state(graph_id, OTHER).nodes["takes"]) == "filled 3/3"
    assert taken(world) == [(3 * ONE, ASK)]
    assert not world.fills(), "no self trade"
    codes = [one.code for one in world.traces(resting_id) if one.event == "CHILD_CANCELLED"]
    assert codes == ["self_trade_prevention"]
    world.run(2_000)
    assert shown(world.state(resting_id).nodes["rests"]) == "executing 0/5"
    assert rests(world) == [(5 * ONE, INSIDE)]
    decisions(world.queries, OTHER)


def test_two_limit_orders_that_cross_at_one_venue_do_not_end_each_other() -> None:
    world, resting_id = offered("5", "binance")
    graph_id = take(world, "4", price="2325.20")
    for _ in range(5):
        world.run(5_000)
        assert world.resting("binance") == [("sell", 5 * ONE, INSIDE)]
    assert shown(world.state(graph_id, OTHER).nodes["takes"]) == "executing 0/4"
    world.command(resting_id, GraphCommandKind.CANCEL)
    world.run(40_000)
    assert world.resting("binance") == [("buy", 4 * ONE, INSIDE + DOLLAR // 5)]
    assert not world.fills() and not world.fills(OTHER)


def test_after_a_restart_what_rests_is_ours_again() -> None:
    """Others take 0.4 of 1; then the engine is dropped, and another one finds the rest."""
    limit = 2_000 * DOLLAR + DOLLAR // 2
    shape = single("offer", side="sell", limit_1e9=limit, static=False, others=(press(0.4),))
    sites = shape.sites()
    first = Life(sites, shape.graph, (), seed=1)
    assert first.run_until(first.driver.now_ns + 100_000_000)
    first.submit()
    assert first.run_until(first.driver.now_ns + 3 * DOLLAR)
    left = ONE * 6 // 10
    assert first.world.markets[SPOT].own.best(0, 1) == [(limit, left)]
    late = first.under_way(first.driver.random)
    entries, now_ns = first.entries, first.driver.now_ns
    first.close()
    second = Life(
        sites, shape.graph, (), seed=2, now_ns=now_ns, entries=entries, late=late, number=2
    )
    market = second.world.markets[SPOT]
    assert not market.own.orders
    assert second.run_until(now_ns + 2 * DOLLAR)
    assert market.best_ask[0] == limit, "the book shows it"
    assert market.own.best(0, 1) == [(limit, left)]
    taker = Graph(nodes=(eth("b", qty=0.7, policy="ioc_sweep"),), graph_id="g_taker")
    answer = second.driver.ask(
        second.world.registry, lambda reply: SubmitGraph(reply, OTHER, SANDBOX, taker)
    )
    assert second.run_until(second.driver.now_ns + DOLLAR)
    assert isinstance(answer.value, SubmitAnswer)
    assert answer.value.reason is Reason.NONE
    second.store.commit(second.sink.all())
    (record,) = decisions(second.queries, OTHER)
    assert [qty for _, qty, _ in record.legs] == [ONE // 2, ONE // 5], "the rungs behind"
    fills = second.queries.fills(OTHER, SANDBOX).rows
    assert sum(fill.qty_1e8 for fill in fills) == 7 * ONE // 10
    assert min(fill.price_1e9 for fill in fills) > limit
    ours = second.queries.fills(CLIENT, SANDBOX).rows
    assert sum(fill.qty_1e8 for fill in ours) == ONE - left
    second.close()
