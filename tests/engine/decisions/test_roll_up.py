"""How a graph ended, for every way its nodes may have."""

from __future__ import annotations

import pytest

from engine.decisions.roll_up import called_off, rolled_up
from engine.errors import Reason
from engine.model.graph import GraphStatus, NodeStatus

GONE, FULL, PART = NodeStatus.CANCELLED, NodeStatus.FILLED, NodeStatus.PARTIAL_FILL
CANCELLED, COMPLETED = GraphStatus.CANCELLED, GraphStatus.COMPLETED


@pytest.mark.parametrize(
    ("statuses", "cancelled", "short", "lapsed", "expected"),
    [
        ((GONE, GONE), False, False, False, CANCELLED),
        ((GONE,), False, False, False, CANCELLED),
        ((GONE, GONE), False, False, True, COMPLETED),
        ((GONE, FULL), False, False, False, COMPLETED),
        ((GONE, PART), False, False, False, COMPLETED),
        ((GONE, FULL), True, False, False, CANCELLED),
        ((FULL, FULL), True, False, False, COMPLETED),
        ((FULL, GONE), False, True, False, GraphStatus.FAILED),
        ((GONE, NodeStatus.REJECTED), True, False, False, GraphStatus.FAILED),
        ((GONE, NodeStatus.FAILED), False, False, False, GraphStatus.FAILED),
    ],
)
def test_the_ends_of_nodes_make_the_end_of_the_graph(
    statuses: tuple[NodeStatus, ...],
    cancelled: bool,
    short: bool,
    lapsed: bool,
    expected: GraphStatus,
) -> None:
    found = rolled_up(statuses, cancelled=cancelled, short=short, lapsed=lapsed)
    assert found is expected


def test_only_a_cancel_and_its_consequences_call_a_node_off() -> None:
    assert called_off("CANCELLED: cancelled by the client")
    assert called_off(Reason.UNREACHABLE.value)
    for reason in (Reason.EXPIRED, Reason.NO_LIQUIDITY, Reason.REDUCED):
        assert not called_off(reason.value)
    assert not called_off("")
    assert not called_off("BELOW_MINIMUM: CANCELLED")
