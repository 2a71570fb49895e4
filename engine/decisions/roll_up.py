"""What a graph has come to, from how its nodes ended."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import Reason
from engine.model.graph import GraphStatus, NodeStatus

__all__ = ["FAILURES", "called_off", "rolled_up"]

FAILURES = (NodeStatus.REJECTED, NodeStatus.FAILED)
CALLED_OFF = (Reason.CANCELLED.value, Reason.UNREACHABLE.value)


def called_off(reason: str) -> bool:
    """Whether a node's reason says that it was cancelled, or could not start any more."""
    return reason.partition(":")[0] in CALLED_OFF


def rolled_up(
    statuses: Sequence[NodeStatus | None], *, cancelled: bool, short: bool, lapsed: bool
) -> GraphStatus:
    """`failed` if an active node was refused or failed or a hedge fell short, `cancelled` after a
    cancel of the graph or of each of its nodes, else complete.

    `lapsed` says that a node ended for another reason than `called_off`. A lone node that its own
    tif or horizon ended is `completed`: it did what was asked.
    """
    if any(status in FAILURES for status in statuses):
        return GraphStatus.FAILED
    if cancelled and any(status is not NodeStatus.FILLED for status in statuses):
        return GraphStatus.CANCELLED
    if short:
        return GraphStatus.FAILED
    if not lapsed and all(status is NodeStatus.CANCELLED for status in statuses):
        return GraphStatus.CANCELLED
    return GraphStatus.COMPLETED
