"""Records: volatility at its scales, a volume curve of whole half hours, and their size."""

from __future__ import annotations

import random

import pytest

from engine.intelligence.learned.records import (
    HORIZONS_NS,
    SLOTS,
    InstrumentRecord,
    VenueRecord,
    decode_instrument,
    decode_venue,
    encode_record,
)

S = 10**9
HALF_HOUR = 1_800 * S
T0 = 1_000_000 * HALF_HOUR


def test_volatility_of_a_walk_is_the_same_at_every_scale() -> None:
    rng, record, mid = random.Random(1), InstrumentRecord(), 2e9
    for second in range(6_000):
        mid *= 1.0 + rng.gauss(0.0, 3e-4)
        record.observe_mid(round(mid), T0 + second * S)
    for scale in (0, 1, 2):
        assert record.sigma_bps(scale, 1.0) == pytest.approx(3.0, rel=0.35)
    assert InstrumentRecord().sigma_bps(0, 1.5) == pytest.approx(1.5)


def test_a_gap_is_no_return() -> None:
    record = InstrumentRecord()
    record.observe_mid(1_000_000, T0)
    record.observe_mid(2_000_000, T0 + 10 * S)
    assert record.returns[0].weight == 0.0
    record.observe_mid(2_000_000, T0 + 11 * S)
    assert record.returns[0].weight == 1.0
    assert record.returns[0].mean == 0.0


def test_only_whole_half_hours_enter_the_curve() -> None:
    record = InstrumentRecord()
    record.observe_volume(5, T0 + HALF_HOUR // 2)
    record.observe_volume(7, T0 + HALF_HOUR)
    assert record.volume_1e8[T0 // HALF_HOUR % SLOTS] is None
    record.observe_volume(2, T0 + 2 * HALF_HOUR)
    assert record.volume_1e8[(T0 // HALF_HOUR + 1) % SLOTS] == 7
    record.interrupted()
    record.observe_volume(9, T0 + 2 * HALF_HOUR)
    record.observe_volume(9, T0 + 3 * HALF_HOUR)
    assert record.volume_1e8[(T0 // HALF_HOUR + 2) % SLOTS] is None


def test_a_day_later_the_curve_moves_by_a_fifth() -> None:
    record = InstrumentRecord()
    for slot in range(2 * SLOTS + 2):
        qty = 100 if slot <= SLOTS else 200
        record.observe_volume(qty, T0 + slot * HALF_HOUR)
    shares = record.volume_shares()
    assert shares is not None
    assert sum(shares) == pytest.approx(1.0)
    assert record.volume_1e8[(T0 // HALF_HOUR + 5) % SLOTS] == pytest.approx(120)


def test_a_curve_with_holes_is_none() -> None:
    assert InstrumentRecord().volume_shares() is None


def test_records_are_of_the_stated_size_and_come_back() -> None:
    venue, instrument = VenueRecord(), InstrumentRecord()
    for k in range(1_000):
        venue.answer_s.add(0.01 * (1 + k % 7), T0 + k * S)
        venue.frame_age_s.add(0.001 * (1 + k), T0 + k * S)
        instrument.observe_mid(1_000_000 + k, T0 + k * S)
        instrument.observe_volume(k, T0 + k * HALF_HOUR)
    for means in (venue.taker_markouts, venue.maker_markouts):
        assert len(means) == len(HORIZONS_NS)
    assert len(encode_record(venue)) < 4_000
    assert len(encode_record(instrument)) < 1_500
    assert decode_venue(encode_record(venue)) == venue
    assert decode_instrument(encode_record(instrument)) == instrument
