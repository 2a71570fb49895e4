"""Asks doors without a server: finds the door, checks its scope, reads the body, calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from engine.service.access.audit import Audit
from engine.service.access.keys import KeyStore
from engine.service.access.scopes import Caller
from engine.service.access.tickets import Tickets
from engine.service.access.vault import Vault
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.call import Call
from engine.service.rest.door import Door
from engine.service.rest.routes import Routes

__all__ = ["DoorRig"]


class DoorRig:
    """What a desk has of access, and the doors given. Answers are what JSON makes of them."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self.keys, self.vault, self.audit = KeyStore(None), Vault(None), Audit(None)
        self.tickets = Tickets(self.keys.active)
        self.routes = Routes(doors)

    def close(self) -> None:
        for part in (self.keys, self.vault, self.audit):
            part.close()

    def ask(self, caller: Caller, method: str, path: str, body: object = None) -> Any:
        """The answer; ApiError or msgspec.ValidationError where the door refuses."""
        door, parts = self.routes.find(method, path)
        assert isinstance(door, Door)
        if door.scope is not None and not caller.may(door.scope):
            raise ApiError(ErrorCode.FORBIDDEN, "no such scope")
        given = None
        if door.body_type is not None:
            given = msgspec.json.decode(msgspec.json.encode(body), type=door.body_type)
        else:
            assert body is None
        call = Call(cast("Any", self), caller, parts, "request-1")

        async def answered() -> Any:
            return await door.handler(call, None, given)

        answer = asyncio.run(answered())
        assert isinstance(answer, door.answer_type)
        return msgspec.json.decode(msgspec.json.encode(answer))
