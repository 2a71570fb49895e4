"""One request of the API as a value: what is sent, and the type that its answer has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

__all__ = ["JsonObject", "QueryValue", "Request", "path_of", "same_parameters"]

JsonObject = dict[str, object]
T = TypeVar("T")
QueryValue = str | int | bool | Iterable[str] | None


class Request(Generic[T]):
    """A method, a path, a query, a body and the answer's type; verbs build these, clients send.

    Query values of None are left out, lists are joined by commas.
    """

    __slots__ = ("answer", "body", "method", "path", "query")

    def __init__(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
    ) -> None:
        self.method = method
        self.path = path
        self.answer = answer
        self.body = body
        given = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        self.query = {name: text for name, text in given.items() if text}

    @property
    def writes(self) -> bool:
        """Whether it may change something, so that it carries an idempotency key."""
        return self.method != "GET"

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def path_of(template: str, *parts: str) -> str:
    """`template` with each `{}` replaced by one part, encoded so that it stays one part.

    ValueError for an empty part and for dots: the path would name another route.
    """
    for part in parts:
        if not part or part in (".", ".."):
            raise ValueError(f"an id is needed in {template}, not {part!r}")
    return template.format(*(quote(part, safe="") for part in parts))


def same_parameters(method: Callable[..., Any], build: Callable[..., Request[Any]]) -> None:
    """Let `method` be seen with `self`, the parameters of `build`, and the answer of its request.

    Without it whoever asks a bound method for its signature would miss its first parameter.
    """
    told = inspect.signature(build)
    answer = told.return_annotation
    if isinstance(answer, str):
        answer = answer.removeprefix("Request[").removesuffix("]")
    # A `/` stands behind `self` alone, so that what follows may still be given by name.
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [first, *told.parameters.values()]
    signature = told.replace(parameters=parameters, return_annotation=answer)
    method.__annotations__ = {**build.__annotations__, "return": answer}
    vars(method)["__signature__"] = signature


def _text(value: QueryValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return ",".join(value or ())
