"""Doors of API keys: own keys only, never more power than the caller has, shown once."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from engine.model.instruments import Environment
from engine.service.access.scopes import Caller, Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.doors.keys import DOORS
from tests.support.access import caller
from tests.support.door_calls import DoorRig

SANDBOX_ADMIN = caller(Scope.ADMIN)
LIVE_ADMIN = caller(Scope.ADMIN, environment=Environment.LIVE)
BOB = caller(Scope.ADMIN, client_id="bob", environment=Environment.LIVE)
DAY_NS = 86_400 * 1_000_000_000


@pytest.fixture
def rig() -> Iterator[DoorRig]:
    made = DoorRig(DOORS)
    yield made
    made.close()


def made(rig: DoorRig, who: Caller, **body: object) -> dict[str, object]:
    """A key made through its door."""
    answer = rig.ask(who, "POST", "/v1/api_keys", body)
    assert isinstance(answer, dict)
    return answer


def code_of(rig: DoorRig, who: Caller, method: str, path: str, body: object = None) -> ErrorCode:
    """The code of a refusal."""
    with pytest.raises(ApiError) as caught:
        rig.ask(who, method, path, body)
    return caught.value.code


def test_a_key_is_made_and_works(rig: DoorRig) -> None:
    answer = made(rig, LIVE_ADMIN, label="bot", sandbox=False, scopes=["read", "cancel"])
    assert (answer["label"], answer["sandbox"], answer["status"]) == ("bot", False, "active")
    assert answer["scopes"] == ["read", "cancel"]
    found = rig.keys.authenticate(str(answer["api_key"]))
    assert found is not None
    assert (found.key_id, found.client_id) == (answer["key_id"], "alice")
    assert found.environment is Environment.LIVE
    assert found.scopes == {Scope.READ, Scope.CANCEL}


def test_the_reference_body_is_enough(rig: DoorRig) -> None:
    answer = made(rig, SANDBOX_ADMIN, label="bot", sandbox=True)
    assert str(answer["api_key"]).startswith("seq_test_")
    assert answer["scopes"] == ["read", "trade"]
    assert answer["expires_ns"] is None


def test_a_key_may_be_given_an_end(rig: DoorRig) -> None:
    answer = made(rig, SANDBOX_ADMIN, expires_in_days=3, compact_ids=True)
    expires, created = answer["expires_ns"], answer["created_ns"]
    assert isinstance(expires, int) and isinstance(created, int)
    assert 0 <= 3 * DAY_NS - (expires - created) < DAY_NS
    assert answer["compact_ids"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"label": "x" * 129},
        {"scopes": []},
        {"scopes": ["write"]},
        {"sandbox": "yes"},
        {"expires_in_days": 0},
        {"client_id": "bob"},
    ],
)
def test_bodies_that_are_none_are_refused(rig: DoorRig, body: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        rig.ask(SANDBOX_ADMIN, "POST", "/v1/api_keys", body)
    assert rig.keys.list() == ()


def test_the_raw_key_is_never_told_again(rig: DoorRig) -> None:
    raw = str(made(rig, SANDBOX_ADMIN)["api_key"])
    listed = rig.ask(SANDBOX_ADMIN, "GET", "/v1/api_keys")
    assert listed["total"] == len(listed["api_keys"]) == 1
    assert "api_key" not in listed["api_keys"][0]
    assert raw[9:] not in str(listed)
    assert listed["api_keys"][0]["hint"] == raw[-4:]


def test_a_sandbox_key_makes_sandbox_keys_only(rig: DoorRig) -> None:
    body = {"label": "x", "sandbox": False}
    assert code_of(rig, SANDBOX_ADMIN, "POST", "/v1/api_keys", body) is ErrorCode.FORBIDDEN
    assert rig.keys.list() == ()
    assert made(rig, LIVE_ADMIN, sandbox=True)["environment"] == "sandbox"


def test_a_sandbox_key_cannot_touch_or_see_a_live_one(rig: DoorRig) -> None:
    live = made(rig, LIVE_ADMIN, sandbox=False)
    path = f"/v1/api_keys/{live['key_id']}"
    assert code_of(rig, SANDBOX_ADMIN, "POST", f"{path}/rotate") is ErrorCode.NOT_FOUND
    assert code_of(rig, SANDBOX_ADMIN, "DELETE", path) is ErrorCode.NOT_FOUND
    assert rig.ask(SANDBOX_ADMIN, "GET", "/v1/api_keys")["total"] == 0
    assert rig.keys.authenticate(str(live["api_key"])) is not None
    assert len(rig.keys.list()) == 1


def test_a_live_key_manages_both(rig: DoorRig) -> None:
    for sandbox in (True, False):
        answer = made(rig, LIVE_ADMIN, sandbox=sandbox)
        rig.ask(LIVE_ADMIN, "DELETE", f"/v1/api_keys/{answer['key_id']}")
    assert rig.ask(LIVE_ADMIN, "GET", "/v1/api_keys")["total"] == 2


def test_nobody_reaches_another_clients_keys(rig: DoorRig) -> None:
    answer = made(rig, LIVE_ADMIN, sandbox=False)
    path = f"/v1/api_keys/{answer['key_id']}"
    assert code_of(rig, BOB, "DELETE", path) is ErrorCode.NOT_FOUND
    assert code_of(rig, BOB, "POST", f"{path}/rotate") is ErrorCode.NOT_FOUND
    assert rig.ask(BOB, "GET", "/v1/api_keys")["total"] == 0
    assert rig.keys.authenticate(str(answer["api_key"])) is not None


def test_nobody_gives_more_than_they_have() -> None:
    # Today only admins make keys, and they have all; the rule holds whatever the table says.
    rig = DoorRig(DOORS)
    for door in DOORS:
        assert door.scope is not None
    create = next(door for door in DOORS if door.name == "create_key")
    assert create.scope is Scope.ADMIN
    create.scope = Scope.READ
    try:
        reader = caller(Scope.READ)
        body = {"label": "", "scopes": ["read", "trade"]}
        assert code_of(rig, reader, "POST", "/v1/api_keys", body) is ErrorCode.FORBIDDEN
        assert made(rig, reader, scopes=["read"])["scopes"] == ["read"]
    finally:
        create.scope = Scope.ADMIN
        rig.close()


@pytest.mark.parametrize("scope", [each for each in Scope if each is not Scope.ADMIN])
def test_only_admins_make_and_end_keys(rig: DoorRig, scope: Scope) -> None:
    info, _ = rig.keys.create("a", True, frozenset({Scope.READ}), "alice")
    who, path = caller(scope), f"/v1/api_keys/{info.key_id}"
    assert code_of(rig, who, "POST", "/v1/api_keys", {}) is ErrorCode.FORBIDDEN
    assert code_of(rig, who, "POST", f"{path}/rotate") is ErrorCode.FORBIDDEN
    assert code_of(rig, who, "DELETE", path) is ErrorCode.FORBIDDEN
    assert [each.status for each in rig.keys.list()] == ["active"]


def test_rotation_answers_with_both(rig: DoorRig) -> None:
    old = made(rig, LIVE_ADMIN, label="bot", sandbox=False, scopes=["read"])
    new = rig.ask(LIVE_ADMIN, "POST", f"/v1/api_keys/{old['key_id']}/rotate")
    assert new["old_key_id"] == old["key_id"] != new["key_id"]
    assert new["old_expires_ns"] - new["created_ns"] == pytest.approx(DAY_NS, abs=60 * 10**9)
    assert (new["label"], new["scopes"], new["sandbox"]) == ("bot", ["read"], False)
    for raw in (old["api_key"], new["api_key"]):
        assert rig.keys.authenticate(str(raw)) is not None
    path = f"/v1/api_keys/{old['key_id']}/rotate"
    assert code_of(rig, LIVE_ADMIN, "POST", path) is ErrorCode.CONFLICT


def test_a_revoked_key_is_over(rig: DoorRig) -> None:
    answer = made(rig, SANDBOX_ADMIN)
    path = f"/v1/api_keys/{answer['key_id']}"
    assert rig.ask(SANDBOX_ADMIN, "DELETE", path)["status"] == "revoked"
    assert rig.keys.authenticate(str(answer["api_key"])) is None
    assert code_of(rig, SANDBOX_ADMIN, "DELETE", "/v1/api_keys/key_0") is ErrorCode.NOT_FOUND


def test_a_ticket_stands_for_its_caller_once(rig: DoorRig) -> None:
    raw = str(made(rig, SANDBOX_ADMIN)["api_key"])
    reader = rig.keys.authenticate(raw)
    assert reader is not None
    answer = rig.ask(reader, "GET", "/v1/ws/ticket")
    assert answer["expires_in_ms"] == 30_000 and answer["ticket"].startswith("wst_")
    assert rig.tickets.redeem(answer["ticket"]) == reader
    assert rig.tickets.redeem(answer["ticket"]) is None


def test_making_twice_is_guarded_by_the_idempotency_key() -> None:
    assert {door.name for door in DOORS if door.once} == {"create_key", "rotate_key"}
