"""One strange item does not hide the others, and numbers come in any spelling."""

from __future__ import annotations

import logging

import msgspec
import pytest

from engine.service.api_error import ErrorCode
from engine.service.markets.rest_answers import number, read_items, unreadable


class Item(msgspec.Struct):
    name: str
    size: float | None = None


def test_a_strange_item_is_left_out_and_named(caplog: pytest.LogCaptureFixture) -> None:
    raw = [msgspec.Raw(one) for one in (b'{"name":"a","size":"2.5","more":[]}', b'{"name":7}')]
    with caplog.at_level(logging.WARNING):
        assert read_items(raw, Item, "kalshi") == [Item("a", 2.5)]
    assert "kalshi" in caplog.text


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.41", 0.41), (3, 3.0), (None, None), ("", None), ("x", None), ("nan", None), ("inf", None)],
)
def test_numbers(value: str | float | None, expected: float | None) -> None:
    assert number(value) == expected


def test_the_refusal_may_be_tried_again() -> None:
    error = unreadable("polymarket")
    assert error.code is ErrorCode.SERVICE_UNAVAILABLE
    assert error.retryable
