"""Orders as drawn: mixed, on the grid, and never two of a symbol at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest

from engine.errors import RuntimeFault
from engine.messages import Subscribe
from engine.model.records import JournalEntry
from engine.service.calibration.orders import (
    CLIENT,
    POLICIES,
    SHARE_MAX,
    SHARE_MIN,
    EndWatch,
    Lane,
    check_sound,
    draw_order,
)
from tests.support.graph_world import GraphWorld

ONE = 10**8


def lane_over(world: GraphWorld, seed: int = 1) -> Lane:
    lane = Lane(world.driver, world.world, "ETH-USD", Random(seed), "lane")
    world.driver.tell(world.world.stream, Subscribe(EndWatch([lane]), None, None))
    return lane


def test_every_policy_urgency_and_side_comes() -> None:
    rng = Random(1)
    drawn = [draw_order(rng) for _ in range(600)]
    assert len(Counter((one.policy, one.urgency, one.side) for one in drawn)) == len(POLICIES) * 6
    shares = [one.share for one in drawn]
    assert SHARE_MIN <= min(shares) < 0.03
    assert 1.0 < max(shares) <= SHARE_MAX
    assert [draw_order(Random(5)) for _ in range(3)] == [draw_order(Random(5)) for _ in range(3)]


def test_orders_of_a_lane_follow_each_other() -> None:
    world = GraphWorld(("binance", "coinbase"))
    lane = lane_over(world)
    most = 0
    for _ in range(900):
        lane.turn()
        world.run(100)
        working = [one for one in world.orders(CLIENT) if not one.status.terminal]
        most = max(most, len(working))
        assert lane.free or lane.open_graph is not None
    assert most == 1
    assert lane.submitted >= 10
    assert lane.refused == 0, lane.why
    ends = sorted((row.created_ns, row.updated_ns) for row in world.orders(CLIENT, limit=500))
    assert all(b[0] > a[1] for a, b in pairwise(ends))


def test_sizes_are_a_share_of_what_stands_near_on_the_lot() -> None:
    world = GraphWorld(("binance",))
    lane = lane_over(world)
    market = lane.market
    rng = Random(3)
    for _ in range(50):
        drawn = draw_order(rng)
        qty = lane.quantity(drawn)
        assert qty % market.listings[0].lot_1e8 == 0
        assert qty <= 600 * ONE
        assert abs(qty - min(drawn.share * 1_000, 600) * ONE) <= ONE


def test_a_market_without_a_side_is_waited_for() -> None:
    world = GraphWorld(("binance",))
    lane = lane_over(world)
    world.quote("binance", "ETH-USD", None, "2325.50")
    world.run(500)
    lane.turn()
    assert lane.submitted == 0
    world.quote("binance", "ETH-USD", "2324.50", "2325.50")
    world.run(500)
    lane.turn()
    assert lane.submitted == 1


def test_a_refused_order_is_counted_and_the_next_one_comes() -> None:
    world = GraphWorld(("binance",))
    world.world.switch.kill(True, "planted")
    lane = lane_over(world)
    lane.turn()
    assert (lane.refused, lane.free) == (1, True)
    assert "planted" in lane.why


def test_a_scorer_that_fails_is_no_silence() -> None:
    class Broken:
        def deliver(self, entries: Sequence[JournalEntry]) -> bool:
            raise KeyError(entries[0].seq)

    world = GraphWorld()
    lane = lane_over(world)
    world.driver.tell(world.world.stream, Subscribe(Broken(), None, None))
    check_sound(world.system)
    lane.turn()
    world.driver.run_for(10**9)
    with pytest.raises(RuntimeFault, match="stream failed: KeyError"):
        check_sound(world.system)
