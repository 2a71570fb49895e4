"""What a door's handler is given: who calls, with what, and what there is to answer from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.service.access.scopes import Caller

if TYPE_CHECKING:
    from engine.service.rest.desk import Desk, Stack

__all__ = ["Call"]


class Call:
    """One request. `path` holds the decoded parts of the path by name.

    `graph_id` is set by handlers that know it, for the log and the audit trail.
    """

    __slots__ = ("_caller", "desk", "graph_id", "idempotency_key", "path", "request_id")

    def __init__(
        self,
        desk: Desk,
        caller: Caller | None,
        path: Mapping[str, str],
        request_id: str,
        idempotency_key: str | None = None,
    ) -> None:
        self.desk = desk
        self._caller = caller
        self.path = path
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self.graph_id = ""

    @property
    def caller(self) -> Caller:
        """Who calls; public doors have none and do not ask."""
        assert self._caller is not None, "a public door asks for no caller"
        return self._caller

    @property
    def client_id(self) -> str:
        """The client that the key belongs to."""
        return self.caller.client_id

    @property
    def stack(self) -> Stack:
        """The engine and services of the key's environment; ApiError 501 where there is none."""
        return self.desk.stack_of(self.caller.environment)
