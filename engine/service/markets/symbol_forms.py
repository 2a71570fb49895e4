"""The forms in which an event contract may be named: slug, ticker, side, token id, event URL."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import msgspec

from engine.service.api_error import ApiError, ErrorCode

__all__ = ["SymbolForm", "is_kalshi_shaped", "is_token", "read_form"]

SYMBOL_LENGTH_MAX = 256
URL_LENGTH_MAX = 512
TOKEN_DIGITS_MIN = 60
HOSTS = frozenset({"polymarket.com", "www.polymarket.com"})
KALSHI = re.compile(r"(?:KX|INX|NASDAQ100)[A-Z0-9.\-]*", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]*")
SIDE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._\-]{0,63}")


class SymbolForm(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A symbol taken apart. `side` is what stood after a colon; `event` is set where the name
    must belong to that event; `token` says that the name is a token id."""

    name: str
    side: str | None = None
    event: str | None = None
    venue: str | None = None
    token: bool = False


def is_token(text: str) -> bool:
    """Whether it is a polymarket token id: 60 decimal digits or more."""
    return len(text) >= TOKEN_DIGITS_MIN and text.isascii() and text.isdigit()


def is_kalshi_shaped(text: str) -> bool:
    """Whether it looks like a kalshi ticker: `KX…`, `INX…` or `NASDAQ100…`."""
    return KALSHI.fullmatch(text) is not None


def read_form(text: str) -> SymbolForm:
    """The parts of a symbol; ApiError VALIDATION_ERROR for what can name no market."""
    if "://" in text:
        return _read_url(text)
    if not 1 <= len(text) <= SYMBOL_LENGTH_MAX:
        raise bad_symbol(f"a symbol has 1 to {SYMBOL_LENGTH_MAX} characters")
    if is_token(text):
        return SymbolForm(name=text, venue="polymarket", token=True)
    name, colon, side = text.partition(":")
    if not NAME.fullmatch(name) or (colon and not SIDE.fullmatch(side)):
        raise bad_symbol(
            f"{text!r} is no symbol; give a pair, a slug, a ticker, a token id or an event URL"
        )
    return SymbolForm(name=name, side=side if colon else None)


def bad_symbol(text: str) -> ApiError:
    """Refusal of a symbol as such."""
    return ApiError(ErrorCode.VALIDATION_ERROR, text, [("symbol", text)])


def _read_url(text: str) -> SymbolForm:
    """`https://polymarket.com/event/<event>[/<market>][:side]`; no other host or path."""
    if len(text) > URL_LENGTH_MAX:
        raise bad_symbol(f"a URL has at most {URL_LENGTH_MAX} characters")
    if not text.isascii():
        raise bad_symbol("a URL has ASCII characters only; the others are written as %XX")
    help_text = "only https://polymarket.com/event/<slug>[/<market>] is read as a symbol"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise bad_symbol(help_text) from None
    plain = port is None and parts.username is None and parts.password is None
    if parts.scheme != "https" or parts.hostname not in HOSTS or not plain:
        raise bad_symbol(help_text)
    path = [unquote(one) for one in parts.path.split("/") if one]
    if not 2 <= len(path) <= 3 or path[0] != "event":
        raise bad_symbol(help_text)
    last = read_form(path[-1]) if ":/" not in path[-1] else None
    if last is None or last.token or (len(path) == 3 and not NAME.fullmatch(path[1])):
        raise bad_symbol(help_text)
    event = path[1] if len(path) == 3 else None
    return SymbolForm(name=last.name, side=last.side, event=event, venue="polymarket")
