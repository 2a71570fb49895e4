"""Fees: by the schedule to the last unit, drift where the venue charges otherwise."""

from __future__ import annotations

import msgspec
import pytest

from engine import ExecutionEngine
from engine.model.units import QTY_SCALE
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.fee_review import fee_review
from engine.service.intelligence.other_side import facts_of_no
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board


def test_fees_by_schedule_have_no_drift_and_others_show_it() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", qty=20))
        market = engine.world.markets["ETH-USD"]
        schedules = {one.venue: one.fees for one in market.listings}
        found = fee_review(facts, schedules, [])
        assert found.realised_1e9 == sum(one.realised_1e9 for one in found.per_venue) > 0
        assert [one.drift_1e9 for one in found.per_venue] == [0] * len(found.per_venue)
        assert found.realised_bps is not None and found.expected_bps is not None
        assert found.drift_bps == pytest.approx(found.realised_bps - found.expected_bps)
        dearer = [msgspec.structs.replace(one, fee_1e9=one.fee_1e9 + 11) for one in facts.fills]
        drifted = fee_review(msgspec.structs.replace(facts, fills=dearer), schedules, [])
        for one in drifted.per_venue:
            assert one.drift_1e9 == 11 * one.fills

    with_board(work)


def test_an_unknown_schedule_or_role_has_no_expectation() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts, missing = facts_of(engine, await ended(engine, "a")), list[str]()
        assert {one.expected_1e9 for one in fee_review(facts, {}, missing).per_venue} == {None}
        fills = [msgspec.structs.replace(one, is_maker=None) for one in facts.fills]
        blind = msgspec.structs.replace(facts, fills=fills)
        schedules = {one.venue: one.fees for one in engine.world.markets["ETH-USD"].listings}
        assert {one.drift_1e9 for one in fee_review(blind, schedules, missing).per_venue} == {None}
        count = len({one.venue for one in facts.fills})
        assert sum("no schedule" in one for one in missing) == count
        assert sum("do not tell whether they rested" in one for one in missing) == count
        assert fee_review(blind, schedules, []).role_unknown_fills == len(fills)
        assert fee_review(facts, schedules, []).role_unknown_fills == 0

    with_board(work)


def test_one_basis_for_what_was_charged_and_expected_on_either_side() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        node = {
            "node_id": "order",
            "instrument": {"symbol": "btc-above-70k-year-end", "type": "prediction"},
            "side": "sell",
            "quantity": {"fixed": {"qty_1e8": 10 * ETH}},
        }
        run = await engine.submit({"graph_id": "a", "nodes": [node], "edges": []})
        await run.done(timeout_s=30)
        facts = facts_of(engine, "a:order:1")
        yes, no = fee_review(facts, {}, []), fee_review(facts_of_no(facts), {}, [], mirrored=True)
        for found, of in ((yes, facts), (no, facts_of_no(facts))):
            unit = of.arrival_x2 / 2 * of.filled_1e8 / QTY_SCALE
            assert found.realised_bps == pytest.approx(1e4 * found.realised_1e9 / unit)
            assert found.realised_bps is not None and found.expected_bps is not None
            assert found.drift_bps == pytest.approx(found.realised_bps - found.expected_bps)
            # All took at the touch that the rate was of, but for what the book walked.
            assert found.expected_bps == pytest.approx(found.realised_bps, rel=0.02)
        # Money is the same on both sides.
        for name in ("realised_cents", "expected_cents", "drift_cents"):
            assert getattr(yes, name) == pytest.approx(getattr(no, name))
        assert yes.realised_cents == pytest.approx(yes.realised_1e9 / 10 / 1e7)

    with_board(work, events=True)


def test_the_venues_own_total_is_the_last_of_each_child() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        totals: dict[str, int] = {}
        fills = []
        for one in facts.fills:
            totals[one.client_order_id] = totals.get(one.client_order_id, 0) + one.fee_1e9
            told = totals[one.client_order_id] + 3
            fills.append(msgspec.structs.replace(one, venue_reported_cum_fee_1e9=told))
        found = fee_review(msgspec.structs.replace(facts, fills=fills), {}, [])
        assert sum(one.reported_drift_1e9 or 0 for one in found.per_venue) == -3 * len(totals)
        none = [msgspec.structs.replace(one, venue_reported_cum_fee_1e9=None) for one in fills]
        blind = fee_review(msgspec.structs.replace(facts, fills=none), {}, [])
        assert {one.venue_reported_1e9 for one in blind.per_venue} == {None}

    with_board(work)
