"""What may be changed of a running node."""

from __future__ import annotations

import msgspec

from engine.model.graph import Urgency

__all__ = ["Terms"]


class Terms(msgspec.Struct, frozen=True, gc=False):
    """New terms of a running node; None keeps what is.

    `qty_1e8` is the new total, `reduce_by_1e8` takes off what remains, `limit_1e9` is the new
    limit price.
    """

    qty_1e8: int | None = None
    limit_1e9: int | None = None
    urgency: Urgency | None = None
    max_slippage_bps: int | None = None
    horizon_ms: int | None = None
    reduce_by_1e8: int | None = None
