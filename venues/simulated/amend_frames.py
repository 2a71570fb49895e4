"""The wire of native amendments: a new total and price for an order that keeps its id.

Amendments of an order are numbered by the client. A venue decides each number once; a query that
names a number which has not come *voids* it, so that no late copy can change the order.
"""

from __future__ import annotations

import msgspec

__all__ = ["Amend", "AmendReject", "Amended"]


class Wire(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of the frames of this file."""


class Amend(Wire, frozen=True, gc=False, tag_field="op", tag="amend"):
    """New total `qty` and price `px` of an open order, as its amendment number `rev`."""

    id: str
    rev: int
    qty: str
    px: str
    sent: int = 0


class Amended(Wire, frozen=True, gc=False, tag_field="ev", tag="amended"):
    """The amendment is in force; `cum` was filled before it."""

    id: str
    vid: str
    rev: int
    qty: str
    px: str
    cum: str
    ts: int


class AmendReject(Wire, frozen=True, gc=False, tag_field="ev", tag="amend_reject"):
    """The order stays with the total and price told here; none are told of an unknown order,
    nor with `RejectCode.SERVER_ERROR`, after which nobody knows."""

    id: str
    rev: int
    code: str
    text: str
    ts: int
    qty: str | None = None
    px: str | None = None
    cum: str | None = None
