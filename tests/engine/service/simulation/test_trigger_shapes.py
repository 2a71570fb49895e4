"""Random triggers: gates that can hold, prices near enough to be reached."""

from __future__ import annotations

import random

from engine.model.graph import Trigger
from engine.service.simulation.node_shapes import draw_node, start_1e9
from engine.service.simulation.trigger_shapes import draw_trigger, price_trigger
from venues.simulated.catalogue import sandbox_listings

LISTINGS = sandbox_listings(events=False)


def test_gates_leave_room_and_ratios_have_one() -> None:
    plain = set()
    for seed in range(400):
        rng = random.Random(seed)
        nodes = [draw_node(rng, rng.choice(LISTINGS), LISTINGS, f"n{k}") for k in range(2)]
        trigger, condition = draw_trigger(rng, nodes, 0, nodes[1])
        if isinstance(trigger, str):
            plain.add(trigger)
        if trigger == "on_fill_ratio":
            assert condition is not None
            assert condition.fill_ratio_gte
        if condition is not None and condition.fill_ratio_gte and condition.fill_ratio_lt:
            assert condition.fill_ratio_gte < condition.fill_ratio_lt
    assert len(plain) == 7


def test_a_relative_price_needs_a_source_that_trades_the_symbol() -> None:
    eth, btc = (next(x for x in LISTINGS if x.instrument.base == base) for base in ("ETH", "BTC"))
    seen = 0
    for seed in range(300):
        rng = random.Random(seed)
        nodes = [draw_node(rng, eth, LISTINGS, "a"), draw_node(rng, btc, LISTINGS, "b")]
        trigger, _ = draw_trigger(rng, nodes, 0, nodes[1])
        if isinstance(trigger, Trigger) and trigger.on_price is not None:
            seen += 1
            assert trigger.on_price.reference is None
            assert trigger.on_price.symbol == btc.instrument.symbol
    assert seen


def test_prices_stand_within_a_few_basis_points() -> None:
    listing = LISTINGS[0]
    for seed in range(100):
        price = price_trigger(random.Random(seed), listing, above=True).on_price
        assert price is not None
        assert price.direction == "above"
        if price.price_1e9 is None:
            assert price.offset_pct is not None
            assert abs(price.offset_pct) <= 1
        else:
            assert price.offset_pct is None
            away = abs(price.price_1e9 - start_1e9(listing)) * 10_000
            assert away <= 9 * start_1e9(listing)
