"""The base of wire structs: strict, immutable, by keyword."""

from __future__ import annotations

import msgspec
import pytest

from engine.model.wire import Wire


class Point(Wire, frozen=True, kw_only=True):
    """A struct of two numbers."""

    x: int
    y: int = 2


def test_an_unknown_field_is_an_error_that_names_it() -> None:
    assert msgspec.json.decode(b'{"x": 1}', type=Point) == Point(x=1)
    with pytest.raises(msgspec.ValidationError, match="`z`"):
        msgspec.json.decode(b'{"x": 1, "z": 3}', type=Point)


def test_wire_structs_do_not_change_and_hash_by_value() -> None:
    point = Point(x=1)
    with pytest.raises(AttributeError, match="immutable"):
        point.x = 5  # type: ignore[misc]  # the struct is frozen
    assert hash(point) == hash(Point(x=1, y=2))


def test_fields_are_given_by_name() -> None:
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[call-arg]  # keywords only
