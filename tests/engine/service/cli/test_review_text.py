"""A review in the terminal: short, with benchmarks, fees and decisions."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.cli.review_text import print_review
from engine.service.intelligence.views import Review
from tests.support.reviews import filled_review, unfilled_review


def printed(review: Review, capsys: pytest.CaptureFixture[str]) -> str:
    print_review(review)
    return capsys.readouterr().out


def test_it_has_benchmarks_fees_and_decisions(capsys: pytest.CaptureFixture[str]) -> None:
    review = filled_review()
    out = printed(review, capsys)
    for words in ("Filled 20 of 20 ETH", "TWAP", "VWAP", "arrival mid", "drift", "best alone"):
        assert words in out
    assert f"{review.decisions[0].realised_cost_bps:.3f}" in out
    assert "redone from its record: the same again" in out
    lines = [one for one in out.splitlines() if not one.startswith(("decision ", "Policy", "Fees"))]
    assert max(map(len, lines)) <= 120


def test_nothing_filled_is_told_in_sane_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(unfilled_review(), capsys)
    assert "Nothing of 20 ETH filled." in out and "at nothing" not in out
    assert "because: its time ran out" in out and "No routing decision" in out
    assert "against benchmarks" not in out


def test_decisions_that_are_not_the_same_again_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    review = filled_review()
    first = review.decisions[0]
    other = msgspec.structs.replace(first, decision_id=77, redone=False, chosen=())
    out = printed(msgspec.structs.replace(review, decisions=(first, other)), capsys)
    assert "redone from 2 records: NOT the same again: 77" in out
    (row,) = [one for one in out.splitlines() if one.strip().startswith("77 ")]
    assert row.split() == ["77", "none", *"------"]


def test_many_children_are_cut_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    review = filled_review()
    many = msgspec.structs.replace(review, children=review.children[:1] * 50)
    out = printed(many, capsys)
    assert "and 30 more; --json has them all" in out


def test_a_limit_and_unknown_costs(capsys: pytest.CaptureFixture[str]) -> None:
    review = filled_review()
    order = msgspec.structs.replace(review.order, limit_price_1e9=2_500_000_000_000)
    marks = tuple(
        msgspec.structs.replace(one, markout_bps=None, reason="not seen")
        for one in review.benchmarks.markouts
    )
    seen = msgspec.structs.replace(review.benchmarks, markouts=marks)
    changed = msgspec.structs.replace(review, order=order, tca=None, benchmarks=seen)
    out = printed(changed, capsys)
    assert "ETH-USD limit 2500," in out and "no markouts: not seen" in out
    assert "cost against the arrival mid" not in out
