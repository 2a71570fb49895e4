"""The sandbox's catalogue: pages, filters, events, and five-minute markets by the BTC mid."""

from __future__ import annotations

import asyncio

import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.catalogue_port import CataloguePage, MarketAsk, pack_cursor
from engine.service.markets.rows import MarketFact
from engine.service.markets.simulated_catalogue import WINDOWS_MAX, SimulatedCatalogue
from tests.support.event_board import START_NS, Clock
from venues.simulated.event_markets import EVENT_MARKETS, PLACEHOLDER_MARKETS

SLUG = "btc-updown-5m-1776537600"
BOTH = EVENT_MARKETS + PLACEHOLDER_MARKETS


class Mid:
    """The BTC mid, moved by hand."""

    price: int | None = 64_000_000_000_000

    def __call__(self) -> int | None:
        return self.price


def make() -> tuple[SimulatedCatalogue, Clock, Mid]:
    clock, mid = Clock(), Mid()
    return SimulatedCatalogue(clock, mid), clock, mid


def page(catalogue: SimulatedCatalogue, ask: MarketAsk) -> CataloguePage:
    return asyncio.run(catalogue.page(ask))


def slugs(ask: MarketAsk) -> list[str]:
    return [entry.fact.slug for entry in page(make()[0], ask).entries]


def walk(catalogue: SimulatedCatalogue, limit: int, *, expand: bool = False) -> list[str]:
    found, cursor = [], None
    while True:
        ask = MarketAsk(limit=limit, cursor=cursor, expand=expand, active=False, closed=True)
        got = page(catalogue, ask)
        assert len(got.entries) <= limit
        found += [f"{one.fact.slug} {one.outcome}" for one in got.entries]
        cursor = got.cursor
        if cursor is None:
            return found


def test_the_default_is_what_trades_on_polymarket() -> None:
    expected = [m.slug for m in EVENT_MARKETS if m.venue == "polymarket" and not m.resolved]
    assert slugs(MarketAsk(limit=500)) == expected
    assert slugs(MarketAsk()) == expected[:20]
    assert slugs(MarketAsk(limit=2, offset=3)) == expected[3:5]


def test_closed_brings_resolved_ones_along() -> None:
    resolved = {m.slug for m in EVENT_MARKETS if m.resolved}
    extra = {*slugs(MarketAsk(limit=500, closed=True))} - {*slugs(MarketAsk(limit=500))}
    assert extra == resolved
    assert len(resolved) == 3


def test_placeholders_do_not_trade() -> None:
    extra = {*slugs(MarketAsk(limit=500, active=False))} - {*slugs(MarketAsk(limit=500))}
    assert extra == {m.slug for m in PLACEHOLDER_MARKETS}


@pytest.mark.parametrize("limit", [1, 3, 7, 1_000])
@pytest.mark.parametrize("expand", [False, True])
def test_pages_of_any_size_tell_the_same(limit: int, expand: bool) -> None:
    catalogue, clock, _ = make()
    catalogue.advance(clock.now_ns)
    whole = walk(catalogue, 500, expand=expand)
    assert walk(catalogue, limit, expand=expand) == whole
    assert len(set(whole)) == len(whole)
    if expand:
        # Five markets of one event, both sides of every other one; nobody's slots at the end.
        alone = sum(m.venue == "polymarket" and m.event is None for m in BOTH) + 1
        assert len(whole) == 5 + 2 * alone
        assert whole[-2:] == [f"{m.slug} 0" for m in PLACEHOLDER_MARKETS]


def test_a_walk_is_not_disturbed_by_a_market_that_appears() -> None:
    catalogue, clock, _ = make()
    first = page(catalogue, MarketAsk(limit=5))
    catalogue.advance(clock.now_ns)
    rest = page(catalogue, MarketAsk(limit=500, cursor=first.cursor))
    names = [one.fact.slug for one in first.entries + rest.entries]
    assert names == [*slugs(MarketAsk(limit=500)), SLUG]
    assert rest.cursor is None


@pytest.mark.parametrize("words", [[], [1, 2], ["a", 1, 2], [1, 2, 3, 4]])
def test_a_cursor_of_something_else(words: list[str | int]) -> None:
    with pytest.raises(ApiError) as caught:
        slugs(MarketAsk(cursor=pack_cursor(words)))
    assert caught.value.code is ErrorCode.INVALID_PARAMS


