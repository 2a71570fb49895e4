"""The sandbox's catalogue: the event markets that its venues list, and short ones that come and go.

Every five minutes a `btc-updown-5m-<unix>` market is minted, and resolved by the BTC mid that
the sandbox itself shows when its window is over. These are rows of the catalogue only: an engine
lists instruments when it is built, so they can be watched and settled, not traded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from engine.service.markets.catalogue_port import (
    PAGE_MAX,
    CataloguePage,
    Entry,
    MarketAsk,
    bad_cursor,
    expanded,
    pack_cursor,
    unknown_venue,
    unpack_cursor,
    wanted,
)
from engine.service.markets.rows import (
    MarketFact,
    Status,
    Tag,
    UnderlyingCurve,
    UnderlyingPoint,
    iso_time,
)
from venues.simulated.event_markets import EVENT_MARKETS, PLACEHOLDER_MARKETS, EventMarket

__all__ = ["CatalogueChanges", "SimulatedCatalogue"]

NS_PER_S = 1_000_000_000
WINDOW_S = 300
WINDOWS_MAX = 64
UNDERLYING = "BTC-USD"
VENUES = ("polymarket", "kalshi")
TAGS = {
    "sports": Tag(1, "sports"),
    "politics": Tag(2, "politics"),
    "crypto": Tag(21, "crypto"),
    "weather": Tag(84, "weather"),
    "finance": Tag(120, "finance"),
    "economics": Tag(126, "economics"),
    "geopolitics": Tag(130, "geopolitics"),
}
BITCOIN = Tag(235, "bitcoin")
RELATED = {
    BITCOIN.tag_id: frozenset({TAGS["crypto"].tag_id}),
    TAGS["crypto"].tag_id: frozenset({BITCOIN.tag_id}),
    TAGS["finance"].tag_id: frozenset({TAGS["economics"].tag_id}),
    TAGS["economics"].tag_id: frozenset({TAGS["finance"].tag_id}),
    TAGS["politics"].tag_id: frozenset({TAGS["geopolitics"].tag_id}),
    TAGS["geopolitics"].tag_id: frozenset({TAGS["politics"].tag_id}),
}


class CatalogueChanges(msgspec.Struct, frozen=True):
    """What has appeared and what has resolved since the last look."""

    minted: tuple[MarketFact, ...] = ()
    resolved: tuple[MarketFact, ...] = ()


class Window:
    """One minted market: its five minutes and the prices at both ends, None until seen."""

    __slots__ = ("close", "market", "open", "start_s")

    def __init__(self, start_s: int, first: UnderlyingPoint) -> None:
        end = iso_time(start_s + WINDOW_S) or ""
        self.start_s = start_s
        self.open = first
        self.close: UnderlyingPoint | None = None
        self.market = EventMarket(
            "polymarket",
            f"btc-updown-5m-{start_s}",
            f"Bitcoin up or down in the five minutes until {end}?",
            "crypto",
            50,
            WINDOW_S,
            None,
            ("Up", "Down"),
        )

    @property
    def resolved(self) -> str | None:
        """Up also when the price has not moved, as the venue's own rule has it."""
        if self.close is None:
            return None
        return "Up" if self.close.price_1e9 >= self.open.price_1e9 else "Down"


