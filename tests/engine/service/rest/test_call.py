"""A call knows its caller, or that there is none."""

from __future__ import annotations

import pytest

from engine.service.rest.call import Call
from tests.support.rest_world import RestWorld, with_rest


def test_a_public_call_has_no_caller() -> None:
    async def test(world: RestWorld) -> None:
        desk = world.service.desk
        with pytest.raises(AssertionError, match="no caller"):
            assert Call(desk, None, {}, "r").caller
        call = Call(desk, desk.authenticate(world.raw, ""), {"id": "x"}, "r", "k")
        assert (call.client_id, call.path["id"], call.idempotency_key) == ("local", "x", "k")
        assert call.stack.engine is world.service.engine

    with_rest(test)
