"""The audit: decisions are redone bit for bit, tampering shows, and no split beats the bound."""

from __future__ import annotations

import msgspec
import pytest

from engine.intelligence.audit import audit
from tests.support.pictures import decide

QTY = 3 * 10**9


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("version", [1, 2])
def test_a_decision_is_redone_and_nothing_was_better(seed: int, side: int, version: int) -> None:
    record = decide(seed, QTY, side, version=version)
    seen = audit(record)
    assert seen.redone
    assert seen.plan_cost_bps is not None and seen.bound_cost_bps is not None
    assert seen.optimality_gap_bps == pytest.approx(0.0, abs=1e-6), "greedy is exact here"
    assert seen.est_cost_bps is not None
    assert sum(one.taken_qty_1e8 for one in seen.candidates) == QTY
    assert set(seen.chosen) == {one.venue for one in seen.candidates if one.taken_qty_1e8}
    if version == 1:
        # All venues are equally far here, so that price and fee alone decide.
        if seen.best_single_cost_bps is not None:
            assert seen.saving_vs_single_bps is not None and seen.saving_vs_single_bps >= -1e-6
        late = sum((one.terms_bps or 0.0) * one.taken_qty_1e8 for one in seen.candidates) / QTY
        assert seen.plan_cost_bps == pytest.approx(seen.est_cost_bps + late, abs=1e-5)


def test_lots_cost_something_and_the_gap_shows_it() -> None:
    gaps = []
    for seed in range(12):
        seen = audit(decide(seed, 3 * 10**9, lot_1e8=10**9))
        assert seen.redone
        if seen.optimality_gap_bps is not None:
            assert seen.optimality_gap_bps >= 0.0
            gaps.append(seen.optimality_gap_bps)
    assert gaps and max(gaps) > 0.0


def test_a_record_that_was_changed_is_not_redone() -> None:
    record = decide(1, 3 * 10**9)
    venue, qty, limit = record.legs[0]
    legs = ((venue, qty - 1, limit), *record.legs[1:])
    assert not audit(msgspec.structs.replace(record, legs=legs)).redone


def test_ineligible_venues_are_named_with_their_reason() -> None:
    seen = audit(decide(1, 10**9, pinned="v2"))
    assert seen.chosen == ("v2",)
    assert [one.eligible for one in seen.candidates] == [False, False, True, False]
    assert "v0 (PINNED_ELSEWHERE)" in seen.why


def test_a_decision_that_placed_nothing_says_so() -> None:
    seen = audit(decide(1, 10**9, pinned="nowhere"))
    assert seen.chosen == () and seen.plan_cost_bps is None and seen.est_cost_bps is None
    assert seen.why.startswith("nothing was placed")
