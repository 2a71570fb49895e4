"""Named ranges and explicit bounds."""

from __future__ import annotations

import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.windows import DAY_NS, window_ns

NOW = 100_000 * DAY_NS // 10


def test_ranges_count_back_from_now_and_max_from_the_epoch() -> None:
    assert window_ns("1h", None, None, NOW) == (NOW - DAY_NS // 24, NOW)
    assert window_ns("1w", None, None, NOW) == (NOW - 7 * DAY_NS, NOW)
    assert window_ns("max", None, None, NOW) == (0, NOW)


def test_both_bounds_override_the_range_even_an_unknown_one() -> None:
    assert window_ns("soon", 5, 9, NOW) == (5 * 10**9, 9 * 10**9)


@pytest.mark.parametrize(
    ("named", "start", "end", "field"),
    [
        ("soon", None, None, "range"),
        ("1d", 5, None, "start_ts"),
        ("1d", None, 5, "start_ts"),
        ("1d", 9, 9, "start_ts"),
        ("1d", 1, 10**12, "start_ts"),
    ],
)
def test_what_is_no_window_is_refused(
    named: str, start: int | None, end: int | None, field: str
) -> None:
    with pytest.raises(ApiError) as caught:
        window_ns(named, start, end, NOW)
    assert caught.value.code is ErrorCode.INVALID_PARAMS
    assert caught.value.details[0][0] == field