def test_tags_and_words() -> None:
    bitcoin = slugs(MarketAsk(tag="bitcoin", limit=500))
    assert bitcoin
    assert all("btc" in slug for slug in bitcoin)
    crypto = slugs(MarketAsk(tag_id=21, limit=500))
    assert {*bitcoin} < {*crypto}
    assert slugs(MarketAsk(tag_id=235, related_tags=True, limit=500)) == crypto
    assert not {*slugs(MarketAsk(exclude_tag_id=21, limit=500))} & {*crypto}
    assert slugs(MarketAsk(tag="no-such-tag")) == []
    assert slugs(MarketAsk(q="GOLD")) == ["gold-above-3000"]
    assert all(slug.startswith("KX") for slug in slugs(MarketAsk(venue="kalshi", q="kx")))


def test_an_unknown_venue() -> None:
    with pytest.raises(ApiError) as caught:
        slugs(MarketAsk(venue="kraken"))
    assert caught.value.code is ErrorCode.INVALID_PARAMS


def test_events_and_tokens() -> None:
    catalogue = make()[0]

    async def main() -> None:
        event = await catalogue.named("polymarket", "next-mayor-of-rivermouth")
        assert [one.place for one in event] == [0, 1, 2, 3, 4]
        assert {one.siblings for one in event} == {5}
        assert len({one.parent_event_id for one in event}) == 1
        assert [one.placeholder for one in event] == [False, False, False, True, True]
        for one in event:
            for token in one.token_ids:
                found = await catalogue.of_token(token)
                assert found == one
        assert await catalogue.of_token("1" * 77) is None
        (kalshi,) = await catalogue.named("kalshi", "KXRECSSNBER-26")
        assert (kalshi.symbol, kalshi.siblings) == ("KXRECSSNBER-26", 1)
        assert kalshi.condition_id is None
        assert kalshi.url == "https://kalshi.com/markets/kxrecssnber"

    asyncio.run(main())


def test_a_market_closes_when_its_time_is_over() -> None:
    catalogue, clock, _ = make()

    def state() -> tuple[str, bool]:
        (fact,) = asyncio.run(catalogue.named("polymarket", "btc-updown-today"))
        return fact.status, fact.trading

    assert state() == ("open", True)
    clock.move(86_400)
    assert state() == ("resolving", False)


def minted(catalogue: SimulatedCatalogue, now_ns: int) -> MarketFact:
    (fact,) = catalogue.advance(now_ns).minted
    return fact


@pytest.mark.parametrize(("move", "outcome"), [(1, "Up"), (0, "Up"), (-1, "Down")])
def test_a_short_market_resolves_by_the_mid(move: int, outcome: str) -> None:
    catalogue, clock, mid = make()
    fact = minted(catalogue, clock.now_ns)
    assert (fact.slug, fact.status, fact.outcomes) == (SLUG, "open", ("Up", "Down"))
    assert (fact.start_s, fact.end_s) == (1_776_537_600, 1_776_537_900)
    clock.move(199)
    changes = catalogue.advance(clock.now_ns)
    assert changes.minted == changes.resolved == ()
    clock.move(1)
    assert mid.price is not None
    mid.price += move
    changes = catalogue.advance(clock.now_ns)
    (over,) = changes.resolved
    assert (over.slug, over.resolved, over.status, over.trading) == (
        SLUG,
        outcome,
        "resolved",
        False,
    )
    assert over.prices == ((1.0, 0.0) if outcome == "Up" else (0.0, 1.0))
    assert [one.slug for one in changes.minted] == ["btc-updown-5m-1776537900"]
    curve = asyncio.run(catalogue.curve(over))
    assert curve is not None
    assert [point.price_1e9 for point in curve.points] == [mid.price - move, mid.price]
    assert [point.ts_ns for point in curve.points] == [START_NS, clock.now_ns]


def test_without_a_mid_nothing_is_made_up() -> None:
    catalogue, clock, mid = make()
    mid.price = None
    assert catalogue.advance(clock.now_ns).minted == ()
    mid.price = 5
    fact = minted(catalogue, clock.now_ns)
    clock.move(400)
    mid.price = None
    assert catalogue.advance(clock.now_ns).resolved == ()
    (now,) = asyncio.run(catalogue.named("polymarket", fact.slug))
    assert (now.status, now.resolved) == ("resolving", None)


def test_only_so_many_short_markets_are_remembered() -> None:
    catalogue, clock, _ = make()
    for _ in range(WINDOWS_MAX + 3):
        last = minted(catalogue, clock.now_ns)
        clock.move(300)
    assert len(catalogue._windows) == WINDOWS_MAX
    assert asyncio.run(catalogue.named("polymarket", SLUG)) == ()
    assert asyncio.run(catalogue.of_token(last.token_ids[1])) is not None