class SimulatedCatalogue:
    """Both event venues of the sandbox. `mid_1e9` gives the BTC mid or None; time is handed in.

    At most 64 short markets are remembered, five hours of them.
    """

    def __init__(self, clock_ns: Callable[[], int], mid_1e9: Callable[[], int | None]) -> None:
        self._clock_ns = clock_ns
        self._mid_1e9 = mid_1e9
        self._start_s = clock_ns() // NS_PER_S
        self._windows: dict[int, Window] = {}
        self._table: tuple[EventMarket, ...] = EVENT_MARKETS + PLACEHOLDER_MARKETS
        self._by_slug = {(one.venue, one.slug): one for one in self._table}
        self._places = {key: place for place, key in enumerate(self._by_slug)}
        self._events: dict[tuple[str, str], list[EventMarket]] = {}
        self._by_token: dict[str, EventMarket] = {}
        for one in self._table:
            if one.event is not None:
                self._events.setdefault((one.venue, one.event), []).append(one)
            if one.venue == "polymarket":
                self._by_token[one.yes_token_id] = self._by_token[one.no_token_id] = one

    # -- the catalogue port

    async def page(self, ask: MarketAsk) -> CataloguePage:
        """The venue's markets in the order of the table, then the short ones, oldest first."""
        if ask.venue not in VENUES:
            raise unknown_venue(ask.venue, VENUES)
        facts = [fact for fact in self._facts(ask.venue) if _passes(fact, ask)]
        entries = expanded(facts) if ask.expand else [Entry(fact) for fact in facts]
        first = ask.offset
        if ask.cursor is not None:
            first = self._after(entries, unpack_cursor(ask.cursor))
        last = first + min(ask.limit, PAGE_MAX)
        page = tuple(entries[first:last])
        more = last < len(entries) and bool(page)
        return CataloguePage(page, pack_cursor(self._key(page[-1])) if more else None)

    async def named(self, venue: str, name: str) -> Sequence[MarketFact]:
        """The market of that slug or ticker, else those of the event."""
        market = self._by_slug.get((venue, name))
        if market is not None:
            return (self._fact(market),)
        for window in self._windows.values():
            if (window.market.venue, window.market.slug) == (venue, name):
                return (self._window_fact(window),)
        return tuple(self._fact(one) for one in self._events.get((venue, name), ()))

    async def of_token(self, token_id: str) -> MarketFact | None:
        """The market of a YES or NO token."""
        market = self._by_token.get(token_id)
        if market is not None:
            return self._fact(market)
        for window in self._windows.values():
            if token_id in (window.market.yes_token_id, window.market.no_token_id):
                return self._window_fact(window)
        return None

    async def curve(self, fact: MarketFact) -> UnderlyingCurve | None:
        """The two prices that a short market goes by; nothing else here has an underlying."""
        for window in self._windows.values():
            if window.market.slug == fact.slug:
                points = (window.open,) if window.close is None else (window.open, window.close)
                return UnderlyingCurve(symbol=UNDERLYING, source="sandbox_mid", points=points)
        return None

    # -- markets that come and go

    def advance(self, now_ns: int) -> CatalogueChanges:
        """Mint the window of this time and resolve those that are over; both need a BTC mid."""
        mid = self._mid_1e9()
        if mid is None:
            return CatalogueChanges()
        now_s = now_ns // NS_PER_S
        point = UnderlyingPoint(ts_ns=now_ns, price_1e9=mid)
        resolved: list[MarketFact] = []
        for window in self._windows.values():
            if window.close is None and window.start_s + WINDOW_S <= now_s:
                window.close = point
                resolved.append(self._window_fact(window))
        start_s = now_s - now_s % WINDOW_S
        minted: list[MarketFact] = []
        if start_s not in self._windows:
            if len(self._windows) >= WINDOWS_MAX:
                del self._windows[next(iter(self._windows))]
            window = self._windows[start_s] = Window(start_s, point)
            minted.append(self._window_fact(window))
        return CatalogueChanges(tuple(minted), tuple(resolved))

    # -- inside

    def _facts(self, venue: str) -> list[MarketFact]:
        facts = [self._fact(market) for market in self._table if market.venue == venue]
        if venue == "polymarket":
            facts.extend([self._window_fact(window) for window in self._windows.values()])
        return facts

    def _fact(self, market: EventMarket) -> MarketFact:
        end_s = self._start_s + market.closes_in_s
        status: Status = "open"
        if market.resolved is not None:
            status = "resolved"
        elif end_s <= self._clock_ns() // NS_PER_S:
            status = "resolving"
        siblings = self._events.get((market.venue, market.event or ""), [market])
        return fact_of(market, status, siblings, market.resolved, None, end_s)

    def _window_fact(self, window: Window) -> MarketFact:
        end_s = window.start_s + WINDOW_S
        status: Status = "open"
        if window.close is not None:
            status = "resolved"
        elif end_s <= self._clock_ns() // NS_PER_S:
            status = "resolving"
        market = window.market
        return fact_of(market, status, [market], window.resolved, window.start_s, end_s)

    def _key(self, entry: Entry) -> tuple[int, int, int]:
        """Where an entry stands in the order, whatever appears or goes between two pages."""
        fact = entry.fact
        place = self._places.get((fact.venue, fact.slug))
        if place is None:
            place = len(self._table) + (fact.start_s or 0)
        if entry.outcome is None:
            return 0, place, 0
        return int(fact.placeholder), place, entry.outcome

    def _after(self, entries: Sequence[Entry], key: list[str | int]) -> int:
        """The number of entries up to the one that a cursor was made of."""
        try:
            flag, place, outcome = key
            last = int(flag), int(place), int(outcome)
        except ValueError:
            raise bad_cursor() from None
        return len([entry for entry in entries if self._key(entry) <= last])


