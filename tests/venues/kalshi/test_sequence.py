"""Verdicts on message numbers: what proves a loss and what does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from venues.kalshi.sequence import RECENT_MAX, Numbering, Verdict


def test_a_jump_in_a_whole_subscription_is_a_loss() -> None:
    numbering = Numbering(whole=True)
    verdicts = [numbering.judge(seq, snapshot=False) for seq in (1, 2, 4, 5)]
    assert verdicts == [Verdict.FOLLOWS, Verdict.FOLLOWS, Verdict.LOSS, Verdict.FOLLOWS]


def test_a_jump_in_a_recording_of_one_market_is_other_markets_messages() -> None:
    numbering = Numbering(whole=False)
    verdicts = {numbering.judge(seq, snapshot=False) for seq in (7_490_826, 7_490_900, 7_491_000)}
    assert verdicts == {Verdict.FOLLOWS}


def test_beginning_with_one_and_two_proves_that_all_is_seen() -> None:
    numbering = Numbering(whole=False)
    assert numbering.judge(1, snapshot=True) is Verdict.FOLLOWS
    assert numbering.judge(2, snapshot=False) is Verdict.FOLLOWS
    assert numbering.judge(4, snapshot=False) is Verdict.LOSS


def test_beginning_with_one_and_a_jump_proves_nothing() -> None:
    numbering = Numbering(whole=False)
    assert numbering.judge(1, snapshot=True) is Verdict.FOLLOWS
    assert numbering.judge(23, snapshot=False) is Verdict.FOLLOWS


def test_a_lower_snapshot_is_a_new_connection_and_its_numbering_counts() -> None:
    numbering = Numbering(whole=False)
    numbering.judge(2_423_548, snapshot=False)
    assert numbering.judge(22, snapshot=True) is Verdict.RESTART
    assert numbering.judge(40, snapshot=False) is Verdict.FOLLOWS


def test_duplicates_are_known_and_late_messages_are_a_loss() -> None:
    numbering = Numbering(whole=False)
    for seq in (100, 110, 120):
        numbering.judge(seq, snapshot=False)
    assert numbering.judge(120, snapshot=False) is Verdict.DUPLICATE
    assert numbering.judge(110, snapshot=False) is Verdict.DUPLICATE
    assert numbering.judge(115, snapshot=False) is Verdict.LOSS


@given(st.lists(st.integers(min_value=0, max_value=1 << 40), max_size=300), st.booleans())
def test_memory_is_bounded_and_verdicts_total(numbers: list[int], whole: bool) -> None:
    numbering = Numbering(whole=whole)
    for seq in numbers:
        assert isinstance(numbering.judge(seq, snapshot=seq % 7 == 0), Verdict)
    assert len(numbering.recent) <= RECENT_MAX
