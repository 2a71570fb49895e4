"""Names of venues and symbols as recordings spell them, matched with what a user writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from engine.errors import CaptureError

__all__ = ["match_symbol", "symbols_of_frame", "venue_name", "venue_of_path"]

SPELLINGS: Final = {
    "binance": ("binance-spot", "spot"),
    "binance-usdm": ("binance-futures", "binance-um", "usdm", "usd-m", "um"),
    "binance-coinm": ("binance-delivery", "binance-cm", "coinm", "coin-m", "cm"),
    "coinbase": ("coinbase-pro", "coinbase-exchange", "gdax"),
    "kraken": (),
    "hyperliquid": (),
    "kalshi": (),
    "polymarket": ("clob",),
    "hitbtc": (),
    "bitfinex": (),
    "bitstamp": (),
    "bittrex": (),
}
VENUE_OF: Final = {
    spelling: venue for venue, spellings in SPELLINGS.items() for spelling in (venue, *spellings)
}
CHOICES_SHOWN: Final = 12
QUOTES: Final = ("USDT", "USDC", "USD")
SEPARATORS: Final = re.compile(r"[-/_: ]")
ASSETS: Final = {"XBT": "BTC", "XDG": "DOGE"}


def keyed(key: bytes) -> re.Pattern[bytes]:
    """The text value of a JSON field."""
    return re.compile(rb'"' + key + rb'"\s*:\s*"([^"]{1,128})"')


END_BYTES: Final = 160
LAST_TEXT: Final = re.compile(rb',\s*"([^"]{1,128})"\s*\]\s*$')
KEYS: Final = {
    "binance": (keyed(b"s"), keyed(b"symbol")),
    "binance-usdm": (keyed(b"s"), keyed(b"symbol")),
    "binance-coinm": (keyed(b"s"), keyed(b"symbol")),
    "coinbase": (keyed(b"product_id"),),
    "kraken": (
        LAST_TEXT,
        keyed(b"pair"),
        keyed(b"symbol"),
    ),
    "hyperliquid": (keyed(b"coin"),),
    "kalshi": (keyed(b"market_ticker"),),
    "polymarket": (keyed(b"asset_id"),),
    "hitbtc": (keyed(b"symbol"),),
}
SYMBOL_IN_QUERY: Final = re.compile(r"[?&](?:symbol|product_id|pair)=([^&]{1,128})")


def venue_name(text: str) -> str:
    """The engine's name of a venue, in any of the known spellings; else the text in lower case."""
    spelled = text.strip().lower().replace("_", "-").replace(" ", "-")
    return VENUE_OF.get(spelled, spelled)


def venue_of_path(parts: Sequence[str]) -> str:
    """The venue that a path's parts name (the last that does, up to its first dot), or ""."""
    for part in reversed(parts):
        name = venue_name(part.partition(".")[0])
        if name in SPELLINGS:
            return name
    return ""


def symbols_of_frame(venue: str, tag: str, payload: bytes) -> Iterable[str]:
    """Symbols that a frame of the venue names."""
    found = SYMBOL_IN_QUERY.findall(tag)
    if found:
        return [str(symbol) for symbol in found]
    for pattern in KEYS.get(venue, ()):
        if venue == "polymarket":
            return {name.decode(errors="replace"): None for name in pattern.findall(payload)}
        match = pattern.search(payload[-END_BYTES:] if pattern is LAST_TEXT else payload)
        if match is not None:
            return (match[1].replace(b"\\/", b"/").decode(errors="replace"),)
    return ()


def match_symbol(wanted: str, recorded: Sequence[str], where: str) -> str:
    """The recording's own spelling of `wanted`; CaptureError with the choices when unclear.

    In this order, the first rule that fits one recorded symbol wins: the same text; the same
    but for case, separators and XBT for BTC; also but for a PERP or SWAP at the end; also with
    USDT and USDC taken for USD; the wanted base alone (Hyperliquid's coins); the only symbol.
    """
    if wanted in recorded:
        return wanted
    for rule in (plain, without_kind, in_dollars, base_of):
        key = rule(wanted)
        fitting = [symbol for symbol in recorded if rule(symbol) == key]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise CaptureError(f"{wanted} fits several symbols of {where}: {shown(fitting)}")
    if len(recorded) == 1:
        return recorded[0]
    if not recorded:
        raise CaptureError(f"{where} names no symbol; give a recording with market data frames")
    raise CaptureError(f"{where} does not hold {wanted}; it holds {shown(recorded)}")


def plain(symbol: str) -> str:
    """Without separators, in capitals, by the usual asset names."""
    parts = [ASSETS.get(part, part) for part in SEPARATORS.split(symbol.upper())]
    joined = "".join(parts)
    for odd, usual in ASSETS.items():
        if joined.startswith(odd):
            return usual + joined[len(odd) :]
    return joined


def without_kind(symbol: str) -> str:
    """As `plain`, without a contract kind at the end."""
    return plain(symbol).removesuffix("PERP").removesuffix("SWAP")


def in_dollars(symbol: str) -> str:
    """As `without_kind`, with dollar tokens as USD."""
    text = without_kind(symbol)
    for quote in QUOTES:
        if text.endswith(quote) and len(text) > len(quote):
            return text.removesuffix(quote) + "USD"
    return text


def base_of(symbol: str) -> str:
    """The base asset of a dollar pair."""
    text = in_dollars(symbol)
    return text.removesuffix("USD") if text != "USD" else text


def shown(symbols: Sequence[str]) -> str:
    """A bounded list of choices."""
    ordered = sorted(symbols)
    more = len(ordered) - CHOICES_SHOWN
    return ", ".join(ordered[:CHOICES_SHOWN]) + (f" and {more} more" if more > 0 else "")
