"""The NO side is the other side at 1 - p, and mirroring twice changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from engine.model.graph import Edge, Graph, Node
from engine.model.instruments import InstrumentType
from engine.model.intake import parse_graph
from engine.model.mirror import (
    PAYOFF_1E9,
    Resolved,
    display_side_price,
    mirror_faults,
    mirror_graph,
    mirror_price,
)

PREDICTION = InstrumentType.PREDICTION
NO = Resolved(given="m:no", symbol="m", type=PREDICTION, outcome="no", mirrored=True)
YES = Resolved(given="m:yes", symbol="m", type=PREDICTION, outcome="yes")
BOTH = {"m:no": NO, "m:yes": YES, "m": msgspec.structs.replace(YES, given="m")}
# The same symbol taken as its own other side, so that mirroring can be applied again.
AGAIN = {"m": msgspec.structs.replace(NO, given="m")}

prices = st.integers(min_value=1, max_value=PAYOFF_1E9 - 1)
sides = st.sampled_from(["buy", "sell"])


def node(symbol: str, side: str, price: int | None, name: str = "a") -> dict[str, Any]:
    order_type: Any = "market" if price is None else {"limit": {"price_1e9": price}}
    return {
        "node_id": name,
        "instrument": {"symbol": symbol, "type": "spot", "venue": "polymarket"},
        "side": side,
        "order_type": order_type,
        "quantity": {"fixed": {"qty_1e8": 500_000_000}},
        "execution": {"tif": "IOC"},
    }


def watch(symbol: str | None, **trigger: Any) -> dict[str, Any]:
    on_price = {"symbol": symbol, "direction": "above", **trigger}
    return {"from_node": "a", "to_node": "b", "trigger": {"on_price": on_price}}


def graph(*parts: dict[str, Any], edges: list[dict[str, Any]] | None = None) -> Graph:
    return parse_graph({"nodes": list(parts), "edges": edges or []})


def on_price(edge: Edge) -> Any:
    assert not isinstance(edge.trigger, str)
    assert edge.trigger.on_price is not None
    return edge.trigger.on_price


def payoff(one: Node, qty: int, yes_wins: bool, no_side: bool) -> int:
    """What an order that filled at its limit has earned once the market is over."""
    price = one.limit_price_1e9
    assert price is not None
    worth = PAYOFF_1E9 if yes_wins != no_side else 0
    return qty * (worth - price) * (1 if one.side == "buy" else -1)


@given(price=prices, side=sides, yes_wins=st.booleans())
def test_a_no_order_earns_what_its_mirror_earns(price: int, side: str, yes_wins: bool) -> None:
    before = graph(node("m:no", side, price))
    after = mirror_graph(before, BOTH)
    earned = payoff(before.nodes[0], 3, yes_wins, no_side=True)
    assert payoff(after.nodes[0], 3, yes_wins, no_side=False) == earned


@given(price=prices, side=sides)
def test_mirroring_twice_gives_back_what_was_given(price: int, side: str) -> None:
    before = graph(
        node("m:no", side, price),
        node("m:no", side, None, "b"),
        edges=[watch("m:no", price_1e9=price, source="bid")],
    )
    once = mirror_graph(before, BOTH)
    twice = mirror_graph(once, AGAIN)
    for one, two in zip(before.nodes, twice.nodes, strict=True):
        assert (one.side, one.order_type) == (two.side, two.order_type)
        assert two.instrument.symbol == "m"
        assert two.instrument.type is PREDICTION
    first, last = on_price(before.edges[0]), on_price(twice.edges[0])
    assert (first.direction, first.price_1e9, first.source) == (
        last.direction,
        last.price_1e9,
        last.source,
    )


@given(price=prices, side=st.sampled_from(["buy", "sell"]), mirrored=st.booleans())
def test_display_is_its_own_inverse(
    price: int, side: Literal["buy", "sell"], mirrored: bool
) -> None:
    shown = display_side_price(side, price, mirrored)
    assert display_side_price(*shown, mirrored) == (side, price)
    assert (shown == (side, price)) is not mirrored


def test_display_of_what_has_no_price() -> None:
    assert display_side_price("buy", None, True) == ("sell", None)
    assert display_side_price("buy", 0, True) == ("sell", 0)


def test_a_buy_of_no_is_a_sale_of_yes() -> None:
    (one,) = mirror_graph(graph(node("m:no", "buy", 300_000_000)), BOTH).nodes
    assert (one.side, one.limit_price_1e9) == ("sell", 700_000_000)
    assert one.instrument.venue == "polymarket"
    assert one.execution.tif == "IOC"
    assert mirror_price(1) == 999_999_999


def test_yes_changes_its_name_and_type_only() -> None:
    (one,) = mirror_graph(graph(node("m:yes", "buy", 300_000_000)), BOTH).nodes
    assert (one.side, one.limit_price_1e9) == ("buy", 300_000_000)
    assert (one.instrument.symbol, one.instrument.type) == ("m", PREDICTION)


def test_what_needs_nothing_stays_the_same_object() -> None:
    plain = graph(node("other", "buy", 5))
    assert mirror_graph(plain, BOTH) is plain
    assert not [*mirror_faults(plain, BOTH)]


def test_triggers_look_the_other_way() -> None:
    before = graph(
        node("m:no", "buy", None),
        node("m:no", "sell", None, "b"),
        edges=[watch("m:no", price_1e9=650_000_000, source="bid", hold_ms=5)],
    )
    found = on_price(mirror_graph(before, BOTH).edges[0])
    assert (found.symbol, found.direction, found.source) == ("m", "below", "ask")
    assert (found.price_1e9, found.hold_ms) == (350_000_000, 5)


def test_a_trigger_without_a_symbol_watches_its_target_or_its_reference() -> None:
    nodes = node("x", "buy", None), node("m:no", "sell", None, "b")
    absolute = graph(*nodes, edges=[watch(None, price_1e9=650_000_000)])
    found = on_price(mirror_graph(absolute, BOTH).edges[0])
    assert (found.symbol, found.direction, found.price_1e9) == (None, "below", 350_000_000)
    entry = graph(*nodes, edges=[watch(None, reference="graph_entry_price", offset_pct=1)])
    assert on_price(mirror_graph(entry, BOTH).edges[0]).direction == "above"
    assert not [*mirror_faults(entry, BOTH)]


def test_a_trigger_on_yes_keeps_its_direction() -> None:
    nodes = node("m:no", "buy", None), node("m:no", "sell", None, "b")
    before = graph(*nodes, edges=[watch("m:yes", price_1e9=650_000_000)])
    found = on_price(mirror_graph(before, BOTH).edges[0])
    assert (found.symbol, found.direction, found.price_1e9) == ("m", "above", 650_000_000)


def test_what_cannot_be_mirrored_is_named() -> None:
    dollars = node("m:no", "buy", PAYOFF_1E9)
    dollars["quantity"] = {"notional": {"usd_1e9": 5}}
    entry = watch("m:no", reference="graph_entry_price", offset_pct=Decimal(5))
    bad = graph(
        dollars,
        node("m:no", "sell", None, "b"),
        edges=[entry, watch("m:no", price_1e9=PAYOFF_1E9 + 5)],
    )
    assert [path for path, _ in mirror_faults(bad, BOTH)] == [
        "nodes[0].order_type.limit.price_1e9",
        "nodes[0].quantity.notional",
        "edges[0].trigger.on_price.offset_pct",
        "edges[1].trigger.on_price.price_1e9",
    ]


def test_the_entry_price_itself_can_be_mirrored() -> None:
    entry = watch("m:no", reference="graph_entry_price")
    before = graph(node("m:no", "buy", None), node("m:no", "sell", None, "b"), edges=[entry])
    assert not [*mirror_faults(before, BOTH)]
    assert on_price(mirror_graph(before, BOTH).edges[0]).direction == "below"
