"""Polymarket's public catalogue (Gamma) as a market catalogue; HTTP itself is handed in.

Fields as its own documentation has them: `outcomes`, `outcomePrices` and `clobTokenIds` are JSON
text inside JSON, index 0 is YES, and a market's prices are 1 and 0 once it has resolved.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.catalogue_port import (
    PAGE_MAX,
    CataloguePage,
    Entry,
    MarketAsk,
    bad_cursor,
    expanded,
    pack_cursor,
    unpack_cursor,
    wanted,
)
from engine.service.markets.rest_answers import Fetch, number, read_items, unreadable
from engine.service.markets.rows import MarketFact, Status, Tag, UnderlyingCurve, unix_time

__all__ = ["GammaCatalogue", "facts_of_event", "read_events", "read_markets"]

BASE = "https://gamma-api.polymarket.com"
VENUE = "polymarket"
EVENTS_A_CALL = 100
CALLS_MAX = 10


class GammaTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag of an event."""

    id: str = ""
    slug: str = ""


class GammaParent(msgspec.Struct, frozen=True, kw_only=True):
    """The event of a market, as the market carries it."""

    id: str = ""
    slug: str = ""
    tags: tuple[GammaTag, ...] | None = None


class GammaMarket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A market as Gamma has it; whatever may be absent is None."""

    slug: str
    question: str = ""
    condition_id: str | None = None
    outcomes: str | None = None
    outcome_prices: str | None = None
    clob_token_ids: str | None = None
    active: bool | None = None
    closed: bool | None = None
    archived: bool | None = None
    accepting_orders: bool | None = None
    enable_order_book: bool | None = None
    neg_risk: bool | None = None
    uma_resolution_status: str | None = None
    resolution_source: str | None = None
    group_item_title: str | None = None
    start_date: str | None = None
    event_start_time: str | None = None
    end_date: str | None = None
    volume: str | float | None = None
    volume_num: float | None = None
    volume_24hr: float | None = msgspec.field(default=None, name="volume24hr")
    best_bid: float | None = None
    best_ask: float | None = None
    events: tuple[GammaParent, ...] | None = None


class GammaEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event with its markets."""

    slug: str
    id: str = ""
    tags: tuple[GammaTag, ...] | None = None
    markets: list[msgspec.Raw] | None = None


class GammaCatalogue:
    """The port over Gamma. A page costs at most ten calls; a filter that finds little answers a
    short page with a cursor, so that the walk goes on."""

    def __init__(self, fetch: Fetch, base: str = BASE) -> None:
        self._fetch = fetch
        self._base = base

    async def page(self, ask: MarketAsk) -> CataloguePage:
        """Markets of the events that Gamma lists, event by event, in its order."""
        offset, skip = _position(ask.cursor)
        left_out = ask.offset if ask.cursor is None else 0
        limit = min(ask.limit, PAGE_MAX)
        entries: list[Entry] = []
        for _ in range(CALLS_MAX):
            events = await self._events(_filters(ask) | {"offset": str(offset)})
            for event in events:
                facts = [one for one in facts_of_event(event) if wanted(one, ask)]
                found = expanded(facts) if ask.expand else [Entry(fact) for fact in facts]
                found = found[skip:]
                dropped = min(left_out, len(found))
                left_out -= dropped
                room = limit - len(entries)
                entries.extend(found[dropped : dropped + room])
                if len(found) - dropped > room:
                    cursor = pack_cursor([offset, skip + dropped + room])
                    return CataloguePage(tuple(entries), cursor)
                offset, skip = offset + 1, 0
            if len(events) < EVENTS_A_CALL:
                return CataloguePage(tuple(entries), None)
            if len(entries) >= limit:
                break
        return CataloguePage(tuple(entries), pack_cursor([offset, skip]))

    async def named(self, venue: str, name: str) -> Sequence[MarketFact]:
        """The market of that slug, else the markets of the event; resolved ones too."""
        if venue != VENUE:
            return ()
        markets = await self._markets({"slug": name})
        if markets:
            return markets[:1]
        for closed in ("false", "true"):
            events = await self._events({"slug": name, "closed": closed})
            if events:
                return facts_of_event(events[0])
        return ()

    async def of_token(self, token_id: str) -> MarketFact | None:
        """The market of a YES or NO token; resolved ones too."""
        markets = await self._markets({"clob_token_ids": token_id})
        return next((one for one in markets if token_id in one.token_ids), None)

    async def curve(self, fact: MarketFact) -> UnderlyingCurve | None:
        """No oracle is connected."""
        text = "no price oracle is connected; ask for the settlement without 'underlying'"
        raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)

    async def _markets(self, filters: dict[str, str]) -> list[MarketFact]:
        # Gamma leaves closed markets out unless they are asked for.
        for closed in ("false", "true"):
            body = await self._fetch(f"{self._base}/markets", {**filters, "closed": closed})
            found = read_markets(body)
            if found:
                return found
        return []

    async def _events(self, filters: dict[str, str]) -> list[GammaEvent]:
        return read_events(await self._fetch(f"{self._base}/events", filters))


