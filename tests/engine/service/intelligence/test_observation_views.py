"""What was learned, in words: nothing is a number before it was seen."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from engine.intelligence.learned.records import HORIZONS_NS, InstrumentRecord, VenueRecord
from engine.service.engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.observation_views import (
    ObservationsView,
    markouts_seen,
    model_seen,
    sigmas,
    times_seen,
)
from tests.support.intelligence_rig import ended, with_board

S = 10**9
T0 = 1_700_000_000 * S


def test_nothing_seen_is_null_and_not_zero() -> None:
    record = VenueRecord()
    times = times_seen(record.answer_s)
    assert (times.p50_ms, times.p99_ms, times.weight) == (None, None, 0.0)
    assert {one.mean_bps for one in markouts_seen(record.taker_markouts)} == {None}
    assert model_seen(record.hazard).log_loss is None
    assert set(sigmas(InstrumentRecord()).values()) == {None}


def test_what_was_seen_is_in_the_stated_units() -> None:
    record = VenueRecord()
    record.answer_s.add(0.040, T0)
    assert times_seen(record.answer_s).p50_ms == pytest.approx(40.0, rel=0.08)
    for gain in (1.0, 3.0):
        record.taker_markouts[1].add(gain, T0)
    rows = markouts_seen(record.taker_markouts)
    assert [one.horizon_ms for one in rows] == [one // 10**6 for one in HORIZONS_NS]
    assert rows[1].mean_bps == 2.0
    assert rows[1].stderr_bps == pytest.approx(0.5**0.5)
    instrument = InstrumentRecord()
    for second in range(20):
        mid = 1_000_000 + 100 * (second % 2)
        instrument.observe_mid(mid, T0 + second * S)
    assert sigmas(instrument)["1s"] == pytest.approx(1.0, rel=0.01)


def test_a_view_of_a_running_engine_can_be_sent() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        await ended(engine, "g", qty=2)
        await engine.flush()
        await asyncio.sleep(0.3)
        for _ in range(3):
            await board.observer.step(time.time_ns())
        view = await board.observations("ETH-USD")
        again = msgspec.json.decode(msgspec.json.encode(view), type=ObservationsView)
        assert [one.venue for one in again.venues] == ["binance", "coinbase", "kraken"]
        assert sum(one.takes for one in again.venues) > 0.9
        hit = [one for one in again.venues if one.takes]
        assert all(one.answer.p50_ms and one.answer.p50_ms > 0.5 for one in hit)
        for one in again.venues:
            chances = [row.probability for row in one.touch_chances if row.side == "buy"]
            assert chances == sorted(chances)
            assert len(chances) == 3
        assert (again.kept, again.skipped_entries) == (False, 0)
        assert again.last_entry == engine.journal_parts[0].last_seq

    with_board(look)
