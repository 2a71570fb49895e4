"""What a key may do, and who a request comes from once its key is known."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from engine.errors import ConfigError
from engine.model.instruments import Environment

__all__ = ["DEFAULT_SCOPES", "Caller", "Scope", "implied", "parse_scopes", "scopes_text"]

SCOPES_TEXT_MAX: Final = 256


class Scope(StrEnum):
    """One kind of thing a key may do. `admin` is all of them, `trade` also cancel and kill."""

    READ = "read"
    TRADE = "trade"
    CANCEL = "cancel"
    KILL = "kill"
    CREDENTIALS = "credentials"
    ADMIN = "admin"


IMPLIED: Final = {
    # Whoever may open positions must be able to stop, with no second key at hand.
    Scope.TRADE: frozenset((Scope.TRADE, Scope.CANCEL, Scope.KILL)),
    Scope.ADMIN: frozenset(Scope),
}
DEFAULT_SCOPES: Final = frozenset((Scope.READ, Scope.TRADE))


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose request it is. `scopes` hold what the key's own scopes imply; none is derived later.

    `environment` is that of the key and nothing in a request changes it. `compact_ids` says that
    the client wants 64-bit numbers as JSON numbers, not as strings.
    """

    key_id: str
    client_id: str
    environment: Environment
    scopes: frozenset[Scope]
    label: str = ""
    compact_ids: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether the key reaches that far."""
        return scope in self.scopes


def implied(scopes: frozenset[Scope]) -> frozenset[Scope]:
    """The scopes with all that they bring along."""
    return frozenset().union(*(IMPLIED.get(each, {each}) for each in scopes))


def parse_scopes(text: str) -> frozenset[Scope]:
    """The scopes named in `text` ("read,trade"), as given; ConfigError on none or unknown names."""
    names = [each.strip().lower() for each in text[:SCOPES_TEXT_MAX].split(",")]
    names = [each for each in names if each]
    known = {each.value for each in Scope}
    if len(text) > SCOPES_TEXT_MAX or not names or not known.issuperset(names):
        raise ConfigError(f"scopes are a list like 'read,trade' out of {', '.join(Scope)}")
    return frozenset(Scope(each) for each in names)


def scopes_text(scopes: frozenset[Scope]) -> str:
    """The scopes as `parse_scopes` reads them, in their own order."""
    return ",".join(each.value for each in Scope if each in scopes)
