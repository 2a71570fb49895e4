"""The report of a replay: what excluded a venue, why nothing filled, and costs against the mid."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from engine.messages import StaleReason
from engine.service.replay_report import ReplayOutcome, Review, exclusions, why_unfilled
from tests.support.recorded_lines import START, coinbase_snapshot, hyperliquid_book, stamped
from tests.support.replay_cases import market_order, run_json


def outcome(status: str, eligibility: dict[str, str], reason: str = "") -> ReplayOutcome:
    review = Review(None, None, None, None, None, None, eligibility, reason)
    return ReplayOutcome("X", "buy", status, 1, 0, 0, 0, 0, [], [], review)


@pytest.mark.parametrize("reason", list(StaleReason))
def test_every_reason_of_a_stale_book_has_its_words(reason: StaleReason) -> None:
    (sentence,) = exclusions(outcome("rejected", {"a": "STALE_VENUE"}), {"a": reason})
    assert sentence.startswith("a was STALE_VENUE (") and sentence.endswith(")")


def test_only_venues_that_were_left_out_are_named() -> None:
    codes = {"a": "", "b": "CROSSED_BOOK", "c": "STALE_VENUE"}
    stale = {"c": StaleReason.GAP, "a": StaleReason.GAP}
    found = exclusions(outcome("filled", codes), stale)
    assert [sentence.split()[0] for sentence in found] == ["b", "c"]
    assert "frames were missing" in found[1]


def test_why_nothing_was_filled() -> None:
    working = outcome("executing", {"a": "CROSSED_BOOK"})
    assert "still worked at the end" in why_unfilled(working, {})
    crossed = outcome("rejected", {"a": "CROSSED_BOOK"}, "CROSSED_BOOK")
    assert why_unfilled(crossed, {}) == "nothing was filled: a was CROSSED_BOOK"
    bare = outcome("rejected", {"a": ""}, "NO_LIQUIDITY")
    assert why_unfilled(bare, {}) == "nothing was filled: NO_LIQUIDITY"


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_costs_are_bps_of_the_mid_with_fees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], side: str
) -> None:
    (tmp_path / "a").write_text(stamped([(START, coinbase_snapshot("X", 94))]))
    (tmp_path / "b").write_text(stamped([hyperliquid_book(0)]))
    words = ["--feed", f"coinbase:X={tmp_path / 'a'}", "--feed", f"hyperliquid:X={tmp_path / 'b'}"]
    words += [
        "--fee-bps",
        "coinbase=12",
        "--at",
        "0",
        "--order",
        market_order("X", side, 9 * 10**8),
    ]
    code, found, _ = run_json(capsys, words)
    assert code == 0
    assert set(found) == {field.name for field in msgspec.structs.fields(ReplayOutcome)}
    review = msgspec.convert(found["review"], Review)
    mid = Fraction(201, 2)
    assert review.arrival_mid_1e9 == mid * 10**9
    sign = 1 if side == "buy" else -1
    paid = Fraction(found["avg_fill_price_1e9"]) / 10**9
    fees = Fraction(found["fees_1e9"]) / 10**9 / 9
    cost = (sign * (paid - mid) + fees) / mid * 10_000
    assert review.realised_cost_bps == pytest.approx(float(cost), abs=1e-6)
    assert review.est_cost_bps == pytest.approx(float(cost), abs=1e-6)
    assert review.est_cost_bps is not None
    assert review.best_single_venue == "hyperliquid"
    assert review.best_single_cost_bps is not None and review.saved_bps is not None
    saved = review.best_single_cost_bps - review.est_cost_bps
    assert review.saved_bps == pytest.approx(saved)
    legs = found["legs"]
    assert isinstance(legs, list)
    assert sum(leg["qty_1e8"] for leg in legs) == 9 * 10**8
