"""The desk: each key reaches its own environment, and wrong ones are told nothing."""

from __future__ import annotations

import pytest

from engine.model.instruments import Environment
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError
from tests.support.rest_world import RestWorld, with_rest


def test_a_live_key_has_no_way_into_the_sandbox() -> None:
    async def test(world: RestWorld) -> None:
        desk = world.service.desk
        assert desk.stack_of(Environment.SANDBOX).engine is world.service.engine
        with pytest.raises(ApiError, match="no live venues") as caught:
            desk.stack_of(Environment.LIVE)
        assert caught.value.code.status == 501

    with_rest(test)


def test_keys_and_tickets() -> None:
    async def test(world: RestWorld) -> None:
        desk = world.service.desk
        info, raw = desk.keys.create("x", True, frozenset({Scope.READ}), "bob")
        caller = desk.authenticate(raw, "peer")
        assert (caller.client_id, caller.environment) == ("bob", Environment.SANDBOX)
        ticket = desk.tickets.issue(caller)
        assert desk.redeem_ticket(ticket).client_id == "bob"
        with pytest.raises(ApiError, match="valid API key"):
            desk.redeem_ticket(ticket)
        ticket = desk.tickets.issue(caller)
        desk.keys.revoke(info.key_id)
        with pytest.raises(ApiError, match="valid API key"):
            desk.redeem_ticket(ticket)
        with pytest.raises(ApiError, match="valid API key"):
            desk.authenticate(raw, "peer")

    with_rest(test)
