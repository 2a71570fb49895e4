"""TCA: the parts sum to the shortfall exactly, and each cause shows in its own part alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.intelligence.attribution import (
    Execution,
    Fill,
    Shortfall,
    attribute,
    shortfall_1e9,
)

MID_X2 = 2 * 100 * 10**9
QTY = 10**8
PRICES = st.integers(1, 10**15)
FILLS = st.lists(
    st.builds(
        Fill,
        PRICES,
        st.integers(1, 10**14),
        st.integers(-(10**12), 10**12),
        st.one_of(st.just(0), PRICES),
        PRICES,
    ),
    max_size=8,
)


def parts(cost: Shortfall) -> dict[str, int | None]:
    names = ("delay", "timing", "spread", "impact", "unattributed", "opportunity", "fees")
    return {name: getattr(cost, f"{name}_1e9") for name in names}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([1, -1]),
    FILLS,
    st.integers(0, 10**15),
    PRICES,
    PRICES,
    st.one_of(st.none(), PRICES),
)
def test_the_parts_sum_to_the_shortfall_of_its_own_definition(
    sign: int, fills: list[Fill], left: int, start: int, end: int, decision: int | None
) -> None:
    meant = sum(fill.qty_1e8 for fill in fills) + left
    done = Execution(sign, meant, start, tuple(fills), end, decision)
    cost = attribute(done)
    found = parts(cost)
    assert None not in found.values()
    total = sum(part for part in found.values() if part is not None)
    assert total == cost.shortfall_1e9 == shortfall_1e9(done)
    assert cost.executed_1e9 == total - (found["opportunity"] or 0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("cause", "part"),
    [
        ("none", None),
        ("late", "delay"),
        ("moved", "timing"),
        ("wide", "spread"),
        ("deep", "impact"),
        ("missed", "opportunity"),
        ("charged", "fees"),
        ("foreign", "unattributed"),
    ],
)
def test_a_planted_cause_shows_in_its_part_alone(sign: int, cause: str, part: str | None) -> None:
    one = sign * 10**9
    price, fee, mid, touch, left, decision = MID_X2 // 2, 0, MID_X2, MID_X2, 0, None
    end = MID_X2
    if cause == "late":
        decision = MID_X2 - 2 * one
    elif cause == "moved":
        price, mid, touch = price + one, mid + 2 * one, touch + 2 * one
    elif cause == "wide":
        price, touch = price + one, touch + 2 * one
    elif cause == "deep":
        price += one
    elif cause == "missed":
        left, end = QTY, MID_X2 + 2 * one
    elif cause == "charged":
        fee = 10**9
    elif cause == "foreign":
        price, mid, touch = price + one, 0, 0
    fill = Fill(price, QTY, fee, mid, touch)
    cost = attribute(Execution(sign, QTY + left, MID_X2, (fill,), end, decision))
    found = parts(cost)
    wanted: dict[str, int | None] = dict.fromkeys(found, 0)
    if part is not None:
        wanted[part] = 10**9
    assert found == wanted
    assert cost.shortfall_1e9 == (0 if part is None else 10**9)


def test_a_rest_without_a_mid_at_the_end_has_no_shortfall_yet() -> None:
    fill = Fill(MID_X2 // 2 + 5, QTY, 7, MID_X2, MID_X2)
    cost = attribute(Execution(1, 2 * QTY, MID_X2, (fill,), None))
    assert cost.opportunity_1e9 is None and cost.shortfall_1e9 is None
    assert shortfall_1e9(Execution(1, 2 * QTY, MID_X2, (fill,), None)) is None
    assert cost.executed_1e9 == 5 + 7


def test_each_part_is_within_a_unit_of_its_own_definition() -> None:
    random = Random(3)
    for _ in range(50):
        fills = tuple(
            Fill(
                random.randrange(1, 10**13),
                random.randrange(1, 10**9),
                0,
                random.randrange(1, 10**13),
                random.randrange(1, 10**13),
            )
            for _ in range(5)
        )
        cost = attribute(Execution(1, 1, MID_X2, fills, MID_X2))
        spread = sum(one.qty_1e8 * (one.touch_x2 - one.mid_x2) for one in fills)
        assert abs(cost.spread_1e9 - spread / (2 * 10**8)) <= 1 + abs(spread) * 1e-22
