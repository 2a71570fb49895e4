"""Bounds of a page."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.api_error import ApiError
from engine.service.rest.pages import PageQuery, page_bounds


def asked(**values: str) -> PageQuery:
    return msgspec.convert(values, PageQuery, strict=False)


def test_a_cursor_wins_over_an_offset() -> None:
    assert page_bounds(asked()) == (50, 0, None)
    assert page_bounds(asked(limit="5", offset="7")) == (5, 7, None)
    assert page_bounds(asked(limit="5", offset="7", cursor="42")) == (5, 0, 42)


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.0", "9" * 30, "٣"])
def test_only_our_own_cursors(cursor: str) -> None:
    with pytest.raises(ApiError, match="no cursor of ours"):
        page_bounds(asked(cursor=cursor))


@pytest.mark.parametrize(("name", "value"), [("limit", "0"), ("limit", "1001"), ("offset", "-1")])
def test_bounds_are_checked(name: str, value: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        asked(**{name: value})
