"""Benchmarks: VWAP without own prints, PWP, markouts and their missing parts."""

from __future__ import annotations

import pytest

from engine.intelligence.benchmarks import (
    Print,
    interval_vwap,
    markout,
    pwp,
    slippage_bps,
)

S = 1_000_000_000
OWN = [Print(10 * S, 103, 5)]


def test_slippage_is_a_cost_for_whoever_pays_more_or_gets_less() -> None:
    assert slippage_bps(1, 101.0, 100.0) == pytest.approx(100.0)
    assert slippage_bps(-1, 101.0, 100.0) == pytest.approx(-100.0)
    assert slippage_bps(1, 101.0, None) is None


def test_the_interval_vwap_leaves_out_own_prints_and_the_outside() -> None:
    tape = [
        Print(8 * S, 50, 1_000),
        Print(9 * S, 100, 10),
        Print(10 * S, 103, 5),
        Print(11 * S, 103, 5),
        Print(12 * S, 110, 10),
        Print(20 * S, 500, 1_000),
    ]
    found, why = interval_vwap(tape, OWN, 9 * S, 12 * S)
    assert why == ""
    assert found == pytest.approx((100 * 10 + 103 * 5 + 110 * 10) / 25)


def test_an_interval_without_others_has_no_vwap() -> None:
    assert interval_vwap([Print(10 * S, 103, 5)], OWN, 9 * S, 12 * S)[0] is None
    few = [Print(10 * S, 103, 5), Print(11 * S, 104, 4)]
    found, why = interval_vwap(few, OWN, 9 * S, 12 * S)
    assert found is None and "less than this order" in why


def test_pwp_goes_on_until_the_market_traded_the_multiple() -> None:
    tape = [Print(9 * S, 100, 30), Print(10 * S, 103, 5), Print(11 * S, 110, 100)]
    found, why = pwp(tape, OWN, 9 * S, 0.1)
    assert (why, found) == ("", pytest.approx((100 * 30 + 110 * 20) / 50))
    assert pwp(tape, OWN, 9 * S, 0.01)[0] is None


def test_a_markout_weighs_fills_whose_later_mid_is_known() -> None:
    fills = [Print(0, 100, 1), Print(S, 100, 3), Print(2 * S, 100, 100)]
    mids = {S: 2 * 101, 2 * S: 2 * 102}
    found = markout(1, fills, 1_000, mids.get, 9 * S)
    assert found.markout_bps == pytest.approx((100 * 1 + 200 * 3) / 4)
    assert found.fills == 2 and "2 of 3" in found.reason
    assert markout(-1, fills, 1_000, mids.get, 9 * S).markout_bps == pytest.approx(-175.0)
    assert markout(1, fills, 5_000, mids.get, 9 * S).markout_bps is None


def test_a_markout_says_when_it_will_be_known() -> None:
    fills = [Print(0, 100, 1), Print(2 * S, 100, 1)]
    mids = {S: 2 * 101}
    found = markout(1, fills, 1_000, mids.get, 2 * S)
    assert found.markout_bps == pytest.approx(100.0)
    assert (found.fills, found.due_ns) == (1, 3 * S)
    moment = "1970-01-01 00:00:03 UTC"
    assert found.reason == f"the time has not passed yet for 1 of 2 fills: known from {moment} on"
    early = markout(1, fills, 1_000, {S: 202, 3 * S: 202}.get, S - 1)
    assert early.markout_bps is None, "a mid of later on is not known now"
    assert early.reason == f"the time has not passed yet: known from {moment} on"
    over = markout(1, fills, 1_000, dict[int, int]().get, 9 * S)
    assert (over.markout_bps, over.due_ns) == (None, None)
    assert over.reason == "no mid was seen that long after a fill"
    assert markout(1, [], 1_000, mids.get, 0).reason == "nothing has filled"
