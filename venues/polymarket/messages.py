"""Polymarket's market-channel messages as structs, and the levels in them as integers."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.errors import DecodeError
from engine.model.units import PRICE_SCALE
from venues.level_rows import decode_json, exact_price_1e9, exact_qty_1e8
from venues.polymarket.book_hash import level_text
from venues.venue_time import NS_PER_MS

__all__ = ["FRAMES", "Entry", "Frame", "Level", "frames_of", "read_level", "time_ms", "time_ns"]

MS_DIGITS_MAX = 13
ARRAY_MAX = 4_096


class Level(msgspec.Struct, gc=False):
    """One level as sent."""

    price: str
    size: str


class Entry(msgspec.Struct, gc=False):
    """One changed level; in the older forms the frame names the asset and the hash."""

    price: str
    size: str
    side: Literal["BUY", "SELL"]
    asset_id: str = ""
    hash: str = ""


class Frame(msgspec.Struct, gc=False):
    """Fields of every message read here; which of them are set depends on `event_type`.

    `buys` and `sells` are the names that books had before `bids` and `asks`.
    """

    event_type: str = ""
    market: str = ""
    asset_id: str = ""
    timestamp: str = ""
    hash: str = ""
    bids: list[Level] | None = None
    asks: list[Level] | None = None
    buys: list[Level] | None = None
    sells: list[Level] | None = None
    tick_size: str = ""
    last_trade_price: str = ""
    price_changes: list[Entry] | None = None
    changes: list[Entry] | None = None
    price: str = ""
    size: str = ""
    side: str = ""
    new_tick_size: str = ""

    def entries(self) -> list[Entry]:
        """Changed levels of a `price_change` in any of its three forms, each with its asset."""
        if self.price_changes is not None:
            return self.price_changes
        if self.changes is not None:
            found = self.changes
        elif self.side == "BUY":
            found = [Entry(self.price, self.size, "BUY")]
        elif self.side == "SELL":
            found = [Entry(self.price, self.size, "SELL")]
        else:
            raise DecodeError("a price_change holds no change")
        for entry in found:
            entry.asset_id, entry.hash = self.asset_id, self.hash
        return found


class Kind(msgspec.Struct, gc=False):
    """The part of a message that says what it is."""

    event_type: str = ""


READ_HERE = ("book", "price_change", "last_trade_price", "tick_size_change")
KINDS = msgspec.json.Decoder(Kind)
FRAMES = msgspec.json.Decoder(Frame)
ARRAYS = msgspec.json.Decoder(list[msgspec.Raw])


def frames_of(payload: bytes) -> list[Frame]:
    """The messages of a payload that are read here: one object, or an array of them."""
    single = payload.lstrip()[:1] != b"["
    raws = [msgspec.Raw(payload)] if single else decode_json(ARRAYS, payload)
    if len(raws) > ARRAY_MAX:
        raise DecodeError("an array of messages is too long")
    return [
        decode_json(FRAMES, raw) for raw in raws if decode_json(KINDS, raw).event_type in READ_HERE
    ]


def read_level(price: str, size: str) -> tuple[int, int, str]:
    """Price in 1e-9 inside (0, 1), size in 1e-8, and the level's text in hashes."""
    price_1e9 = exact_price_1e9(price)
    if price_1e9 >= PRICE_SCALE:
        raise DecodeError(f"{price[:32]} is no price of a contract that pays 1 USD")
    return price_1e9, exact_qty_1e8(size), level_text(price, size)


def time_ms(text: str) -> int:
    """The venue's milliseconds, 0 where it gives none."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= MS_DIGITS_MAX):
        raise DecodeError("a timestamp is not in milliseconds")
    return int(text)


def time_ns(text: str) -> int:
    """As `time_ms`, in nanoseconds."""
    return time_ms(text) * NS_PER_MS
