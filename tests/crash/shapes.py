"""Graph shapes for crash tests, each with its books, its clients' commands and what others do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from engine.messages import GraphCommandKind
from engine.model.native import NativeVerbs
from engine.model.risk import KillScope
from engine.model.terms import Terms
from tests.support.crash_shapes import (
    DOLLAR,
    ONE,
    PERP,
    SPOT,
    Shape,
    drop_market,
    eth,
    pacing,
    press,
    price,
    prints,
    single,
    timeout,
)
from tests.support.crash_world import CLIENT, Act
from tests.support.graphs import edge

__all__ = ["SHAPES"]

LIMIT_LOW = 1_999 * DOLLAR + DOLLAR // 2
EDITS = NativeVerbs(decrease=True, amend=True)
RESTS = {"venue": "north"}


def singles() -> list[Shape]:
    """One node, every policy and pacing."""
    uniform = {"num_slices": 4, "interval_ms": 300}
    return [
        single("market", qty=2.2),
        single("market_small", qty=0.1, venue="south"),
        single("notional", quantity={"notional": {"usd_1e9": 1_500 * DOLLAR}}),
        single("sweep", qty=2.0, policy="ioc_sweep"),
        single("sweep_too_much", qty=4.0, policy="ioc_sweep", limit_1e9=2_002 * DOLLAR),
        single("fok", qty=1.5, execution={"tif": "FOK"}),
        single("ioc_limit", qty=3.0, limit_1e9=2_001_500_000_000, execution={"tif": "IOC"}),
        single("limit", limit_1e9=LIMIT_LOW, static=False, others=(press(1.0),), **RESTS),
        single(
            "limit_crossing",
            qty=1.4,
            limit_1e9=2_001_500_000_000,
            static=False,
            others=(press(9.0),),
            **RESTS,
        ),
        single("passive", policy="passive_limit", static=False, others=(press(9.0),), **RESTS),
        single("chase", policy="aggressive_chase", static=False, others=(press(0.5),)),
        single("ladder", policy="passive_ladder", static=False, others=(press(9.0),), **RESTS),
        single(
            "drip",
            policy="time_drip",
            static=False,
            others=(press(9.0),),
            execution={"horizon_ms": 40_000},
            **RESTS,
        ),
        single(
            "iceberg",
            policy="iceberg",
            limit_1e9=LIMIT_LOW,
            static=False,
            others=(press(9.0),),
            execution={"display_qty_1e8": ONE // 5},
            **RESTS,
        ),
        single("twap", qty=1.2, execution=pacing(uniform=uniform)),
        single("vwap", qty=1.2, static=False, others=prints(), execution=pacing(vwap=uniform)),
        single(
            "pov",
            qty=0.6,
            static=False,
            others=prints(),
            execution=pacing(pov={"participation_bps": 1_000, "interval_ms": 300}),
        ),
    ]


THREE = ("north", "south", "west")
REST = eth("a", limit_1e9=LIMIT_LOW, **RESTS)


def hedges() -> list[Shape]:
    """Nodes that follow what others fill."""
    hedge = eth("b", "sell", None, symbol=PERP)
    crossing = press(1.0, at_ms=800, each=0.3)
    return [
        Shape(
            name="hedge_half",
            nodes=(REST, eth("b", "sell", 0.5, symbol=PERP)),
            edges=(edge("a", "b", trigger="on_fill_ratio", condition={"fill_ratio_gte": "0.5"}),),
            venues=THREE,
            others=(crossing,),
            static=False,
        ),
        Shape(
            name="hedge_streaming",
            nodes=(REST, hedge),
            edges=(edge("a", "b", trigger="on_fill"),),
            venues=THREE,
            others=(crossing,),
            static=False,
        ),
        Shape(
            name="hedge_of_takes",
            nodes=(eth("a", qty=2.2), hedge),
            edges=(edge("a", "b", trigger="on_fill"),),
            venues=THREE,
        ),
        Shape(
            name="snapshot",
            nodes=(eth("a", qty=0.4, **RESTS), hedge),
            edges=(edge("a", "b", trigger="on_first_fill", sizing={"of": "snapshot"}),),
            venues=THREE,
        ),
        Shape(
            name="accepted",
            nodes=(REST, eth("b", "sell", 0.4, symbol=PERP)),
            edges=(edge("a", "b", trigger="on_accepted"),),
            venues=THREE,
            others=(press(1.0, at_ms=1_000),),
            static=False,
        ),
        Shape(
            name="chain",
            nodes=(eth("a"), eth("b", "sell", None), eth("c", "buy", 0.3)),
            edges=(edge("a", "b"), edge("b", "c")),
        ),
        Shape(
            name="join_all",
            nodes=(
                eth("a", qty=0.7, venue="north"),
                eth("b", qty=0.6, venue="south"),
                eth("c", "sell", None, join="all"),
            ),
            edges=(edge("a", "c"), edge("b", "c")),
        ),
    ]


def exits() -> list[Shape]:
    """Nodes that wait for a time or a price, and exits that share one position."""
    stops = (
        eth("a", qty=0.8),
        eth("tp", "sell", 0.8, limit_1e9=2_020 * DOLLAR),
        eth("sl", "sell", 0.8),
    )
    bracket = (
        edge("a", "tp", trigger="on_first_fill"),
        edge("a", "sl", trigger=price("below", 1_995)),
        edge("tp", "sl", trigger="on_fill", action="reduce"),
        edge("sl", "tp", trigger="on_fill", action="reduce"),
    )
    return [
        Shape(
            name="escalate",
            nodes=(REST, eth("b", "buy", None)),
            edges=(
                edge(
                    "a",
                    "b",
                    trigger=timeout(3_000),
                    condition={"fill_ratio_lt": "1"},
                    sizing={"of": "unfilled"},
                ),
            ),
            others=(press(0.4, each=0.2),),
            static=False,
        ),
        Shape(
            name="stop",
            nodes=(eth("a", qty=0.8), eth("b", "sell", 0.8)),
            edges=(edge("a", "b", trigger=price("below", 1_995)),),
            others=drop_market(2_500),
            static=False,
        ),
        Shape(
            name="bracket_stopped",
            nodes=stops,
            edges=bracket,
            others=drop_market(2_500),
            static=False,
        ),
        Shape(
            name="bracket_taken",
            nodes=(stops[0], eth("tp", "sell", 0.8, limit_1e9=2_003 * DOLLAR, **RESTS), stops[2]),
            edges=bracket,
            others=(press(0.8, at_ms=2_000, each=0.3),),
            static=False,
        ),
    ]


def endings() -> list[Shape]:
    """What follows a cancel, a refusal or a failure."""
    return [
        Shape(
            name="on_cancel",
            nodes=(REST, eth("b", qty=0.4)),
            edges=(edge("a", "b", trigger="on_cancel"),),
            acts=(Act(1_500, GraphCommandKind.CANCEL_NODE, "a"),),
        ),
        Shape(
            name="cancels_another",
            nodes=(eth("a", qty=0.4), eth("b", limit_1e9=1_990 * DOLLAR, **RESTS)),
            edges=(edge("a", "b", action="cancel"),),
        ),
        Shape(
            name="done_after_refusal",
            nodes=(
                eth("a", qty=0.4, limit_1e9=1_900 * DOLLAR, execution={"tif": "FOK"}),
                eth("b", qty=0.3),
            ),
            edges=(edge("a", "b", trigger="on_done"),),
        ),
        Shape(
            name="flattened",
            nodes=(
                eth("a", qty=0.4),
                eth("b", limit_1e9=1_990 * DOLLAR, **RESTS),
                # More than the account has: the venue refuses it for good.
                eth("c", qty=1_000_000.0, limit_1e9=1_990 * DOLLAR, **RESTS),
            ),
            edges=(edge("a", "c"),),
            venues=THREE,
            on_failure="flatten",
        ),
        Shape(
            name="cancelled_graph",
            nodes=(
                eth("a", qty=0.4),
                eth("b", limit_1e9=1_990 * DOLLAR, **RESTS),
                eth("c", qty=0.3),
            ),
            edges=(edge("a", "b"), edge("b", "c", trigger="on_cancel")),
            acts=(Act(8_000, GraphCommandKind.CANCEL),),
        ),
    ]


def meddled() -> list[Shape]:
    """Graphs that their client pauses, cancels or amends."""
    rest = {"limit_1e9": LIMIT_LOW, **RESTS}
    pause, resume = GraphCommandKind.PAUSE, GraphCommandKind.RESUME
    larger = Terms(qty_1e8=ONE * 3 // 2)
    paced = pacing(uniform={"num_slices": 4, "interval_ms": 400})
    return [
        single(
            "paused",
            acts=(Act(1_000, pause), Act(2_000, resume)),
            static=False,
            others=(press(1.0, at_ms=3_000),),
            **rest,
        ),
        single("paused_twap", qty=1.2, acts=(Act(600, pause), Act(2_000, resume)), execution=paced),
        single(
            "cancelled",
            acts=(Act(6_000, GraphCommandKind.CANCEL),),
            static=False,
            others=(press(0.4, at_ms=800, each=0.2),),
            **rest,
        ),
        single(
            "amended",
            acts=(Act(1_000, GraphCommandKind.AMEND_NODE, "a", larger),),
            static=False,
            others=(press(9.0, at_ms=12_000),),
            **rest,
        ),
    ]


def killed() -> list[Shape]:
    """Graphs that a kill switch ends, which a drop must not forget once it is recorded."""
    rest: dict[str, Any] = {"limit_1e9": LIMIT_LOW, "static": False, **RESTS}
    rest["others"] = (press(0.4, each=0.2),)
    cancel = GraphCommandKind.CANCEL
    whole = next(one for one in endings() if one.name == "cancelled_graph")
    return [
        single("killed", acts=(Act(6_000, cancel, kill=KillScope.DESK),), **rest),
        single(
            "killed_client", acts=(Act(6_000, cancel, kill=KillScope.CLIENT, key=CLIENT),), **rest
        ),
        single(
            "killed_venue", acts=(Act(6_000, cancel, kill=KillScope.VENUE, key="north"),), **rest
        ),
        single(
            "killed_symbol", acts=(Act(6_000, cancel, kill=KillScope.SYMBOL, key=SPOT),), **rest
        ),
        msgspec.structs.replace(
            whole, name="killed_graph", acts=(Act(8_000, cancel, kill=KillScope.DESK),)
        ),
    ]


def natively() -> list[Shape]:
    """Orders that their venue amends while they rest; the client says it again after a drop."""
    rest = {"limit_1e9": LIMIT_LOW, "native": EDITS, "static": False, **RESTS}
    lower = Terms(limit_1e9=LIMIT_LOW - DOLLAR // 10)
    higher = Terms(limit_1e9=LIMIT_LOW + DOLLAR // 10, qty_1e8=ONE * 3 // 2)
    return [
        single(
            name,
            acts=(Act(1_000, GraphCommandKind.AMEND_NODE, "a", terms),),
            others=(press(0.3, at_ms=at_ms, each=0.1), press(9.0, at_ms=12_000)),
            **rest,
        )
        for name, terms, at_ms in (
            ("native_decrease", Terms(qty_1e8=ONE // 2), 60_000),
            ("native_larger", Terms(qty_1e8=ONE * 3 // 2), 60_000),
            ("native_lower", lower, 60_000),
            ("native_higher", higher, 60_000),
            ("native_race", Terms(qty_1e8=ONE * 3 // 2), 1_000),
            ("native_race_down", Terms(qty_1e8=ONE // 2), 1_000),
        )
    ]


SHAPES: Sequence[Shape] = (
    *singles(),
    *hedges(),
    *exits(),
    *endings(),
    *meddled(),
    *killed(),
    *natively(),
)
