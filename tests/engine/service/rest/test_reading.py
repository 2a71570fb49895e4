"""Queries and ids within their bounds; bodies are read over real HTTP in the dispatcher's test."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.service.api_error import ApiError
from engine.service.rest.limits import QUERY_FIELDS_MAX, REQUEST_ID_MAX
from engine.service.rest.reading import odd_number, query_of, request_id_of, strings_asked


def test_parameters_are_decoded_and_blank_ones_kept() -> None:
    assert query_of("a=1&b=x%3Ay&c=") == {"a": "1", "b": "x:y", "c": ""}


@pytest.mark.parametrize(
    "text", ["a=1&a=2", "&".join(f"a{k}=1" for k in range(QUERY_FIELDS_MAX + 1))]
)
def test_twice_or_too_many_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        query_of(text)


class Numbers(msgspec.Struct):
    """A query with every kind of number."""

    count: int = 0
    cost: float = 0.0
    qty: Decimal = Decimal(0)
    name: str = ""


@pytest.mark.parametrize(
    ("texts", "odd"),
    [
        ({"count": "5", "cost": "1.5", "qty": "1e-2", "name": "1_0"}, ""),
        ({"cost": "nan"}, "cost"),
        ({"cost": "-inf"}, "cost"),
        ({"count": "1", "qty": "1_000"}, "qty"),
        ({"qty": " 1"}, "qty"),
        ({"qty": "\u0663"}, "qty"),
    ],
)
def test_numbers_are_plain_digits(texts: dict[str, str], odd: str) -> None:
    assert odd_number(msgspec.convert(texts, Numbers, strict=False), texts) == odd


def test_an_id_is_kept_only_where_it_is_sane() -> None:
    assert request_id_of("abc-1") == "abc-1"
    for bad in (None, "", "x" * (REQUEST_ID_MAX + 1), "a\nb", "ä"):
        made = request_id_of(bad)
        assert made != bad
        assert len(made) == 36
    assert request_id_of(None) != request_id_of(None)


def test_how_integers_are_wanted() -> None:
    assert (strings_asked("string"), strings_asked("number")) == (True, False)
    with pytest.raises(ApiError):
        strings_asked("yes")
