"""The ring of prints: the newest stay, in order, and it says since when none is missing."""

from __future__ import annotations

from engine.decisions.print_ring import PrintRing


def test_the_newest_stay_and_the_oldest_give_way() -> None:
    ring = PrintRing(3)
    assert ring.newest(9).tolist() == []
    for i in range(5):
        ring.put(100 + i, 10 + i, 1, i % 2, 7)
    assert [row[0] for row in ring.newest(9).tolist()] == [102, 103, 104]
    assert ring.newest(1).tolist() == [[104, 14, 1, 0, 7]]
    assert ring.count == 5


def test_nothing_is_missing_until_one_was_overwritten() -> None:
    ring = PrintRing(3)
    for i in range(3):
        ring.put(100 + i, 1, 1, 0, 0)
    assert ring.since_ns == 0
    ring.put(103, 1, 1, 0, 0)
    assert ring.since_ns == 101
