"""Doors of the venue credentials a client has stored; they are never given out again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from engine.model.wire import Wire
from engine.service.access.scopes import Scope
from engine.service.access.secret import REDACTED, Secret
from engine.service.access.vault import Credentials
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.call import Call
from engine.service.rest.door import Door

__all__ = ["CREDENTIAL_VENUES", "DOORS"]

CREDENTIAL_VENUES: Final = (
    "binance",
    "coinbase",
    "kraken",
    "okx",
    "bybit",
    "bitget",
    "cryptocom",
    "hyperliquid",
    "kalshi",
    "polymarket",
    "dex_ethereum",
    "solana",
)
KEY_MAX: Final = 1_024
# A whole RSA key in PEM stands here for Kalshi.
SECRET_MAX: Final = 16_384
EXTRA_MAX: Final = 16_384
# Venues whose key and secret may be empty because a signer in `extra_json` stands for them.
BY_SIGNER: Final = ("polymarket",)
# Venues that cannot be spoken to without a third text.
WITH_PASSPHRASE: Final = ("okx", "bitget")


class NewCredentials(Wire, frozen=True, kw_only=True):
    """What the venue gave its client. `extra_json` is a JSON object, or the text of one."""

    api_key: Annotated[str, Meta(max_length=KEY_MAX)]
    api_secret: Annotated[str, Meta(max_length=SECRET_MAX)]
    passphrase: Annotated[str, Meta(max_length=KEY_MAX)] | None = None
    extra_json: dict[str, Any] | Annotated[str, Meta(max_length=EXTRA_MAX)] | None = None

    def __repr__(self) -> str:
        return f"NewCredentials({REDACTED})"


class CredentialsRow(msgspec.Struct, frozen=True, kw_only=True):
    """That a venue is connected; `key_hint` is the last four characters of its key."""

    venue: str
    environment: str
    connected: bool
    key_hint: str
    created_ns: int


class CredentialsList(msgspec.Struct, frozen=True):
    """The venues a client has credentials for, by name."""

    credentials: tuple[CredentialsRow, ...]
    venues: tuple[str, ...]
    total: int


class Deleted(msgspec.Struct, frozen=True):
    """A venue whose credentials are gone."""

    venue: str
    deleted: bool


async def put_credentials(call: Call, query: None, body: NewCredentials) -> CredentialsRow:
    """Seal and keep a venue's credentials, in place of those kept before."""
    venue, caller = known_venue(call.path), call.caller
    credentials = checked(venue, body)
    stored = await asyncio.to_thread(
        call.desk.vault.put, caller.client_id, caller.environment, venue, credentials
    )
    return CredentialsRow(
        venue=venue,
        environment=caller.environment.value,
        connected=True,
        key_hint=stored.key_hint,
        created_ns=stored.created_ns,
    )


async def list_credentials(call: Call, query: None, body: None) -> CredentialsList:
    """The venues whose credentials are kept; never the credentials."""
    caller = call.caller
    stored = await asyncio.to_thread(call.desk.vault.list, caller.client_id, caller.environment)
    rows = [
        CredentialsRow(
            venue=each.venue,
            environment=caller.environment.value,
            connected=True,
            key_hint=each.key_hint,
            created_ns=each.created_ns,
        )
        for each in stored
    ]
    return CredentialsList(tuple(rows), tuple([row.venue for row in rows]), len(rows))


async def delete_credentials(call: Call, query: None, body: None) -> Deleted:
    """Forget a venue's credentials."""
    venue, caller = known_venue(call.path), call.caller
    vault = call.desk.vault
    if not await asyncio.to_thread(vault.delete, caller.client_id, caller.environment, venue):
        raise ApiError(ErrorCode.NOT_FOUND, f"there are no credentials for {venue}; none to delete")
    return Deleted(venue, deleted=True)


def known_venue(path: Mapping[str, str]) -> str:
    """The venue of the path; ApiError NOT_FOUND for a name nobody can connect to."""
    venue = path["venue"]
    if venue not in CREDENTIAL_VENUES:
        names = ", ".join(CREDENTIAL_VENUES)
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no venue of that name; known are {names}")
    return venue


def checked(venue: str, body: NewCredentials) -> Credentials:
    """The body as what the vault keeps; ApiError VALIDATION_ERROR with each field at fault."""
    faults: list[tuple[str, str]] = []
    extra = extra_text(body.extra_json, faults)
    if venue not in BY_SIGNER:
        faults += [
            (name, f"{venue} needs its '{name}'; take it from the venue's own pages")
            for name, text in (("api_key", body.api_key), ("api_secret", body.api_secret))
            if not text
        ]
    elif extra is None and not (body.api_key and body.api_secret):
        text = f"{venue} needs 'extra_json' with its signer, or a key and a secret"
        faults.append(("extra_json", text))
    if venue in WITH_PASSPHRASE and not body.passphrase:
        faults.append(("passphrase", f"{venue} needs the passphrase its key was made with"))
    texts = {"api_key": body.api_key, "api_secret": body.api_secret, "passphrase": body.passphrase}
    faults += [
        (name, f"'{name}' is no Unicode text; send it as the venue shows it")
        for name, text in texts.items()
        if text is not None and not storable(text)
    ]
    if faults:
        raise ApiError(ErrorCode.VALIDATION_ERROR, faults[0][1], details=faults)
    return Credentials(
        api_key=Secret(body.api_key),
        api_secret=Secret(body.api_secret),
        passphrase=Secret(body.passphrase) if body.passphrase else None,
        extra_json=None if extra is None else Secret(extra),
    )


def extra_text(given: dict[str, Any] | str | None, faults: list[tuple[str, str]]) -> str | None:
    """`extra_json` as the text of a JSON object, None where it is absent or empty."""
    if not given:
        return None
    try:
        text = msgspec.json.encode(given).decode() if isinstance(given, dict) else given
        if len(text) <= EXTRA_MAX and isinstance(msgspec.json.decode(text), dict):
            return text
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        # No word of it goes into the answer: it may be a private key.
        pass
    faults.append(
        ("extra_json", f"'extra_json' is a JSON object of at most {EXTRA_MAX} characters")
    )
    return None


def storable(text: str) -> bool:
    """JSON may spell half a character, which cannot be sealed."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


DOORS: tuple[Door, ...] = (
    Door("PUT", "/v1/credentials/{venue}", Scope.CREDENTIALS, put_credentials),
    Door("POST", "/v1/credentials/{venue}", Scope.CREDENTIALS, put_credentials),
    Door("GET", "/v1/credentials", Scope.READ, list_credentials),
    Door("DELETE", "/v1/credentials/{venue}", Scope.CREDENTIALS, delete_credentials),
)
