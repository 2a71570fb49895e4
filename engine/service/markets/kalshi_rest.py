"""Kalshi's public market list as a market catalogue; HTTP itself is handed in.

Prices come as `*_dollars` text or, from older answers, as cents; a bid of 0 and an ask of 1 say
that the side is empty. The ticker is the YES side, `:NO` the other.
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
from engine.service.markets.rows import MarketFact, Status, UnderlyingCurve, unix_time

__all__ = ["KalshiCatalogue", "read_markets"]

BASE = "https://api.elections.kalshi.com/trade-api/v2"
VENUE = "kalshi"
MARKETS_A_CALL = 1_000
CALLS_MAX = 10
OPEN = frozenset({"initialized", "inactive", "unopened", "active", "open"})
TRADING = frozenset({"active", "open"})
ENDED = frozenset({"finalized", "settled"})


class KalshiMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market as kalshi has it; whatever may be absent is None."""

    ticker: str
    event_ticker: str = ""
    title: str = ""
    yes_sub_title: str | None = None
    status: str = ""
    result: str | None = None
    open_time: str | None = None
    close_time: str | None = None
    yes_bid: float | None = None
    yes_ask: float | None = None
    no_bid: float | None = None
    no_ask: float | None = None
    yes_bid_dollars: str | float | None = None
    yes_ask_dollars: str | float | None = None
    no_bid_dollars: str | float | None = None
    no_ask_dollars: str | float | None = None
    volume: float | None = None
    volume_fp: str | float | None = None
    volume_24h: float | None = None
    volume_24h_fp: str | float | None = None


class KalshiAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of markets with kalshi's own cursor, empty at the end."""

    markets: list[msgspec.Raw]
    cursor: str | None = None


class KalshiCatalogue:
    """The port over kalshi's market list; a page costs at most ten calls."""

    def __init__(self, fetch: Fetch, base: str = BASE) -> None:
        self._fetch = fetch
        self._base = base

    async def page(self, ask: MarketAsk) -> CataloguePage:
        """Markets in kalshi's order. ApiError INVALID_PARAMS for tags, which it does not have."""
        if ask.tag is not None or ask.tag_id is not None or ask.exclude_tag_id is not None:
            text = "kalshi files its markets under no tags; search with 'q'"
            raise ApiError(ErrorCode.INVALID_PARAMS, text, [("tag", text)])
        upstream, skip = _position(ask.cursor)
        left_out = ask.offset if ask.cursor is None else 0
        limit = min(ask.limit, PAGE_MAX)
        entries: list[Entry] = []
        for _ in range(CALLS_MAX):
            filters = {"limit": str(MARKETS_A_CALL), "cursor": upstream}
            if ask.active and not ask.closed:
                filters["status"] = "open"
            facts, following = await self._call(filters)
            facts = [fact for fact in facts if wanted(fact, ask)]
            found = (expanded(facts) if ask.expand else [Entry(fact) for fact in facts])[skip:]
            dropped = min(left_out, len(found))
            left_out -= dropped
            room = limit - len(entries)
            entries.extend(found[dropped : dropped + room])
            if len(found) - dropped > room:
                cursor = pack_cursor([upstream, skip + dropped + room])
                return CataloguePage(tuple(entries), cursor)
            if not following:
                return CataloguePage(tuple(entries), None)
            upstream, skip = following, 0
            if len(entries) >= limit:
                break
        return CataloguePage(tuple(entries), pack_cursor([upstream, skip]))

    async def named(self, venue: str, name: str) -> Sequence[MarketFact]:
        """The market of that ticker, else the markets of the event."""
        if venue != VENUE:
            return ()
        found, _ = await self._call({"tickers": name})
        if not found:
            found, _ = await self._call({"event_ticker": name, "limit": str(MARKETS_A_CALL)})
        siblings = len(found)
        return [
            msgspec.structs.replace(fact, place=place, siblings=siblings)
            for place, fact in enumerate(found)
        ]

    async def of_token(self, token_id: str) -> MarketFact | None:
        """Kalshi has no tokens."""
        return None

    async def curve(self, fact: MarketFact) -> UnderlyingCurve | None:
        """No oracle is connected."""
        text = "no price oracle is connected; ask for the settlement without 'underlying'"
        raise ApiError(ErrorCode.NOT_IMPLEMENTED, text)

    async def _call(self, filters: dict[str, str]) -> tuple[list[MarketFact], str]:
        given = {name: value for name, value in filters.items() if value}
        return read_markets(await self._fetch(f"{self._base}/markets", given))


def read_markets(body: bytes) -> tuple[list[MarketFact], str]:
    """The markets of an answer and its cursor; ApiError SERVICE_UNAVAILABLE for anything else."""
    try:
        answer = msgspec.json.decode(body, type=KalshiAnswer)
    except msgspec.DecodeError:
        raise unreadable(VENUE) from None
    markets = read_items(answer.markets, KalshiMarket, VENUE)
    return [_fact(market) for market in markets], answer.cursor or ""


def _fact(market: KalshiMarket) -> MarketFact:
    outcomes = ("Yes", "No")
    result = {"yes": 0, "no": 1}.get((market.result or "").lower())
    status: Status = "resolving"
    if market.status in OPEN:
        status = "open"
    elif market.status in ENDED:
        status = "resolved"
    ended = status == "resolved" and result is not None
    winner = result if ended else None
    event = market.event_ticker or market.ticker
    return MarketFact(
        venue=VENUE,
        slug=market.ticker,
        question=market.title or market.ticker,
        outcomes=outcomes,
        token_ids=(f"{market.ticker}:YES", f"{market.ticker}:NO"),
        event_id=event,
        event_slug=event,
        parent_event_id=event,
        trading=market.status in TRADING,
        status=status,
        resolved=None if winner is None else outcomes[winner],
        volume_24h=_first(market.volume_24h_fp, market.volume_24h),
        volume_total=_first(market.volume_fp, market.volume),
        best=(
            _price(market.yes_bid_dollars, market.yes_bid),
            _price(market.yes_ask_dollars, market.yes_ask),
            _price(market.no_bid_dollars, market.no_bid),
            _price(market.no_ask_dollars, market.no_ask),
        ),
        prices=(None, None) if winner is None else (1.0 - winner, float(winner)),
        start_s=unix_time(market.open_time),
        end_s=unix_time(market.close_time),
        url=f"https://kalshi.com/markets/{event.partition('-')[0].lower()}",
        candidate=market.yes_sub_title or None,
    )


def _first(newer: str | float | None, older: float | None) -> float | None:
    found = number(newer)
    return older if found is None else found


def _price(dollars: str | float | None, cents: float | None) -> float | None:
    """Dollars of a price at which somebody stands."""
    found = number(dollars)
    if found is None and cents is not None:
        found = cents / 100
    return found if found is not None and 0 < found < 1 else None


def _position(cursor: str | None) -> tuple[str, int]:
    """Kalshi's own cursor, and the number of entries of its page that were shown."""
    if cursor is None:
        return "", 0
    try:
        upstream, skip = unpack_cursor(cursor)
        found = str(upstream), int(skip)
    except ValueError:
        raise bad_cursor() from None
    if found[1] < 0:
        raise bad_cursor()
    return found
