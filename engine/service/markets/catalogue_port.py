"""The port behind which a market catalogue stands: simulated in the sandbox, REST when live."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.rows import MarketFact, UnderlyingCurve

__all__ = [
    "PAGE_MAX",
    "CataloguePage",
    "Catalogues",
    "Entry",
    "MarketAsk",
    "MarketCatalogue",
    "expanded",
    "pack_cursor",
    "unpack_cursor",
    "wanted",
]

PAGE_MAX = 1_000
CURSOR_LENGTH_MAX = 1_024


class MarketAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Which markets are wanted. Without `closed` resolved ones are left out; with `active` only
    those that trade (and, with `closed`, the resolved ones) are in."""

    venue: str = "polymarket"
    q: str | None = None
    tag: str | None = None
    tag_id: int | None = None
    related_tags: bool = False
    exclude_tag_id: int | None = None
    active: bool = True
    closed: bool = False
    limit: int = 20
    offset: int = 0
    cursor: str | None = None
    expand: bool = False


class Entry(msgspec.Struct, frozen=True):
    """One row to be: a market, and which outcome of it the row is about, if it is about one."""

    fact: MarketFact
    outcome: int | None = None


class CataloguePage(msgspec.Struct, frozen=True):
    """Entries in the catalogue's own order; `cursor` leads on, None at the end."""

    entries: tuple[Entry, ...]
    cursor: str | None


class MarketCatalogue(Protocol):
    """What is asked of a catalogue. Nothing found is an empty answer; a catalogue that cannot be
    reached raises ApiError SERVICE_UNAVAILABLE."""

    async def page(self, ask: MarketAsk) -> CataloguePage:
        """The markets of one venue that pass the filters."""
        ...

    async def named(self, venue: str, name: str) -> Sequence[MarketFact]:
        """The market of that slug or ticker; else every market of the event of that name."""
        ...

    async def of_token(self, token_id: str) -> MarketFact | None:
        """The polymarket market that has this token, YES or NO."""
        ...

    async def curve(self, fact: MarketFact) -> UnderlyingCurve | None:
        """Prices of what the market is measured by, None where it is measured by no price; ApiError
        NOT_IMPLEMENTED where nothing is connected that could tell."""
        ...


class Catalogues:
    """Several catalogues as one, each for its venue; `venues` names them."""

    def __init__(self, by_venue: Mapping[str, MarketCatalogue]) -> None:
        self._by_venue = dict(by_venue)

    async def page(self, ask: MarketAsk) -> CataloguePage:
        """The page of the venue's own catalogue."""
        return await self._of(ask.venue).page(ask)

    async def named(self, venue: str, name: str) -> Sequence[MarketFact]:
        """Looked up at the venue; nothing where no catalogue serves it."""
        found = self._by_venue.get(venue)
        return () if found is None else await found.named(venue, name)

    async def of_token(self, token_id: str) -> MarketFact | None:
        """Tokens are polymarket's alone."""
        found = self._by_venue.get("polymarket")
        return None if found is None else await found.of_token(token_id)

    async def curve(self, fact: MarketFact) -> UnderlyingCurve | None:
        """As the market's own venue has it."""
        return await self._of(fact.venue).curve(fact)

    def _of(self, venue: str) -> MarketCatalogue:
        found = self._by_venue.get(venue)
        if found is None:
            raise unknown_venue(venue, list(self._by_venue))
        return found


def unknown_venue(venue: str, known: Sequence[str]) -> ApiError:
    """Refusal of a venue that lists no event contracts here."""
    text = f"{venue!r} lists no prediction markets here; use {' or '.join(sorted(known))}"
    return ApiError(ErrorCode.INVALID_PARAMS, text, [("venue", text)])


def expanded(facts: Sequence[MarketFact]) -> list[Entry]:
    """One entry an outcome token: YES of each market of a larger event, both of a lone market.

    Real candidates come before slots that stand for nobody; their order is kept otherwise.
    """
    entries: list[Entry] = []
    for fact in facts:
        entries.append(Entry(fact, 0))
        if fact.siblings == 1:
            entries.append(Entry(fact, 1))
    return sorted(entries, key=lambda entry: entry.fact.placeholder)


def wanted(fact: MarketFact, ask: MarketAsk) -> bool:
    """Whether the state and the words of a market pass the filters; tags are not looked at."""
    if fact.status == "resolved":
        if not ask.closed:
            return False
    elif ask.active and not fact.trading:
        return False
    words = f"{fact.question} {fact.slug} {fact.candidate or ''}".lower()
    return ask.q is None or ask.q.strip().lower() in words


def pack_cursor(words: Sequence[str | int]) -> str:
    """An opaque cursor out of what the catalogue needs to go on."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(words))).decode().rstrip("=")


def unpack_cursor(cursor: str) -> list[str | int]:
    """What `pack_cursor` was given; ApiError INVALID_PARAMS for anything else."""
    try:
        if len(cursor) > CURSOR_LENGTH_MAX:
            raise ValueError("too long")
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=list[str | int])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise bad_cursor() from None


def bad_cursor() -> ApiError:
    """Refusal of a cursor that no answer gave."""
    text = "the cursor cannot be read; pass 'next_cursor' of the last answer, or none to start"
    return ApiError(ErrorCode.INVALID_PARAMS, text, [("cursor", text)])
