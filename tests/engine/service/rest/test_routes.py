"""The tree of doors: literal parts win, parts are decoded after the split, 405 knows methods."""

from __future__ import annotations

import pytest

from engine.service.access.scopes import Scope
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.routes import Routes


async def handler(call: Call, query: None, body: None) -> int:
    """One handler for all."""
    return 0


def door(method: str, path: str) -> Door:
    return Door(method, path, Scope.READ, handler)


ONE, LIST, NEW = door("GET", "/v1/a/{id}"), door("GET", "/v1/a"), door("POST", "/v1/a")
LITERAL, DEEP = door("GET", "/v1/a/special"), door("PATCH", "/v1/a/{id}/b/{other}")
ROUTES = Routes([ONE, LIST, NEW, LITERAL, DEEP])


@pytest.mark.parametrize(
    ("method", "path", "found", "parts"),
    [
        ("GET", "/v1/a", LIST, {}),
        ("POST", "/v1/a", NEW, {}),
        ("GET", "/v1/a/x", ONE, {"id": "x"}),
        ("GET", "/v1/a/graph%3Ag1%3Aorder%3A1", ONE, {"id": "graph:g1:order:1"}),
        ("GET", "/v1/a/one%2Ftwo", ONE, {"id": "one/two"}),
        ("GET", "/v1/a/special", LITERAL, {}),
        ("PATCH", "/v1/a/special/b/2", DEEP, {"id": "special", "other": "2"}),
        ("PATCH", "/v1/a/1/b/2", DEEP, {"id": "1", "other": "2"}),
    ],
)
def test_found(method: str, path: str, found: Door, parts: dict[str, str]) -> None:
    assert ROUTES.find(method, path) == (found, parts)


@pytest.mark.parametrize(
    ("method", "path", "methods"),
    [
        ("GET", "/v1", ()),
        ("GET", "/", ()),
        ("GET", "", ()),
        ("GET", "/v1/a/", ()),
        ("GET", "/v1/a/x/b", ()),
        ("DELETE", "/v1/a", ("GET", "POST")),
        ("DELETE", "/v1/a/x", ("GET",)),
    ],
)
def test_not_found_tells_the_methods_that_are(
    method: str, path: str, methods: tuple[str, ...]
) -> None:
    assert ROUTES.find(method, path) == methods


def test_two_doors_at_one_place_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="two doors"):
        Routes([ONE, door("GET", "/v1/a/{name}")])
