"""Words and rows of a review: sane sentences, no figure where none is known."""

from __future__ import annotations

import msgspec

from engine.service.cli.review_rows import (
    base_of,
    benchmark_rows,
    chosen_text,
    cost_rows,
    decision_figures,
    ended_sentence,
    fee_rows,
    fee_sentence,
    filled_sentence,
    forecast_sentence,
    markout_rows,
    money,
    number,
    quote_of,
    regret_sentences,
    time_text,
)
from engine.service.intelligence.review_views import OrderForecast
from tests.support.reviews import filled_review, unfilled_review


def test_figures_and_units() -> None:
    assert (number(None), number(1.23456), number(-0.0001), number(-2.0)) == (
        "unknown",
        "1.235",
        "0.000",
        "-2.000",
    )
    assert (money(None), money(1_500_000_000)) == ("unknown", "1.5000")
    assert (base_of("ETH-USD", False), base_of("slug:NO", True)) == ("ETH", "contracts")
    assert (quote_of("ETH-EUR", False), quote_of("a-slug", True), quote_of("X", False)) == (
        "EUR",
        "USD",
        "USD",
    )
    assert time_text(1_776_537_700_123_456_789) == "2026-04-18 18:41:40.123 UTC"


def test_what_filled_is_a_sentence_also_when_nothing_did() -> None:
    review = filled_review()
    assert filled_sentence(review).startswith("Filled 20 of 20 ETH at 2")
    assert "fills." in filled_sentence(review)
    one = msgspec.structs.replace(review.order, fill_count=1)
    assert filled_sentence(msgspec.structs.replace(review, order=one)).endswith("in 1 fill.")
    none = unfilled_review()
    assert filled_sentence(none) == "Nothing of 20 ETH filled."
    works = msgspec.structs.replace(none.order, terminal=False)
    assert filled_sentence(msgspec.structs.replace(none, order=works)) == "Nothing of 20 ETH yet."


def test_what_was_forecast_stands_beside_what_came() -> None:
    review = msgspec.structs.replace(filled_review(), forecast=None)
    assert forecast_sentence(review) == ""
    said = OrderForecast(
        made_ns=1,
        mid=2_000.0,
        p50_cost_bps=5.0,
        p90_cost_bps=7.25,
        realised_cost_bps=7.5,
        within_p90=False,
        p50_cost_cents=None,
        p90_cost_cents=None,
        realised_cost_cents=None,
        model_version="prior",
        sample_size=0,
        counted=True,
        reason="",
    )
    told = "Forecast at its start: 5.000 bps, at most 7.250 in nine of ten"
    review = msgspec.structs.replace(review, forecast=said)
    assert forecast_sentence(review) == f"{told}; it came to 7.500, above that."
    said = msgspec.structs.replace(said, realised_cost_bps=None, reason="it still works")
    review = msgspec.structs.replace(review, forecast=said)
    assert forecast_sentence(review) == f"{told}; it still works."


def test_how_it_ended_has_its_reason() -> None:
    assert "filled after" in ended_sentence(filled_review())
    assert "expired after" in ended_sentence(unfilled_review())
    assert ended_sentence(unfilled_review()).endswith("because: its time ran out.")
    told = ended_sentence(unfilled_review("EXPIRED"))
    assert told.endswith("because: its time ran out (EXPIRED).")
    silent = unfilled_review("")
    refused = msgspec.structs.replace(silent.children[0], reject_reason="post only")
    told = ended_sentence(msgspec.structs.replace(silent, children=(refused,)))
    assert told.endswith("children were refused: post only.")
    works = msgspec.structs.replace(silent.order, ended_ns=None, status="active")
    assert ended_sentence(msgspec.structs.replace(silent, order=works)).endswith("it is active.")


def test_rows_hold_the_reviews_own_figures() -> None:
    review = filled_review()
    assert review.tca is not None and review.tca_bps is not None
    rows = {row[0]: row for row in cost_rows(review)}
    assert rows["fees"][1:] == (
        f"{review.tca.fees_1e9 / 1e9:.4f}",
        f"{review.tca_bps['fees']:.3f}",
    )
    assert cost_rows(msgspec.structs.replace(review, tca_bps=None)) == []
    cents = msgspec.structs.replace(review, tca_cents={"fees": 0.5})
    assert {row[0]: row[3] for row in cost_rows(cents)}["fees"] == "0.500"
    assert benchmark_rows(review)[0][2] == f"{review.benchmarks.arrival_slippage_bps:.3f}"
    assert len(markout_rows(review)) == len(review.benchmarks.markouts)
    assert [row[0] for row in fee_rows(review)] == [one.venue for one in review.fees.per_venue]
    assert all(len(row) == 7 for row in fee_rows(review))


def test_a_decision_has_dashes_for_what_it_did_not_choose() -> None:
    one = filled_review().decisions[0]
    figures = decision_figures(one)
    assert figures[0] == f"{one.est_filled_cost_bps:.3f}" and figures[3] == one.best_single_venue
    alone = msgspec.structs.replace(one, best_single_venue=None, best_single_cost_bps=None)
    assert decision_figures(alone)[3:5] == ("none", "-")
    assert set(decision_figures(msgspec.structs.replace(one, chosen=()))) == {"-"}
    assert chosen_text(one) == "+".join(one.chosen)
    assert chosen_text(msgspec.structs.replace(one, chosen=())) == "none"
    posted = msgspec.structs.replace(one, kind="post", chosen=("a", "b"))
    assert chosen_text(posted) == "rest on a+b"
    assert decision_figures(posted) == (*figures[:3], "-", "-", "-")
    assert set(decision_figures(msgspec.structs.replace(posted, filled_qty_1e8=0))) == {"-"}


def test_fees_and_regret_as_sentences() -> None:
    review = filled_review()
    assert f"expected when it was accepted {review.fees.expected_bps:.3f} bps" in fee_sentence(
        review
    )
    assert fee_sentence(unfilled_review()).startswith("No fees;")
    # What takes and rests in shares that nobody knows has no expectation.
    for one in (review, unfilled_review()):
        fees = msgspec.structs.replace(one.fees, expected_bps=None, drift_bps=None)
        told = fee_sentence(msgspec.structs.replace(one, fees=fees))
        assert "unknown" not in told
        assert told.endswith("; when it was accepted it was not known which fees it would pay.")
    assert told.startswith("No fees")
    blamed = review.policy_regret
    assert blamed is not None
    told = " ".join(regret_sentences(review))
    assert f"between {blamed.low_bps:.3f} and {blamed.high_bps:.3f}" in told
    assert blamed.best_policy in told and blamed.chosen_policy in told
    assert regret_sentences(unfilled_review()) == []
