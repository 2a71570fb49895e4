"""Rows on the wire: the published map of states, and the parts of an id."""

from __future__ import annotations

import pytest

from engine.model.graph import NodeStatus
from engine.model.units import Side
from engine.service.order_views import ORDER_STATUS, OrderView
from engine.store.rows import NodeRow


def row(status: NodeStatus, reason: str = "") -> NodeRow:
    numbers = (7, 3, 1)
    names = ("order", "graph:g1:order:2", "BTC-USD", Side.SELL, status, reason)
    amounts = (10, 4, 3, 2, 99, "0", 5, 1, 2)
    return NodeRow(*numbers, *names, *amounts, b"", 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (NodeStatus.PENDING, "ACCEPTED"),
        (NodeStatus.EXECUTING, "RUNNING"),
        (NodeStatus.FILLED, "COMPLETED"),
        (NodeStatus.PARTIAL_FILL, "CANCELLED"),
        (NodeStatus.CANCELLED, "CANCELLED"),
        (NodeStatus.REJECTED, "REJECTED"),
        (NodeStatus.FAILED, "FAILED"),
    ],
)
def test_each_state_has_its_word(status: NodeStatus, word: str) -> None:
    assert OrderView.of(row(status), "alice").status == word
    paused = OrderView.of(row(status), "alice", paused=True).status
    assert paused == (word if status.terminal else "PAUSED")


def test_every_state_has_a_word() -> None:
    assert set(ORDER_STATUS) == set(NodeStatus)


def test_a_view_is_the_row() -> None:
    view = OrderView.of(row(NodeStatus.REJECTED, "too small"), "alice")
    assert (view.graph_id, view.node_id, view.side) == ("g1", "order", "SELL")
    assert (view.qty_1e8, view.filled_qty_1e8, view.fees_1e9) == (10, 4, 5)
    assert (view.failure_reason, view.seq) == ("too small", 7)
    assert OrderView.of(row(NodeStatus.FILLED), "a").failure_reason is None
