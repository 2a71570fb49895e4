"""Venue clocks as nanoseconds since 1970, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["NS_PER_MS", "NS_PER_US", "nanoseconds"]

NS_PER_MS: Final = 1_000_000
NS_PER_US: Final = 1_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def nanoseconds(stamp: datetime | None) -> int:
    """Nanoseconds of an ISO time that msgspec decoded; 0 where the venue gives none or nonsense.

    A time without a zone, or before 1970 (venues send year 1), is nonsense.
    """
    if stamp is None or stamp.tzinfo is None:
        return 0
    return max(0, (stamp - EPOCH) // MICROSECOND * NS_PER_US)
