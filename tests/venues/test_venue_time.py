"""Venue times become nanoseconds exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.venue_time import nanoseconds


@given(st.integers(0, 4 * 10**15))
def test_microseconds_survive(micros: int) -> None:
    stamp = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    text = msgspec.json.encode(stamp)
    assert nanoseconds(msgspec.json.decode(text, type=datetime)) == micros * 1_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'"2021-04-17T16:43:37.075687Z"', 1_618_677_817_075_687_000),
        (b'"1970-01-01T01:00:00.000001+01:00"', 1_000),
        (b'"0001-01-01T00:00:00.000000Z"', 0),
        (b'"2021-04-17T16:43:37"', 0),
    ],
)
def test_iso_texts(text: bytes, expected: int) -> None:
    assert nanoseconds(msgspec.json.decode(text, type=datetime)) == expected


def test_no_time_is_zero() -> None:
    assert nanoseconds(None) == 0
