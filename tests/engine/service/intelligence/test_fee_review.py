"""Fees: by the schedule to the last unit, drift where the venue charges otherwise."""

from __future__ import annotations

import msgspec
import pytest

from engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.fee_review import fee_review
from tests.support.intelligence_rig import ended, facts_of, with_board


def test_fees_by_schedule_have_no_drift_and_others_show_it() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", qty=20))
        market = engine.world.markets["ETH-USD"]
        schedules = {one.venue: one.fees for one in market.listings}
        found = fee_review(facts, schedules)
        assert found.realised_1e9 == sum(one.realised_1e9 for one in found.per_venue) > 0
        assert [one.drift_1e9 for one in found.per_venue] == [0] * len(found.per_venue)
        assert found.realised_bps is not None and found.expected_bps is not None
        assert found.drift_bps == pytest.approx(found.realised_bps - found.expected_bps)
        dearer = [msgspec.structs.replace(one, fee_1e9=one.fee_1e9 + 11) for one in facts.fills]
        drifted = fee_review(msgspec.structs.replace(facts, fills=dearer), schedules)
        for one in drifted.per_venue:
            assert one.drift_1e9 == 11 * one.fills

    with_board(work)


def test_an_unknown_schedule_or_role_has_no_expectation() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        assert {one.expected_1e9 for one in fee_review(facts, {}).per_venue} == {None}
        fills = [msgspec.structs.replace(one, is_maker=None) for one in facts.fills]
        blind = msgspec.structs.replace(facts, fills=fills)
        schedules = {one.venue: one.fees for one in engine.world.markets["ETH-USD"].listings}
        assert {one.drift_1e9 for one in fee_review(blind, schedules).per_venue} == {None}

    with_board(work)


def test_the_venues_own_total_is_the_last_of_each_child() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        totals: dict[str, int] = {}
        fills = []
        for one in facts.fills:
            totals[one.client_order_id] = totals.get(one.client_order_id, 0) + one.fee_1e9
            told = totals[one.client_order_id] + 3
            fills.append(msgspec.structs.replace(one, venue_reported_cum_fee_1e9=told))
        found = fee_review(msgspec.structs.replace(facts, fills=fills), {})
        assert sum(one.reported_drift_1e9 or 0 for one in found.per_venue) == -3 * len(totals)
        none = [msgspec.structs.replace(one, venue_reported_cum_fee_1e9=None) for one in fills]
        blind = fee_review(msgspec.structs.replace(facts, fills=none), {})
        assert {one.venue_reported_1e9 for one in blind.per_venue} == {None}

    with_board(work)