def fact_of(
    market: EventMarket,
    status: Status,
    siblings: Sequence[EventMarket],
    resolved: str | None,
    start_s: int | None,
    end_s: int,
) -> MarketFact:
    """A row of the sandbox's table as any other catalogue would tell it."""
    kalshi = market.venue == "kalshi"
    event = market.event or market.slug
    tags = [TAGS[market.category]]
    if "btc" in market.slug.lower():
        tags.append(BITCOIN)
    tokens = (market.yes_token_id, market.no_token_id)
    won = None if resolved is None else float(resolved == market.outcomes[0])
    fact = MarketFact(
        venue=market.venue,
        slug=market.slug,
        question=market.question,
        outcomes=market.outcomes,
        token_ids=(f"{market.slug}:YES", f"{market.slug}:NO") if kalshi else tokens,
        event_id=event if kalshi else market.condition_id,
        event_slug=event,
        parent_event_id=event if kalshi else event_id(event),
        condition_id=None if kalshi else market.condition_id,
        neg_risk=len(siblings) > 1 and not kalshi,
        status=status,
        resolved=resolved,
        prices=(None, None) if won is None else (won, 1.0 - won),
        start_s=start_s,
        end_s=end_s,
        url=url_of(market, event, alone=len(siblings) == 1),
        tags=tuple(tags),
        candidate=market.candidate,
        place=siblings.index(market),
        siblings=len(siblings),
        resolution_source=f"the sandbox's own {UNDERLYING} mid" if start_s is not None else None,
    )
    return msgspec.structs.replace(fact, trading=status == "open" and not fact.placeholder)


def event_id(event: str) -> str:
    """An id of an event, the same in every run."""
    return "0x" + hashlib.sha256(f"event {event}".encode()).hexdigest()


def url_of(market: EventMarket, event: str, *, alone: bool) -> str:
    """Where the venue would show the market."""
    if market.venue == "kalshi":
        return f"https://kalshi.com/markets/{market.slug.partition('-')[0].lower()}"
    return f"https://polymarket.com/event/{event}" + ("" if alone else f"/{market.slug}")


def _passes(fact: MarketFact, ask: MarketAsk) -> bool:
    if not wanted(fact, ask):
        return False
    ids = {tag.tag_id for tag in fact.tags}
    if ask.tag is not None and ask.tag.lower() not in {tag.slug for tag in fact.tags}:
        return False
    if ask.tag_id is not None:
        asked = {ask.tag_id}
        if ask.related_tags:
            asked |= RELATED.get(ask.tag_id, frozenset())
        if not ids & asked:
            return False
    return ask.exclude_tag_id is None or ask.exclude_tag_id not in ids
