"""How far a node has come: what it tells the nodes after it, and what recovery starts from."""

from __future__ import annotations

import msgspec

from engine.model.graph import NodeStatus

__all__ = ["NodeProgress"]


class NodeProgress(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Cumulative facts of one node, so that hearing of them late, twice or out of order is safe.

    `accepted` says that risk granted a plan with at least one leg, `started_ns` is the activation
    (0 before it). `filled_qty_1e8` is gross; `net_qty_1e8` is what arrived: less fees taken in the
    base asset, times the contract multiplier. `final` means that no quantity will change any more
    but by a voided fill; `by_cancel` that a cancel, an expiry or a tif ended it, and
    `unreachable` that it never started and never will. `version` grows with every change.
    """

    node_index: int
    version: int
    status: NodeStatus
    accepted: bool
    started_ns: int
    target_qty_1e8: int
    filled_qty_1e8: int
    net_qty_1e8: int
    avg_price_1e9: int
    final: bool
    by_cancel: bool
    unreachable: bool
