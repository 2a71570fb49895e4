"""The legs that a graph with the failure action `flatten` may need, made ready at submit.

They are ordinary nodes that nothing starts but the flatten itself, so that they are numbered,
recorded and recovered like every other.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.admission import ResolvedNode
from engine.model.graph import Execution, Graph, Node, NodeInstrument, Urgency
from engine.model.instruments import InstrumentType

__all__ = ["FLATTEN_PREFIX", "with_flatten_legs"]

FLATTEN_PREFIX = "flatten_"
COLLAR_BPS = 100
EVENT_COLLAR_BPS = 500


def with_flatten_legs(graph: Graph, nodes: Sequence[ResolvedNode]) -> tuple[Graph, tuple[int, ...]]:
    """The graph with one closing node for each instrument and side that it trades.

    The graph itself and no indices where it does not ask for a flatten. A leg closes at market,
    at most 100 bps (events 5 cents) away, reduce-only where the instrument knows positions.
    """
    risk = graph.risk
    if risk is None or risk.on_failure is None or risk.on_failure.action != "flatten":
        return graph, ()
    wanted: dict[tuple[str, str], ResolvedNode] = {}
    for one in nodes:
        closing = "sell" if one.node.side == "buy" else "buy"
        wanted.setdefault((one.handle.symbol, closing), one)
    taken = {node.node_id for node in graph.nodes}
    extra: list[Node] = []
    number = 0
    for (_, side), one in wanted.items():
        number += 1
        while f"{FLATTEN_PREFIX}{number}" in taken:
            number += 1
        kind = one.node.instrument.type
        event = kind is InstrumentType.PREDICTION
        extra.append(
            Node(
                node_id=f"{FLATTEN_PREFIX}{number}",
                instrument=NodeInstrument(
                    symbol=one.node.instrument.symbol,
                    type=kind,
                    venue=one.node.instrument.venue,
                ),
                side="buy" if side == "buy" else "sell",
                quantity="derived",
                execution=Execution(
                    urgency=Urgency.HIGH,
                    max_slippage_bps=EVENT_COLLAR_BPS if event else COLLAR_BPS,
                ),
                activation="wait",
                reduce_only=kind is InstrumentType.PERP,
            )
        )
    first = len(graph.nodes)
    full = msgspec.structs.replace(graph, nodes=(*graph.nodes, *extra))
    return full, tuple(range(first, first + len(extra)))
