"""A door: one method and path of the facade, its scope, and a thin handler with its types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import NoneType, UnionType
from typing import Any, NamedTuple, Self, Union, get_args, get_origin, get_type_hints

from engine.service.access.scopes import Scope

__all__ = ["Door", "Reply", "ReplyAs", "path_names"]

Handler = Callable[[Any, Any, Any], Awaitable[Any]]
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class Reply:
    """An answer that is not JSON of a struct: its bytes, their type and a status."""

    __slots__ = ("body", "content_type", "status")

    def __init__(
        self, body: bytes, content_type: str = "application/json", status: int = 200
    ) -> None:
        self.body = body
        self.content_type = content_type
        self.status = status


class ReplyAs(NamedTuple):
    """What a `Reply` is in the OpenAPI document: its type, its shape, and further statuses."""

    content_type: str
    answer_type: Any
    statuses: tuple[int, ...] = ()


class Door:
    """One row of a door table; types are read from the handler's annotations.

    The handler is `async def name(call: Call, query: Q, body: B) -> A`. `Q` and `B` are msgspec
    structs, `None` for none; `B | None` may be absent; `bytes` is the raw body, whose shape
    `body_as` tells. `scope` None is public. `status` is that of a success. `once` marks a write
    that would do more if it ran twice: its idempotency key is claimed on disk beforehand. An
    answer that is `shown_once` is kept nowhere, not even for its idempotency key. `reply_as`
    tells the shape of a `Reply`.
    """

    __slots__ = (
        "answer_type",
        "body_optional",
        "body_type",
        "handler",
        "method",
        "once",
        "path",
        "query_type",
        "raw_body",
        "reply_as",
        "scope",
        "shown_once",
        "socket",
        "status",
        "summary",
        "tag",
    )

    def __init__(
        self,
        method: str,
        path: str,
        scope: Scope | None,
        handler: Handler,
        *,
        status: int = 200,
        body_as: Any = None,
        once: bool = False,
        shown_once: bool = False,
        reply_as: ReplyAs | None = None,
    ) -> None:
        self._take(method, path, scope, handler, status)
        self.once = once or shown_once
        self.shown_once = shown_once
        self.reply_as = reply_as
        hints = get_type_hints(handler)
        self.socket = False
        self.query_type: Any = none_or(hints["query"])
        body = hints["body"]
        self.body_optional = NoneType in get_args(body) or body is NoneType
        self.raw_body = bytes in (body, *get_args(body))
        self.body_type: Any = body_as if self.raw_body else without_none(body)
        self.answer_type: Any = none_or(hints["return"])

    @classmethod
    def of_socket(cls, path: str, scope: Scope, handler: Handler) -> Self:
        """A door that upgrades: `async def name(request, call, _) -> web.StreamResponse`."""
        door = cls.__new__(cls)
        door._take("GET", path, scope, handler, 101)  # noqa: SLF001  # its own class
        door.socket = True
        door.once = door.shown_once = door.raw_body = False
        door.query_type = door.body_type = door.answer_type = None
        door.reply_as = None
        door.body_optional = True
        return door

    def _take(
        self,
        method: str,
        path: str,
        scope: Scope | None,
        handler: Handler,
        status: int,
    ) -> None:
        text = (handler.__doc__ or "").strip()
        assert text, f"{handler.__name__} needs a docstring: it is the door's summary"
        self.method = method
        self.path = path
        self.scope = scope
        self.handler = handler
        self.status = status
        self.summary = text.splitlines()[0].rstrip(".")
        self.tag = handler.__module__.rpartition(".")[2]

    @property
    def writes(self) -> bool:
        """Whether it changes anything: audited, and repeatable by its idempotency key."""
        return self.method in WRITES

    @property
    def name(self) -> str:
        """What logs, metrics and the OpenAPI document call it."""
        return str(getattr(self.handler, "__name__", self.path))


def path_names(path: str) -> list[str]:
    """Names of a path's `{parts}`, in order."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def none_or(kind: Any) -> Any:
    """The type, or None where the annotation is None."""
    return None if kind is NoneType else kind


def without_none(kind: Any) -> Any:
    """`B | None` as `B`; None where nothing else is left."""
    if kind is NoneType:
        return None
    if get_origin(kind) not in (Union, UnionType):
        return kind
    rest = [one for one in get_args(kind) if one is not NoneType]
    return rest[0] if len(rest) == 1 else kind
