"""Why a venue was chosen to rest on, what was next best, and what a fill there would cost."""

from __future__ import annotations

from typing import Any

import pytest

from engine.intelligence.post_audit import audit_post, filled_cost_bps
from engine.model.records import PostRecord, PostRules
from engine.model.units import Side

QTY = 10**8
MID = 64_000 * 10**9
TICK = 10**7
PRICE = MID - 64 * 10**8
NONE_BID, NONE_ASK = 0, 2**63 - 1


def rules(name: str, maker_ppm: int | None, exponent: int = 0, least: int = 1_000) -> PostRules:
    return PostRules(name, maker_ppm, exponent, TICK, 1_000, least, 0)


def record(**fields: Any) -> PostRecord:
    """A buy 1 bps below the mid that went to b: cheaper than a, which c and d are not."""
    venues = (rules("a", 200), rules("b", -50), rules("c", 100), rules("d", None))
    values: dict[str, Any] = {
        "decision_id": 3,
        "attempt": 2,
        "routing_version": 1,
        "symbol": "BTC-USD",
        "side": Side.BUY,
        "qty_1e8": QTY,
        "price_1e9": PRICE,
        "venues_max": 1,
        "mid_1e9": MID,
        "rules": venues,
        "eligibility": ("", "", "", "FEE_UNKNOWN"),
        "own_1e9": (PRICE,) * 4,
        "far_1e9": (MID + TICK, MID + TICK, PRICE, NONE_ASK),
        "meets_own": (),
        "places": ((1, QTY, PRICE),),
        "unplaced_qty_1e8": 0,
        "reason": "",
    }
    return PostRecord(**(values | fields))


def test_the_cheapest_maker_that_does_not_cross_and_what_the_next_would_have_charged() -> None:
    seen = audit_post(record())
    assert seen.redone and seen.chosen == ("b",)
    told = [(one.venue, one.eligible, one.reason, one.taken_qty_1e8) for one in seen.candidates]
    assert told == [
        ("a", True, "", 0),
        ("b", True, "", QTY),
        ("c", False, "POST_ONLY_WOULD_CROSS", 0),
        ("d", False, "FEE_UNKNOWN", 0),
    ]
    at = PRICE / MID
    assert seen.candidates[1].price_bps == pytest.approx(-1.0)
    assert seen.candidates[1].fee_bps == pytest.approx(-0.5 * at)
    assert seen.candidates[1].score_bps == seen.candidates[1].fee_bps
    assert [one.examined_levels for one in seen.candidates] == [1, 1, 1, 0]
    assert seen.candidates[3].fee_bps is None
    assert seen.est_cost_bps == pytest.approx(-1.0 - 0.5 * at)
    assert seen.next_venue == "a" and seen.next_fee_bps == pytest.approx(2.0 * at)
    assert seen.saving_bps == pytest.approx(2.5 * at)
    assert seen.why == (
        "b: cheapest maker fee among those where it does not cross, from -0.50 bps; the next is a; "
        "not eligible: c (POST_ONLY_WOULD_CROSS), d (FEE_UNKNOWN)"
    )


def test_another_choice_than_the_inputs_give_is_not_redone() -> None:
    assert not audit_post(record(places=((0, QTY, PRICE),))).redone
    assert not audit_post(record(unplaced_qty_1e8=1)).redone
    assert not audit_post(record(reason="BELOW_MINIMUM")).redone


def test_nothing_placed_has_no_cost_and_no_next_best() -> None:
    seen = audit_post(
        record(
            far_1e9=(PRICE,) * 4, places=(), unplaced_qty_1e8=QTY, reason="POST_ONLY_WOULD_CROSS"
        )
    )
    assert seen.redone and seen.chosen == ()
    assert (seen.est_cost_bps, seen.next_venue, seen.next_fee_bps, seen.saving_bps) == (None,) * 4
    assert seen.why.startswith("nothing was placed: a (POST_ONLY_WOULD_CROSS), b (")


def test_several_venues_are_weighed_by_what_each_got() -> None:
    half = QTY // 2
    free = (MID,) * 4
    made = record(venues_max=2, far_1e9=free, places=((1, half, PRICE), (2, half, PRICE)))
    seen = audit_post(made)
    assert seen.redone and seen.chosen == ("b", "c")
    assert seen.next_venue == "a"
    assert seen.saving_bps == pytest.approx((2.0 - (1.0 - 0.5) / 2) * PRICE / MID)
    assert seen.est_cost_bps == pytest.approx(-1.0 + 0.25 * PRICE / MID)
    only = filled_cost_bps(made, {"c": 7})
    assert only == pytest.approx(-1.0 + 1.0 * PRICE / MID)
    assert filled_cost_bps(made, {"a": 7}) is None
    assert filled_cost_bps(made, {}) is None


def test_without_a_mid_there_are_no_bps() -> None:
    seen = audit_post(record(mid_1e9=0))
    assert seen.redone and seen.next_venue == "a"
    assert seen.est_cost_bps is None and seen.next_fee_bps is None and seen.saving_bps is None
    assert all(one.score_bps is None for one in seen.candidates)
    assert " bps" not in seen.why


def test_the_rest_of_a_limit_order_passes_over_a_venue_where_one_of_ours_stands() -> None:
    own = (False, True, False, False)
    made = record(venues_max=0, meets_own=own, places=((2, QTY, PRICE),), far_1e9=(MID,) * 4)
    seen = audit_post(made)
    assert seen.redone and seen.chosen == ("c",)
    assert seen.candidates[1].reason == "OWN_ORDER"
    assert "without meeting our own orders" in seen.why
    crossed = record(venues_max=0, meets_own=(False,) * 4, far_1e9=(MID, PRICE, MID, MID))
    assert audit_post(crossed).redone
    assert audit_post(crossed).est_cost_bps is None, "it may take there, at a price of then"


def test_the_fee_of_an_event_contract_is_that_of_its_shape() -> None:
    price = 4 * 10**8
    made = record(
        rules=(rules("a", 70_000, 1), rules("b", 10_000, 1)),
        eligibility=("", ""),
        own_1e9=(NONE_BID, NONE_BID),
        far_1e9=(NONE_ASK, NONE_ASK),
        price_1e9=price,
        mid_1e9=5 * 10**8,
        places=((1, QTY, price),),
    )
    seen = audit_post(made)
    assert seen.redone
    # 0.01 x p (1 - p) USD a contract, of a mid of 0.5 USD.
    assert seen.candidates[1].fee_bps == pytest.approx(1e4 * 0.01 * 0.4 * 0.6 / 0.5)


def test_a_sell_costs_with_the_other_sign() -> None:
    price = MID + 64 * 10**8
    made = record(
        side=Side.SELL,
        price_1e9=price,
        far_1e9=(MID, MID, MID, NONE_BID),
        places=((1, QTY, price),),
    )
    seen = audit_post(made)
    assert seen.redone
    assert seen.candidates[1].price_bps == pytest.approx(-1.0)
    assert seen.candidates[2].eligible and seen.next_venue == "c"