def read_events(body: bytes) -> list[GammaEvent]:
    """The events of an answer; ApiError SERVICE_UNAVAILABLE for what is no list."""
    return read_items(_list(body), GammaEvent, VENUE)


def read_markets(body: bytes) -> list[MarketFact]:
    """The markets of an answer that have two tokens; others are not traded on the book."""
    facts: list[MarketFact] = []
    for market in read_items(_list(body), GammaMarket, VENUE):
        parent = market.events[0] if market.events else GammaParent()
        fact = _fact(market, parent.id, parent.slug, parent.tags or (), 0, 1)
        if fact is not None:
            facts.append(fact)
    return facts


def facts_of_event(event: GammaEvent) -> list[MarketFact]:
    """The markets of an event, in its order."""
    markets = read_items(event.markets or [], GammaMarket, VENUE)
    sides = len(markets)
    facts = [
        _fact(market, event.id, event.slug, event.tags or (), place, sides)
        for place, market in enumerate(markets)
    ]
    return [fact for fact in facts if fact is not None]


def _list(body: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        raise unreadable(VENUE) from None


def _fact(
    market: GammaMarket,
    event_id: str,
    event_slug: str,
    tags: Sequence[GammaTag],
    place: int,
    siblings: int,
) -> MarketFact | None:
    """The market in our terms; None where it has no two outcomes with a token each."""
    outcomes, tokens = _texts(market.outcomes), _texts(market.clob_token_ids)
    if len(outcomes) != 2 or len(tokens) != 2:
        return None
    prices = [number(one) for one in _texts(market.outcome_prices)]
    yes, no = prices if len(prices) == 2 else (None, None)
    status, winner = _state(market, yes, no)
    open_now = market.active is not False and not market.archived
    taking = market.accepting_orders is not False and market.enable_order_book is not False
    volume = market.volume_num if market.volume_num is not None else number(market.volume)
    slug = event_slug or market.slug
    path = slug if siblings == 1 and slug == market.slug else f"{slug}/{market.slug}"
    bid, ask = market.best_bid, market.best_ask
    return MarketFact(
        venue=VENUE,
        slug=market.slug,
        question=market.question,
        outcomes=(outcomes[0], outcomes[1]),
        token_ids=(tokens[0], tokens[1]),
        event_id=market.condition_id,
        event_slug=slug,
        parent_event_id=event_id or None,
        condition_id=market.condition_id,
        neg_risk=bool(market.neg_risk),
        trading=status == "open" and open_now and taking,
        status=status,
        resolved=None if winner is None else outcomes[winner],
        volume_24h=market.volume_24hr,
        volume_total=volume,
        best=(_price(bid), _price(ask), _other(ask), _other(bid)),
        prices=(yes, no),
        start_s=unix_time(market.event_start_time or market.start_date),
        end_s=unix_time(market.end_date),
        url=f"https://polymarket.com/event/{path}",
        tags=tuple([Tag(int(tag.id), tag.slug) for tag in tags if tag.id.isdecimal()]),
        candidate=market.group_item_title or None,
        place=place,
        siblings=siblings,
        resolution_source=market.resolution_source or None,
    )


def _state(market: GammaMarket, yes: float | None, no: float | None) -> tuple[Status, int | None]:
    """Only final prices say who won, and only once the oracle does not say otherwise."""
    if not market.closed:
        return "open", None
    if market.uma_resolution_status not in (None, "", "resolved"):
        return "resolving", None
    if (yes, no) == (1.0, 0.0):
        return "resolved", 0
    if (yes, no) == (0.0, 1.0):
        return "resolved", 1
    # A market that paid half to each side has ended without a winner.
    return ("resolved" if market.uma_resolution_status == "resolved" else "resolving"), None


def _texts(text: str | None) -> list[str]:
    """A JSON list of texts inside a text."""
    try:
        return msgspec.json.decode(text or "[]", type=list[str])
    except msgspec.DecodeError:
        return []


def _price(value: float | None) -> float | None:
    """A price at which somebody stands; 0 and 1 are what Gamma says of an empty side."""
    return value if value is not None and 0 < value < 1 else None


def _other(value: float | None) -> float | None:
    return None if _price(value) is None or value is None else round(1 - value, 9)


def _filters(ask: MarketAsk) -> dict[str, str]:
    filters = {"limit": str(EVENTS_A_CALL)}
    if not ask.closed:
        filters["closed"] = "false"
        if ask.active:
            filters["active"] = "true"
    if ask.tag is not None:
        filters["tag_slug"] = ask.tag
    if ask.tag_id is not None:
        filters["tag_id"] = str(ask.tag_id)
        if ask.related_tags:
            filters["related_tags"] = "true"
    if ask.exclude_tag_id is not None:
        filters["exclude_tag_id"] = str(ask.exclude_tag_id)
    return filters


def _position(cursor: str | None) -> tuple[int, int]:
    """Number of events passed, and of entries of the next one."""
    if cursor is None:
        return 0, 0
    try:
        offset, skip = unpack_cursor(cursor)
        found = int(offset), int(skip)
    except ValueError:
        raise bad_cursor() from None
    if min(found) < 0:
        raise bad_cursor()
    return found
