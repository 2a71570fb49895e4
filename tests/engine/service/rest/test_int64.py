"""Only integers beyond 2^53 become text."""

from __future__ import annotations

import msgspec

from engine.service.rest.int64 import SAFE_MAX, wants_strings, with_strings


class Row(msgspec.Struct):
    small: int
    large: int
    flag: bool
    rows: list[int]


def test_large_ones_are_text_and_small_ones_stay() -> None:
    row = Row(SAFE_MAX, -SAFE_MAX - 1, True, [1, SAFE_MAX + 1])
    assert with_strings({"row": row}) == {
        "row": {
            "small": SAFE_MAX,
            "large": str(-SAFE_MAX - 1),
            "flag": True,
            "rows": [1, str(SAFE_MAX + 1)],
        }
    }


def test_the_header_asks_for_it() -> None:
    assert wants_strings("application/json; int64=string")
    assert not wants_strings("application/json")
