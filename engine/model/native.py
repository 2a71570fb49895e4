"""What a venue does natively to a resting order, and how many requests it takes as one batch."""

from __future__ import annotations

import msgspec

__all__ = ["NO_NATIVE_VERBS", "NativeVerbs"]


class NativeVerbs(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Verbs that one venue carries out atomically, on the total quantity of an order.

    `decrease` keeps the place in the queue. `amend` changes price and total at once; only a
    smaller total at the same price keeps the place. `batch_max` above 1 takes so many requests
    in one message.
    """

    decrease: bool = False
    amend: bool = False
    batch_max: int = 0


NO_NATIVE_VERBS = NativeVerbs()
