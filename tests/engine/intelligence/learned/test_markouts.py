"""Markouts: seen when due, signed for us, bounded, and left out where there was no mid."""

from __future__ import annotations

import pytest

from engine.intelligence.learned.markouts import WAITING_MAX, FillSeen, Markouts
from engine.intelligence.learned.records import HORIZONS_NS, VenueRecord

S = 10**9
T0 = 1_700_000_000 * S


def board() -> tuple[Markouts, VenueRecord]:
    record = VenueRecord()
    return Markouts(lambda venue, symbol: record), record


def fill(sign: int = 1, maker: bool = False, at_ns: int = T0) -> FillSeen:
    return FillSeen("v", "S", sign, 1_000_000, at_ns, maker)


def test_each_horizon_is_seen_when_it_is_due() -> None:
    markouts, record = board()
    markouts.add(fill())

    def mid_at(symbol: str, at_ns: int) -> int | None:
        return 2_000_000 + 200 * ((at_ns - T0) // S)

    assert markouts.settle(T0 + S // 20, mid_at) == 0
    assert markouts.settle(T0 + 5 * S, mid_at) == 3
    assert [one.mean for one in record.taker_markouts[:3]] == pytest.approx([0.0, 1.0, 5.0])
    assert markouts.settle(T0 + HORIZONS_NS[-1], mid_at) == 3
    assert record.taker_markouts[-1].mean == pytest.approx(300.0)
    assert record.maker_markouts[0].weight == 0.0
    assert not any(markouts.waiting)


def test_a_fall_is_good_for_a_sale_and_makers_are_apart() -> None:
    markouts, record = board()
    markouts.add(fill(-1, maker=True))
    markouts.settle(T0 + S, lambda symbol, at_ns: 1_999_000)
    assert record.maker_markouts[1].mean == pytest.approx(5.0)


def test_no_mid_is_no_markout() -> None:
    markouts, record = board()
    markouts.add(fill())
    assert markouts.settle(T0 + 1_000 * S, lambda symbol, at_ns: None) == 0
    assert record.taker_markouts[0].weight == 0.0
    assert not any(markouts.waiting)


def test_the_oldest_give_way() -> None:
    markouts, _ = board()
    for k in range(WAITING_MAX + 3):
        markouts.add(fill(at_ns=T0 + k))
    assert [len(queue) for queue in markouts.waiting] == [WAITING_MAX] * len(HORIZONS_NS)
    assert markouts.dropped == 3 * len(HORIZONS_NS)
    assert markouts.waiting[0][0].at_ns == T0 + 3
