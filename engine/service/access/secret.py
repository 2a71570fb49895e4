"""A text that no log, message or answer may show."""

from __future__ import annotations

import dataclasses
import hmac
from typing import Final, NoReturn

__all__ = ["REDACTED", "Secret"]

REDACTED: Final = "[redacted]"


class _Hidden:
    """Keeps the text out of the fields that encoders look at."""

    __slots__ = ("_value",)
    _value: str


@dataclasses.dataclass(init=False, repr=False, eq=False)
class Secret(_Hidden):
    """A secret text. Only `reveal` gives it; everything else says that there is one.

    `repr`, `str`, formats, logs and encoders see a mark: msgspec and orjson encode
    `{"redacted": true}`, `json` and `pickle` refuse with a TypeError. Two are compared in a time
    that tells nothing.
    """

    __slots__ = ("redacted",)
    redacted: bool

    def __init__(self, value: str) -> None:
        self._value = value
        self.redacted = True

    def reveal(self) -> str:
        """The text itself, for the one who signs or seals with it."""
        return self._value

    def hint(self) -> str:
        """The last four characters, or none of a text so short that they would tell much."""
        return self._value[-4:] if len(self._value) >= 12 else ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine = self._value.encode(errors="surrogatepass")
        return hmac.compare_digest(mine, other._value.encode(errors="surrogatepass"))

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is neither copied nor pickled; pass it on, or reveal it")
