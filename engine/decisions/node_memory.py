"""What a node remembers beyond its numbers: packed into every `NodeChanged`, read by recovery."""

from __future__ import annotations

import msgspec

from engine.decisions.edges import EdgeState
from engine.decisions.policies.policy import Route
from engine.model.graph import Node

__all__ = ["NodeMemory", "pack_memory", "unpack_memory"]


class NodeMemory(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """State of a node besides its ledger. Fields are only ever added at the end.

    `baseline_x2` is twice the mid at activation, `worst_price_1e9` the cap in force, `edges` one
    state for each incoming edge in the graph's order, `amended` the node's terms after an
    amendment (None: as submitted), `stopping` the reason of a stop that is under way. `idle` says
    that the policy has finished an episode and waits for its target to grow, `fresh` that it is
    still to start under its present terms. `wish` is the last single sweep that was asked for.
    """

    version: int = 0
    accepted: bool = False
    started_ns: int = 0
    baseline_x2: int | None = None
    worst_price_1e9: int | None = None
    stopping: str | None = None
    stop_text: str = ""
    idle: str | None = None
    by_cancel: bool = False
    unreachable: bool = False
    seq: int = 1
    target_1e8: int = 0
    edges: tuple[EdgeState, ...] = ()
    amended: Node | None = None
    policy: bytes = b""
    fresh: bool = False
    wish: Route | None = None


EMPTY = NodeMemory()

pack_memory = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(NodeMemory).decode


def unpack_memory(packed: bytes) -> NodeMemory:
    """The memory of a `NodeChanged`; an empty one before the first."""
    return _decode(packed) if packed else EMPTY
