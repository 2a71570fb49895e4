"""Random triggers of every kind, with the gates that go with them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

from engine.model.graph import (
    Condition,
    Node,
    PlainTrigger,
    PriceTrigger,
    TimeoutTrigger,
    Trigger,
)
from engine.model.instruments import Listing
from engine.model.units import floor_to
from engine.service.simulation.node_shapes import DOLLAR_1E9, start_1e9
from venues.simulated.catalogue import STARTS_1E9

__all__ = ["AnyTrigger", "draw_trigger", "price_trigger"]

AnyTrigger = PlainTrigger | Trigger
Drawn = tuple[AnyTrigger, Condition | None]

PLAIN: tuple[PlainTrigger, ...] = (
    "on_accepted",
    "on_first_fill",
    "on_fill",
    "on_full_fill",
    "on_cancel",
    "on_done",
)
THRESHOLDS = (Decimal("0.01"), Decimal("0.25"), Decimal("0.5"), Decimal(1))
NEAR_BPS = (-8, -3, -1, 1, 3, 8)
NEAR_PCT = tuple(Decimal(bps) / 100 for bps in NEAR_BPS)
TIMEOUTS_MS = (1, 100, 700, 2_500)
HOLDS_MS = (0, 0, 0, 300)


def draw_trigger(rng: random.Random, nodes: Sequence[Node], source: int, target: Node) -> Drawn:
    """Any trigger from `nodes[source]` to `target`, gated at times."""
    kind = rng.randrange(10)
    if kind == 0:
        return "on_fill_ratio", Condition(fill_ratio_gte=rng.choice(THRESHOLDS))
    if kind <= 2:
        timeout = Trigger(on_timeout=TimeoutTrigger(ms=rng.choice(TIMEOUTS_MS)))
        return timeout, draw_gate(rng)
    if kind <= 4:
        return price_between(rng, nodes, source, target), draw_gate(rng)
    return rng.choice(PLAIN), draw_gate(rng)


def draw_gate(rng: random.Random) -> Condition | None:
    """Mostly none; from a ratio on, below a ratio, or between two."""
    if rng.random() < 0.7:
        return None
    low, high = sorted(rng.sample(THRESHOLDS, 2))
    return rng.choice(
        (
            Condition(fill_ratio_gte=low),
            Condition(fill_ratio_lt=high),
            Condition(fill_ratio_gte=low, fill_ratio_lt=high),
        )
    )


def price_between(rng: random.Random, nodes: Sequence[Node], source: int, target: Node) -> Trigger:
    """A price of the target's instrument, from its entry where one can be told, else absolute."""
    symbol = target.instrument.symbol
    if nodes[source].instrument.symbol == symbol and rng.random() < 0.6:
        return Trigger(on_price=relative(rng, symbol, above=rng.random() < 0.5))
    base = symbol.partition("-")[0]
    return Trigger(on_price=absolute(rng, symbol, STARTS_1E9[base], above=rng.random() < 0.5))


def price_trigger(rng: random.Random, listing: Listing, *, above: bool) -> Trigger:
    """A price of a listing's instrument behind a node that trades it."""
    symbol = listing.instrument.symbol
    if rng.random() < 0.6:
        return Trigger(on_price=relative(rng, symbol, above=above))
    return Trigger(on_price=absolute(rng, symbol, start_1e9(listing), above=above))


def relative(rng: random.Random, symbol: str, *, above: bool) -> PriceTrigger:
    """So many percent from the entry's average price; near enough to be reached in a run."""
    return PriceTrigger(
        symbol=rng.choice((None, symbol)),
        direction="above" if above else "below",
        reference="graph_entry_price",
        offset_pct=rng.choice(NEAR_PCT),
        hold_ms=rng.choice(HOLDS_MS),
    )


def absolute(rng: random.Random, symbol: str, price_1e9: int, *, above: bool) -> PriceTrigger:
    """A stated price."""
    away = rng.choice(NEAR_BPS)
    grid = DOLLAR_1E9 // 100
    return PriceTrigger(
        symbol=symbol,
        direction="above" if above else "below",
        price_1e9=floor_to(price_1e9 * (10_000 + away) // 10_000, grid),
        source=rng.choice(("mid", "mid", "bid", "ask")),
        hold_ms=rng.choice(HOLDS_MS),
    )
