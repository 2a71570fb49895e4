"""Grants, client order ids and the child order's state machine."""

from __future__ import annotations

import itertools

import pytest

from engine.model.orders import (
    ChildState,
    Grant,
    ReportKind,
    client_order_id,
    next_state,
    parse_client_order_id,
)
from engine.model.units import Side
from tests.support.builders import child, intent


def test_no_path_leaves_a_terminal_state() -> None:
    for state, kind in itertools.product(ChildState, ReportKind):
        after = next_state(state, kind, 5, 10, working=True)
        if state.terminal:
            assert after is state
        elif kind in (ReportKind.REJECTED, ReportKind.CANCELLED, ReportKind.EXPIRED):
            assert after.terminal


def test_the_last_fill_completes_even_a_cancelled_child() -> None:
    assert next_state(ChildState.CANCELLED, ReportKind.FILL, 10, 10) is ChildState.FILLED


@pytest.mark.parametrize(
    ("state", "kind", "working", "after"),
    [
        (ChildState.SENT, ReportKind.ACCEPTED, False, ChildState.WORKING),
        (ChildState.SENT, ReportKind.FILL, False, ChildState.WORKING),
        (ChildState.SENT, ReportKind.UNKNOWN, False, ChildState.UNKNOWN),
        (ChildState.UNKNOWN, ReportKind.STATUS, True, ChildState.WORKING),
        (ChildState.UNKNOWN, ReportKind.STATUS, False, ChildState.CANCELLED),
        (ChildState.UNKNOWN, ReportKind.NOT_FOUND, False, ChildState.REJECTED),
        (ChildState.CANCEL_SENT, ReportKind.CANCEL_REJECTED, False, ChildState.WORKING),
        (ChildState.CANCEL_SENT, ReportKind.FILL, False, ChildState.CANCEL_SENT),
    ],
)
def test_transitions(state: ChildState, kind: ReportKind, working: bool, after: ChildState) -> None:
    assert next_state(state, kind, 1, 10, working=working) is after


def test_ids_decode_to_what_they_name() -> None:
    text = client_order_id(3, 1_000_000, 12, 4, 15)
    assert len(text) <= 36
    assert parse_client_order_id(text) == (3, 1_000_000, 12, 4, 15)


@pytest.mark.parametrize(
    "foreign", ["", "x-1", "xg1-2-3", "xg1-2-3-4-x", "xg1-2-3-4-5-6", "xg-1-2-3-4"]
)
def test_foreign_ids_are_recognised(foreign: str) -> None:
    assert parse_client_order_id(foreign) is None


def test_a_grant_covers_only_what_it_bounds() -> None:
    worst = 64_000 * 10**9
    grant = Grant(1, intent(worst_price_1e9=worst), 10**8, worst, 0)
    assert grant.covers(child(10**8, price_1e9=worst))
    assert not grant.covers(child(10**8 + 1, price_1e9=worst))
    assert not grant.covers(child(10**8, price_1e9=worst + 1))
    assert not grant.covers(child(10**8, price_1e9=worst, grant_id=2))
    assert not grant.covers(child(10**8, price_1e9=worst, side=Side.SELL))
    sell = Grant(1, intent(side=Side.SELL, worst_price_1e9=worst), 10**8, worst, 0)
    assert not sell.covers(child(10**8, price_1e9=worst - 1, side=Side.SELL))
    assert sell.covers(child(10**8, price_1e9=worst, side=Side.SELL))
