"""Configuration of an engine: one strict struct, read from TOML or made in code."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from engine.decisions.cost_model import Coefficients
from engine.decisions.policies.parameters import PolicyParameters
from engine.errors import ConfigError
from engine.model.risk import AccountLimits, Limits

__all__ = [
    "EngineConfig",
    "RemoteVenues",
    "RestConfig",
    "SandboxVenues",
    "checked_client",
    "checked_text",
    "load_config",
]


CLIENT_ID_MAX = 128
TEXT_MAX = 1_024


class SandboxVenues(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sandbox"
):
    """The embedded simulated venues. `latency_scale` 0 makes them answer at once.

    `rate_limits` False lets them take as many orders as are sent, which no live venue does.
    """

    seed: int = 1
    events: bool = True
    latency_scale: float = 1.0
    rate_limits: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.latency_scale <= 100:
            raise ValueError("latency_scale lies between 0 and 100")


class RemoteVenues(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="remote"
):
    """The sandbox's venues in another process, behind a socket (a unix path, or HOST:PORT).

    They outlive this engine, as real venues do; see `engine/service/remote_exchange.py`.
    """

    socket: str
    seed: int = 1
    events: bool = True


class RestConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The REST facade. Beyond loopback it wants a proxy with TLS before it.

    `allow_hosts` are further names it answers to; `requests_per_second` is a client's refill, the
    burst is twice that. `on_stop` says what becomes of working orders when the server is stopped:
    `leave` hands them over to the next start, `cancel` ends their graphs.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    allow_hosts: tuple[str, ...] = ()
    requests_per_second: int = 5_000
    on_stop: Literal["leave", "cancel"] = "leave"
    log_level: Literal["debug", "info", "warning"] = "warning"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ValueError("port lies between 0 and 65535")
        if not 1 <= self.requests_per_second <= 1_000_000:
            raise ValueError("requests_per_second lies between 1 and 1000000")


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; an unknown key, a wrong type or a broken rule is refused with its path.

    `data_dir` None keeps the journal in a temporary folder that goes with the engine.
    `durability` is what a submit waits for; see the README for the window that each may lose.
    """

    venues: SandboxVenues | RemoteVenues = SandboxVenues()
    data_dir: str | None = None
    durability: Literal["async", "accepted"] = "async"
    client_id: str = "local"
    account: AccountLimits = AccountLimits()
    limits: Limits = Limits()
    policies: PolicyParameters = PolicyParameters()
    coefficients: Coefficients = Coefficients()
    rest: RestConfig = RestConfig()


def checked_client(client_id: object) -> str:
    """The id if it is a text that can be recorded; ConfigError otherwise."""
    return checked_text("client_id", client_id, CLIENT_ID_MAX)


def checked_text(name: str, value: object, most: int = TEXT_MAX) -> str:
    """The value if it is a text that can be recorded and read again; ConfigError otherwise."""
    if not isinstance(value, str) or len(value) > most:
        raise ConfigError(f"{name} is a text of at most {most} characters, not {value!r:.80}")
    try:
        # JSON may spell half a character, which no record can hold.
        value.encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{name} {value!r:.80} is no Unicode text") from None
    return value


def load_config(path: Path) -> EngineConfig:
    """Read a TOML file; ConfigError with file and path of the fault."""
    try:
        values = tomllib.loads(path.read_text())
        return msgspec.convert(values, EngineConfig)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from None
