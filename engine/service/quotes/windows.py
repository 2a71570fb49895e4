"""Which time a history is asked for: a named range back from now, or two unix seconds."""

from __future__ import annotations

from typing import Final

from engine.service.api_error import ApiError, ErrorCode

__all__ = ["DAY_NS", "RANGES", "window_ns"]

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
SECONDS_MAX: Final = 9_000_000_000
RANGES: Final = {
    "1h": DAY_NS // 24,
    "6h": DAY_NS // 4,
    "1d": DAY_NS,
    "1w": 7 * DAY_NS,
    "1m": 30 * DAY_NS,
    "3m": 90 * DAY_NS,
    "6m": 180 * DAY_NS,
    "1y": 365 * DAY_NS,
    "2y": 730 * DAY_NS,
    "5y": 1_825 * DAY_NS,
    "max": None,
}


def window_ns(named: str, start_ts: int | None, end_ts: int | None, now_ns: int) -> tuple[int, int]:
    """(start, end) in ns; both of `start_ts` and `end_ts` go before the named range.

    ApiError INVALID_PARAMS for a range of no known name, one bound alone, or bounds in the wrong
    order.
    """
    if (start_ts is None) != (end_ts is None):
        raise _refused("start_ts", "start_ts and end_ts are given both or neither")
    if start_ts is not None and end_ts is not None:
        if not 0 <= start_ts < end_ts <= SECONDS_MAX:
            raise _refused("start_ts", "start_ts lies before end_ts, both in unix seconds")
        return start_ts * SECOND_NS, end_ts * SECOND_NS
    if named not in RANGES:
        raise _refused("range", f"range {named!r} is not known; use one of {', '.join(RANGES)}")
    length = RANGES[named]
    return (0 if length is None else now_ns - length), now_ns


def _refused(field: str, text: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_PARAMS, text, [(field, text)])
