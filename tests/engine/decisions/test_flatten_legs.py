"""Flatten legs: one closing node for each instrument and side, made ready at submit."""

from __future__ import annotations

import msgspec
import pytest

from engine.decisions.admission import InstrumentHandle, ResolvedNode, resolve_node
from engine.decisions.flatten_legs import FLATTEN_PREFIX, with_flatten_legs
from engine.model.graph import Graph, Node, NodeInstrument, Urgency
from engine.model.instruments import InstrumentType
from engine.model.risk import FailureRisk, GraphRisk
from tests.support.builders import market, node
from tests.support.node_stage import named

QTY = 10**8
BLOCK = market({"alpha": ([(99, QTY)], [(101, QTY)])}, tick_1e9=1)
KNOWN = {
    symbol: InstrumentHandle(symbol, BLOCK.listings, BLOCK, 1) for symbol in ("BTC-USD", "ETH-USD")
}


def flattened(*nodes: Node, action: str | None = "flatten") -> tuple[Graph, tuple[int, ...]]:
    failure = FailureRisk(action=action)  # type: ignore[arg-type]  # one of the literals
    graph = Graph(nodes=nodes, risk=GraphRisk(on_failure=failure))
    resolved = []
    for index, one in enumerate(nodes):
        found = resolve_node(one, f"nodes[{index}]", KNOWN)
        assert isinstance(found, ResolvedNode)
        resolved.append(found)
    full, spare = with_flatten_legs(graph, resolved)
    assert full.nodes[: len(nodes)] == nodes, "what was submitted keeps its places"
    return full, spare


@pytest.mark.parametrize("action", [None, "cancel_all", "pause", "continue"])
def test_other_actions_add_nothing(action: str | None) -> None:
    full, spare = flattened(node(QTY), action=action)
    assert (len(full.nodes), spare) == (1, ())
    bare = Graph(nodes=(node(QTY),))
    assert with_flatten_legs(bare, ()) == (bare, ())


def test_one_leg_for_each_instrument_and_side() -> None:
    buy, more = named(node(QTY), "a"), named(node(2 * QTY), "b")
    sell = named(node(QTY, side="sell"), "c")
    other = named(node(QTY, symbol="ETH-USD", venue="alpha"), "d")
    full, spare = flattened(buy, more, sell, other)
    assert spare == (4, 5, 6)
    legs = [full.nodes[index] for index in spare]
    assert [(leg.instrument.symbol, leg.side) for leg in legs] == [
        ("BTC-USD", "sell"),
        ("BTC-USD", "buy"),
        ("ETH-USD", "sell"),
    ]
    for leg in legs:
        assert (leg.activation, leg.quantity, leg.order_type) == ("wait", "derived", "market")
        assert leg.execution.urgency is Urgency.HIGH
        assert leg.execution.max_slippage_bps == 100 and not leg.reduce_only
    assert legs[2].instrument.venue == "alpha", "it closes where it opened"
    assert len({one.node_id for one in full.nodes}) == len(full.nodes)


def test_a_name_that_is_taken_is_passed_over() -> None:
    full, spare = flattened(named(node(QTY), f"{FLATTEN_PREFIX}1"))
    assert full.nodes[spare[0]].node_id == f"{FLATTEN_PREFIX}2"


@pytest.mark.parametrize(
    ("kind", "collar", "reduce_only"),
    [(InstrumentType.PERP, 100, True), (InstrumentType.PREDICTION, 500, False)],
)
def test_the_kind_decides_on_collar_and_reduce_only(
    kind: InstrumentType, collar: int, reduce_only: bool
) -> None:
    base = node(QTY)
    of_kind = msgspec.structs.replace(base, instrument=NodeInstrument(symbol="BTC-USD", type=kind))
    full, spare = flattened(of_kind)
    leg = full.nodes[spare[0]]
    assert (leg.execution.max_slippage_bps, leg.reduce_only) == (collar, reduce_only)
    assert leg.instrument.type is kind
