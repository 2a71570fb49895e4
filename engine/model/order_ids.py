"""The ids under which users know orders: `graph:{graph_id}:{node_id}:{seq}`, read in both forms."""

from __future__ import annotations

__all__ = ["node_order_id", "parse_node_order_id"]

PREFIX = "graph"
SEQ_DIGITS_MAX = 9


def node_order_id(graph_id: str, node_id: str, seq: int) -> str:
    """The id that is emitted; `seq` counts the submissions of the node from 1."""
    return f"{PREFIX}:{graph_id}:{node_id}:{seq}"


def parse_node_order_id(text: str) -> tuple[str, str, int] | None:
    """(graph id, node id, seq) of an id with or without its prefix; None when it is none."""
    parts = text.split(":")
    if len(parts) == 4 and parts[0] == PREFIX:
        parts = parts[1:]
    if len(parts) != 3:
        return None
    graph_id, node_id, seq = parts
    if not (graph_id and node_id and seq.isascii() and seq.isdigit()):
        return None
    return (graph_id, node_id, int(seq)) if len(seq) <= SEQ_DIGITS_MAX else None
