"""A door reads its types from its handler."""

from __future__ import annotations

import pytest

from engine.model.graph import Graph, SimpleOrder
from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.rest.call import Call
from engine.service.rest.door import Door, path_names


class Query(Wire, frozen=True, kw_only=True):
    depth: int = 1


class Body(Wire, frozen=True, kw_only=True):
    qty: int


async def full(call: Call, query: Query, body: Body) -> list[int]:
    """Everything there is.

    Further lines are not the summary.
    """
    return []


async def optional(call: Call, query: None, body: Body | None) -> None:
    """A body that may be absent."""


async def raw(call: Call, query: None, body: bytes) -> int:
    """The body as it came."""
    return 0


async def socket(request: object, call: Call, nothing: None) -> object:
    """Talks by itself."""
    return None


def test_types_come_from_the_annotations() -> None:
    door = Door("POST", "/v1/x/{id}", Scope.TRADE, full, once=True)
    assert (door.query_type, door.body_type, door.answer_type) == (Query, Body, list[int])
    assert (door.body_optional, door.raw_body, door.once, door.writes) == (False, False, True, True)
    assert door.summary == "Everything there is"
    assert (door.name, door.tag, door.status) == ("full", "test_door", 200)
    assert path_names("/v1/x/{id}/y/{other}") == ["id", "other"]


def test_a_body_may_be_absent_or_raw() -> None:
    door = Door("PUT", "/v1/x", None, optional)
    assert (door.body_type, door.body_optional, door.query_type) == (Body, True, None)
    door = Door("POST", "/v1/x", None, raw, body_as=Graph | SimpleOrder)
    assert (door.raw_body, door.body_optional, door.body_type) == (True, False, Graph | SimpleOrder)


def test_a_socket_has_no_types() -> None:
    door = Door.of_socket("/v1/x", Scope.READ, socket)
    assert (door.method, door.socket, door.status, door.answer_type) == ("GET", True, 101, None)


def test_a_door_needs_a_summary() -> None:
    async def silent(call: Call, query: None, body: None) -> int:
        return 0

    with pytest.raises(AssertionError, match="docstring"):
        Door("GET", "/v1/x", None, silent)
