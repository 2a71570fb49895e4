"""Capacity by looking for the cheapest level again and again: twin of `capacity_curve`."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["slow_curve"]

Level = tuple[int, int]
Term = tuple[float, float, float]


def slow_curve(
    books: Sequence[Sequence[Level]], side: int, terms: Sequence[Term], sizes: Sequence[int]
) -> list[float]:
    """Landed money of every size on its own; -1.0 where the levels (best first) end before."""
    return [_cost(books, 1 - 2 * side, terms, size) for size in sizes]


def _cost(books: Sequence[Sequence[Level]], sign: int, terms: Sequence[Term], size: int) -> float:
    heads = [0] * len(books)
    cost, left = 0.0, size
    while True:
        offers = []
        for v, (eligible, fee_rate, penalty) in enumerate(terms):
            if eligible and heads[v] < len(books[v]):
                price, qty = books[v][heads[v]]
                landed = price * (1.0 + sign * fee_rate) + sign * penalty
                offers.append((sign * landed, v, landed, qty))
        if not offers:
            return -1.0
        _, v, landed, qty = min(offers)
        if left <= qty:
            return cost + landed * left
        cost += landed * qty
        left -= qty
        heads[v] += 1
