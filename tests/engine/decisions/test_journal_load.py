"""The mark above which nothing new begins."""

from __future__ import annotations

from engine.decisions.journal_load import JournalLoad


def test_it_is_high_past_half() -> None:
    load = JournalLoad(100)
    for depth, high in ((0, False), (50, False), (51, True), (100, True), (3, False)):
        load.depth = depth
        assert load.high is high
