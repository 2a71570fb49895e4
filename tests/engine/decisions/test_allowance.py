"""The shared allowance: exits of one position never have more out together than there is."""

from __future__ import annotations

import random

import pytest

from engine.decisions.allowance import Allowance, allowance_groups
from engine.decisions.edges import edge_plans
from engine.model.graph import Edge, EdgeAction, Graph
from tests.support.builders import node
from tests.support.node_stage import named

QTY = 10**8


def exits(*pairs: tuple[str, str]) -> list[tuple[int, ...]]:
    """Groups of a graph of five nodes a to e with these reducing edges."""
    nodes = tuple(named(node(QTY), name) for name in "abcde")
    edges = tuple(
        Edge(from_node=source, to_node=target, trigger="on_fill", action=EdgeAction.REDUCE)
        for source, target in pairs
    )
    return allowance_groups(edge_plans(Graph(nodes=nodes, edges=edges)))


def test_groups_are_nodes_that_reduce_one_another() -> None:
    assert exits() == []
    assert exits(("a", "b")) == [], "one way is no shared position"
    assert exits(("a", "b"), ("b", "a")) == [(0, 1)]
    three = ("b", "c"), ("c", "b"), ("c", "d"), ("d", "c")
    assert exits(*three) == [(1, 2, 3)], "also through others"
    assert exits(("d", "e"), ("e", "d"), ("a", "b"), ("b", "a")) == [(0, 1), (3, 4)]


def test_what_one_has_out_another_may_not_send() -> None:
    shared = Allowance((2, 5))
    shared.claim(2)
    shared.wanted[2] = QTY
    shared.exposed[2] = QTY // 4
    assert shared.free_1e8(2, QTY) == QTY
    assert shared.free_1e8(5, QTY) == 0, "2 works and 5 does not: its whole target goes first"
    shared.claim(5)
    assert shared.free_1e8(5, QTY) == QTY * 3 // 4, "the later goes first; only what is out counts"
    shared.wanted[5] = QTY
    assert shared.free_1e8(2, QTY) == 0
    assert shared.below(5) == [2] and shared.below(2) == []


def test_who_has_left_keeps_what_it_filled() -> None:
    shared = Allowance((0, 1))
    shared.claim(0)
    shared.claim(1)
    shared.exposed[1], shared.wanted[1] = QTY // 2, QTY
    assert shared.free_1e8(0, QTY) == 0
    shared.leave(1)
    assert shared.free_1e8(0, QTY) == QTY // 2
    assert shared.below(0) == []


def test_a_second_claim_changes_no_rank() -> None:
    shared = Allowance((0, 1))
    shared.claim(0)
    shared.claim(1)
    shared.claim(0)
    assert shared.below(1) == [0]


def test_more_out_than_allowed_leaves_nothing_and_never_less() -> None:
    shared = Allowance((0, 1))
    shared.claim(0)
    shared.exposed[1] = 2 * QTY
    assert shared.free_1e8(0, QTY) == 0


@pytest.mark.parametrize("seed", range(20))
def test_members_that_send_what_is_free_never_pass_the_allowance(seed: int) -> None:
    rng = random.Random(seed)
    members = tuple(range(rng.randrange(2, 5)))
    shared, allowed = Allowance(members), 1_000
    for _ in range(400):
        member, act = rng.choice(members), rng.random()
        if act < 0.2:
            shared.claim(member)
        elif act < 0.25:
            shared.leave(member)
            shared.wanted[member] = 0
        elif act < 0.7:
            if shared.rank[member]:
                shared.wanted[member] = rng.randrange(allowed + 1)
                free = shared.free_1e8(member, allowed) - shared.exposed[member]
                if free > 0:
                    shared.exposed[member] += rng.randrange(free + 1)
        else:
            shared.exposed[member] -= rng.randrange(shared.exposed[member] + 1)
        assert sum(shared.exposed.values()) <= allowed


def test_after_a_restart_the_member_that_started_last_still_goes_first() -> None:
    shared = Allowance((0, 1, 2))
    shared.restore(1, 900, 3 * QTY, 4 * QTY)
    shared.restore(0, 500, QTY, 5 * QTY)
    assert shared.below(1) == [0]
    assert shared.free_1e8(0, 10 * QTY) == 6 * QTY, "less all that the later one wants"
    assert shared.free_1e8(1, 10 * QTY) == 9 * QTY, "less only what the earlier one has out"
    shared.claim(2)
    assert shared.below(2) == [0, 1]
