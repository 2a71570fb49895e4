"""Order ids: what is emitted is read back, in both forms, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.order_ids import node_order_id, parse_node_order_id

NAMES = st.text(st.characters(codec="ascii", exclude_characters=":"), min_size=1, max_size=40)


@given(NAMES, NAMES, st.integers(1, 999_999_999))
def test_both_forms_are_read_back(graph: str, node: str, seq: int) -> None:
    emitted = node_order_id(graph, node, seq)
    assert parse_node_order_id(emitted) == (graph, node, seq)
    bare = emitted.removeprefix("graph:")
    assert parse_node_order_id(bare) == (graph, node, seq)


def test_the_form_is_the_published_one() -> None:
    assert node_order_id("g7", "entry", 2) == "graph:g7:entry:2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "g:n",
        "graph:g:n",
        "other:g:n:1",
        "graph:g:n:1:2",
        "graph:g:n:",
        "graph:g:n:x",
        "graph:g:n:-1",
        "graph:g:n:1.5",
        "graph::n:1",
        "graph:g::1",
        "graph:g:n:²",
        "graph:g:n:1234567890",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert parse_node_order_id(text) is None
