"""Requests as values: targets are encoded so that an id stays one part of the path."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from engine.client.request import Request, path_of, same_parameters


def test_ids_stay_one_part_of_the_path() -> None:
    assert path_of("/v1/orders/{}", "graph:g:n:1") == "/v1/orders/graph%3Ag%3An%3A1"
    assert path_of("/v1/x/{}/y/{}", "a/b?c", "é") == "/v1/x/a%2Fb%3Fc/y/%C3%A9"


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_an_id_that_would_name_another_route_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="an id is needed"):
        path_of("/v1/orders/{}", part)


def test_queries_leave_out_what_is_not_given() -> None:
    query = {"a": None, "b": True, "c": ("x", "y z"), "d": 5, "e": (), "f": "&"}
    request = Request("GET", "/v1/x", object, query=query)
    assert request.target == "/v1/x?b=true&c=x%2Cy+z&d=5&f=%26"
    assert Request("GET", "/v1/x", object).target == "/v1/x"


def test_only_reads_are_no_writes() -> None:
    assert not Request("GET", "/", object).writes
    assert all(Request(method, "/", object).writes for method in ("POST", "PUT", "DELETE"))


def test_a_method_is_seen_with_every_parameter_of_its_verb() -> None:
    def build(symbol: str, *, urgency: str = "medium") -> Request[str]:
        return Request("GET", path_of("/v1/{}", symbol), str, query={"urgency": urgency})

    class Desk:
        def verb(self, /, *args: Any, **kwargs: Any) -> Request[str]:
            return build(*args, **kwargs)

    same_parameters(Desk.verb, build)
    assert list(inspect.signature(Desk.verb).parameters) == ["self", "symbol", "urgency"]
    bound = inspect.signature(Desk().verb)
    assert list(bound.parameters) == ["symbol", "urgency"] and bound.return_annotation == "str"
    bound.bind("A", urgency="low")
