"""The estimate behind a forecast, on books that can be walked by hand."""

from __future__ import annotations

import pytest

from engine.model.graph import (
    Execution,
    FixedAmount,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    Policy,
    Quantity,
    Urgency,
)
from engine.model.instruments import InstrumentType
from engine.model.units import Side
from engine.service.intelligence.estimates import Estimates
from tests.support.graph_world import EVENT, GraphWorld

ONE = 10**8


def node(symbol: str = "ETH-USD", side: str = "buy", **changes: object) -> Node:
    how = {"policy": Policy.SOR, "urgency": Urgency.MEDIUM}
    fields: dict[str, object] = {
        "node_id": "n",
        "instrument": NodeInstrument(symbol=symbol),
        "side": side,
        "quantity": Quantity(fixed=FixedAmount(qty_1e8=ONE)),
        "execution": Execution(**how),  # type: ignore[arg-type]  # words of the enums
    }
    return Node(**{**fields, **changes})  # type: ignore[arg-type]  # checked by msgspec's users


def test_a_sweep_is_books_and_fee_and_its_prior_stands_around_it() -> None:
    world = GraphWorld(("binance",), latency_ns=60_000_000)
    world.run(3_000)
    made = Estimates(world.world).at_start(node(), ONE, world.now_ns)
    assert made.estimate is not None
    landed = 0.5 / 2325 * 1e4 + 10 * 2325.5 / 2325
    assert made.walk_bps == pytest.approx(landed, abs=1e-6)
    assert made.estimate.sweep_bps == made.walk_bps
    # The router's own latency term is all that stands between the two.
    assert 0 < made.estimate.base_bps - made.walk_bps < 0.5
    assert made.estimate.spread_bps > 0
    assert made.estimate.bucket.name == "wide/sor/small/medium"
    assert (made.mid_x2, made.estimate.unit_bps) == (4650 * 10**9, 1.0)
    # Until orders have been answered the catalogue's prior of the venue stands.
    assert made.latency_ns == 20_000_000


def test_a_resting_order_has_another_base_over_the_same_sweep() -> None:
    world = GraphWorld(("binance",))
    world.run(3_000)
    how = Execution(policy=Policy.PASSIVE_LIMIT, urgency=Urgency.LOW, horizon_ms=60_000)
    made = Estimates(world.world).at_start(node(execution=how), 900 * ONE, world.now_ns)
    assert made.estimate is not None
    assert made.estimate.base_bps != pytest.approx(made.walk_bps, abs=0.1)
    assert made.estimate.bucket.name == "wide/passive_limit/large/low"


def test_events_are_counted_in_cents() -> None:
    world = GraphWorld(("polymarket",))
    world.run(3_000)
    one = node(EVENT, instrument=NodeInstrument(symbol=EVENT, type=InstrumentType.PREDICTION))
    made = Estimates(world.world).at_start(one, 10 * ONE, world.now_ns)
    assert made.estimate is not None
    assert made.estimate.bucket.liquidity == "event"
    # One cent of a mid of 42 cents.
    assert made.estimate.unit_bps == pytest.approx(1e4 / 42)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"order_type": LimitOrder(limit=LimitPrice(price_1e9=10**12))}, "limit price"),
        ({"instrument": NodeInstrument(symbol="DOGE-USD")}, "not listed"),
        ({"instrument": NodeInstrument(symbol="ETH-USD", venue="kraken")}, "no venue that may"),
    ],
)
def test_what_cannot_be_estimated_says_why(changes: dict[str, object], why: str) -> None:
    world = GraphWorld(("binance",))
    world.run(3_000)
    made = Estimates(world.world).at_start(node(**changes), ONE, world.now_ns)
    assert made.estimate is None
    assert why in made.why


def test_more_than_the_books_show_has_no_estimate_and_no_rest_price() -> None:
    world = GraphWorld(("binance",))
    world.run(3_000)
    estimates = Estimates(world.world)
    assert "books show only" in estimates.at_start(node(), 2_000 * ONE, world.now_ns).why
    assert estimates.rest_price("ETH-USD", Side.BUY, 2_000 * ONE, world.now_ns) is None
    assert estimates.rest_price("DOGE-USD", Side.BUY, ONE, world.now_ns) is None


def test_a_rest_is_priced_as_a_taker_and_dust_at_the_touch() -> None:
    world = GraphWorld(("binance",))
    world.run(3_000)
    world.add("binance", "ETH-USD", "sell", "1", "2325.00")
    world.run(500)
    estimates = Estimates(world.world)
    found = estimates.rest_price("ETH-USD", Side.BUY, 2 * ONE, world.now_ns)
    assert found == pytest.approx((2325.0 + 2325.5) / 2 * 1.001 * 1e9, rel=1e-9)
    dust = estimates.rest_price("ETH-USD", Side.BUY, 10, world.now_ns)
    assert dust == pytest.approx(2325.0 * 1.001 * 1e9, rel=1e-9)
    sold = estimates.rest_price("ETH-USD", Side.SELL, ONE, world.now_ns)
    assert sold == pytest.approx(2324.5 * 0.999 * 1e9, rel=1e-9)
