"""Doors of venue credentials: each venue's own shape, sealed, and never given out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from engine.model.instruments import Environment
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.doors.credentials import CREDENTIAL_VENUES, DOORS, NewCredentials, checked
from tests.support.access import caller
from tests.support.door_calls import DoorRig

ALICE = caller(Scope.READ, Scope.CREDENTIALS, environment=Environment.LIVE)
SANDBOX = Environment.SANDBOX
SIGNER = {"signer_private_key": "0x" + "ab" * 32}
PAIR = {"api_key": "public-part-of-it-1234", "api_secret": "nobody-may-see-this"}


@pytest.fixture
def rig() -> Iterator[DoorRig]:
    made = DoorRig(DOORS)
    yield made
    made.close()


def refused(rig: DoorRig, method: str, path: str, body: object = None) -> ApiError:
    """The refusal."""
    with pytest.raises(ApiError) as caught:
        rig.ask(ALICE, method, path, body)
    return caught.value


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_both_verbs_store(rig: DoorRig, method: str) -> None:
    answer = rig.ask(ALICE, method, "/v1/credentials/kraken", PAIR)
    assert (answer["venue"], answer["connected"], answer["key_hint"]) == ("kraken", True, "1234")
    kept = rig.vault.open("alice", Environment.LIVE, "kraken")
    assert kept.api_key.reveal() == PAIR["api_key"]
    assert kept.api_secret.reveal() == PAIR["api_secret"]
    assert kept.passphrase is None and kept.extra_json is None


def test_nothing_that_answers_holds_a_secret(rig: DoorRig) -> None:
    body = {**PAIR, "passphrase": "open sesame", "extra_json": {"deep": "hidden words"}}
    said = str(rig.ask(ALICE, "PUT", "/v1/credentials/okx", body))
    said += str(rig.ask(ALICE, "GET", "/v1/credentials"))
    said += str(rig.ask(ALICE, "DELETE", "/v1/credentials/okx"))
    for secret in ("public-part", "nobody-may", "sesame", "hidden", "deep"):
        assert secret not in said


def test_the_body_does_not_show_itself() -> None:
    body = msgspec.convert({**PAIR, "extra_json": SIGNER}, NewCredentials)
    assert repr(body) == str(body) == "NewCredentials([redacted])"


def test_a_second_one_replaces_the_first(rig: DoorRig) -> None:
    rig.ask(ALICE, "PUT", "/v1/credentials/kraken", PAIR)
    rig.ask(ALICE, "PUT", "/v1/credentials/kraken", {**PAIR, "api_secret": "newer"})
    assert rig.vault.open("alice", Environment.LIVE, "kraken").api_secret.reveal() == "newer"
    assert rig.ask(ALICE, "GET", "/v1/credentials")["total"] == 1


def test_the_list_is_by_venue_client_and_environment(rig: DoorRig) -> None:
    for venue in ("kraken", "binance"):
        rig.ask(ALICE, "PUT", f"/v1/credentials/{venue}", PAIR)
    listed = rig.ask(ALICE, "GET", "/v1/credentials")
    assert listed["venues"] == ["binance", "kraken"]
    assert [row["environment"] for row in listed["credentials"]] == ["live", "live"]
    bob = caller(Scope.ADMIN, client_id="bob", environment=Environment.LIVE)
    for other in (bob, caller(Scope.ADMIN)):
        assert rig.ask(other, "GET", "/v1/credentials")["total"] == 0
        with pytest.raises(ApiError):
            rig.ask(other, "DELETE", "/v1/credentials/kraken")
    assert rig.ask(ALICE, "GET", "/v1/credentials")["total"] == 2


def test_deleting_forgets(rig: DoorRig) -> None:
    rig.ask(ALICE, "PUT", "/v1/credentials/kraken", PAIR)
    assert rig.ask(ALICE, "DELETE", "/v1/credentials/kraken") == {
        "venue": "kraken",
        "deleted": True,
    }
    assert refused(rig, "DELETE", "/v1/credentials/kraken").code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("venue", ["nasdaq", "Kraken", "..", "kraken%00", "a%2Fb"])
def test_unknown_venues_are_not_there(rig: DoorRig, venue: str) -> None:
    for method, body in (("PUT", PAIR), ("POST", PAIR), ("DELETE", None)):
        error = refused(rig, method, f"/v1/credentials/{venue}", body)
        assert error.code is ErrorCode.NOT_FOUND and "kraken" in str(error)


def test_every_published_venue_can_be_stored(rig: DoorRig) -> None:
    for venue in CREDENTIAL_VENUES:
        rig.ask(ALICE, "PUT", f"/v1/credentials/{venue}", {**PAIR, "passphrase": "p"})
    assert rig.ask(ALICE, "GET", "/v1/credentials")["total"] == 12


@pytest.mark.parametrize("extra", [SIGNER, msgspec.json.encode(SIGNER).decode()])
def test_polymarket_may_have_a_signer_alone(rig: DoorRig, extra: object) -> None:
    body = {"api_key": "", "api_secret": "", "extra_json": extra}
    assert rig.ask(ALICE, "PUT", "/v1/credentials/polymarket", body)["key_hint"] == ""
    kept = rig.vault.open("alice", Environment.LIVE, "polymarket")
    assert kept.extra_json is not None
    assert msgspec.json.decode(kept.extra_json.reveal()) == SIGNER


def test_a_whole_rsa_key_fits(rig: DoorRig) -> None:
    pem = "-----BEGIN RSA PRIVATE KEY-----\n" + ("A" * 64 + "\n") * 50
    rig.ask(ALICE, "PUT", "/v1/credentials/kalshi", {"api_key": "id", "api_secret": pem})
    assert rig.vault.open("alice", Environment.LIVE, "kalshi").api_secret.reveal() == pem


@pytest.mark.parametrize(
    ("venue", "change", "fields"),
    [
        ("kraken", {"api_key": ""}, ["api_key"]),
        ("kraken", {"api_key": "", "api_secret": ""}, ["api_key", "api_secret"]),
        ("polymarket", {"api_key": "", "api_secret": ""}, ["extra_json"]),
        ("polymarket", {"api_key": "", "api_secret": "", "extra_json": {}}, ["extra_json"]),
        ("okx", {}, ["passphrase"]),
        ("bitget", {"passphrase": ""}, ["passphrase"]),
        ("kraken", {"extra_json": "no json"}, ["extra_json"]),
        ("kraken", {"extra_json": "[1]"}, ["extra_json"]),
        ("kraken", {"extra_json": {"x": "y" * 16_384}}, ["extra_json"]),
        ("kraken", {"extra_json": "[" * 5_000}, ["extra_json"]),
    ],
)
def test_what_the_venue_needs_is_named(
    rig: DoorRig, venue: str, change: dict[str, Any], fields: list[str]
) -> None:
    error = refused(rig, "PUT", f"/v1/credentials/{venue}", {**PAIR, **change})
    assert error.code is ErrorCode.VALIDATION_ERROR
    assert [name for name, _ in error.details] == fields
    assert rig.vault.list("alice", Environment.LIVE) == ()
    assert "nobody-may" not in str(error) + str(error.details)


def test_half_a_character_is_refused(rig: DoorRig) -> None:
    door = next(door for door in DOORS if door.method == "PUT")
    body = door.body_type(api_key="\ud800", api_secret="x", extra_json={"x": "\ud800"})
    with pytest.raises(ApiError) as caught:
        checked("kraken", body)
    assert [name for name, _ in caught.value.details] == ["extra_json", "api_key"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"api_key": "x"},
        {**PAIR, "secret": "x"},
        {**PAIR, "api_key": "x" * 1_025},
        {**PAIR, "api_secret": "x" * 16_385},
        {**PAIR, "extra_json": 7},
        {**PAIR, "extra_json": [1]},
    ],
)
def test_bodies_that_are_none_are_refused(rig: DoorRig, body: object) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        rig.ask(ALICE, "PUT", "/v1/credentials/kraken", body)
    assert "nobody-may" not in str(caught.value)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.TRADE, Scope.KILL])
def test_storing_needs_its_own_scope(rig: DoorRig, scope: Scope) -> None:
    who = caller(scope)
    for method, body in (("PUT", PAIR), ("POST", PAIR), ("DELETE", None)):
        with pytest.raises(ApiError) as caught:
            rig.ask(who, method, "/v1/credentials/kraken", body)
        assert caught.value.code is ErrorCode.FORBIDDEN
    assert rig.vault.list("alice", SANDBOX) == ()
