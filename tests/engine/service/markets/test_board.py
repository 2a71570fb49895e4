"""The markets service over an engine: rows with live prices, events, settlement, NO orders."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from engine.model.intake import parse_graph
from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.config import EngineConfig, SandboxVenues
from engine.service.engine import ExecutionEngine
from engine.service.markets.board import Markets
from engine.service.markets.catalogue_port import MarketAsk
from engine.service.markets.gamma import GammaCatalogue
from engine.service.markets.rows import MarketRow, NewMarketEvent
from engine.service.markets.settlement import Redemption
from tests.support.event_board import START_NS, Clock, StandIn
from venues.simulated.event_markets import EVENT_MARKETS

SLUG = "fed-cut-next-meeting"
FED = next(one for one in EVENT_MARKETS if one.slug == SLUG)
CENT = 10_000_000
SHORT = "btc-updown-5m-1776537600"


def make() -> tuple[Markets, StandIn, Clock]:
    stand_in, clock = StandIn(), Clock()
    return Markets(stand_in, clock_ns=clock, poll_s=0.001), stand_in, clock


def rows(markets: Markets, ask: MarketAsk | None = None, **direct: str) -> tuple[MarketRow, ...]:
    page = asyncio.run(markets.page(ask or MarketAsk(), **direct))
    assert page.count == len(page.markets)
    return page.markets


def test_a_row_shows_the_live_book_on_both_sides() -> None:
    markets, stand_in, _ = make()
    (row,) = rows(markets, slug=SLUG)
    assert (row.best_yes_bid, row.best_yes_ask, row.spread_pct) == (None, None, None)
    stand_in.quote(SLUG, 39 * CENT, 41 * CENT)
    stand_in.tapes[SLUG].observe_trade(START_NS, 250_000_000)
    (row,) = rows(markets, slug=SLUG)
    assert (row.best_yes_bid, row.best_yes_ask) == (0.39, 0.41)
    assert (row.best_no_bid, row.best_no_ask) == (0.59, 0.61)
    assert row.spread_pct == 5.0
    assert (row.volume_24h, row.volume_total) == (2.5, 2.5)
    assert row.symbol == row.yes_token_id == FED.yes_token_id
    assert row.outcome_token_ids == (FED.yes_token_id, FED.no_token_id)
    assert (row.active, row.closed) == (True, False)
    assert row.url == f"https://polymarket.com/event/{SLUG}"


def test_yesterdays_volume_is_not_todays() -> None:
    markets, stand_in, clock = make()
    stand_in.tapes[SLUG].observe_trade(START_NS, 100_000_000)
    clock.move(86_400)
    (row,) = rows(markets, slug=SLUG)
    assert (row.volume_24h, row.volume_total) == (None, 1.0)


def test_every_row_can_be_resolved_by_each_of_its_names() -> None:
    markets = make()[0]

    async def main() -> None:
        for venue in ("polymarket", "kalshi"):
            page = await markets.page(MarketAsk(venue=venue, limit=1_000))
            assert len(page.markets) >= 10
            for row in page.markets:
                for name in (row.slug, row.symbol, row.yes_token_id):
                    found = await markets.resolve(name)
                    assert (found.symbol, found.mirrored) == (row.slug, False)
                found = await markets.resolve(row.no_token_id)
                assert (found.symbol, found.mirrored) == (row.slug, True)

    asyncio.run(main())


def test_direct_questions_see_every_state() -> None:
    markets = make()[0]
    resolved = next(one for one in EVENT_MARKETS if one.resolved)
    (row,) = rows(markets, slug=resolved.slug)
    assert (row.active, row.closed) == (False, True)
    assert rows(markets, clob_token_id=resolved.no_token_id) == (row,)
    assert rows(markets, slug=f"https://polymarket.com/event/{resolved.slug}") == (row,)
    kalshi = MarketAsk(venue="kalshi")
    (row,) = rows(markets, kalshi, slug="KXBTCZ-26DEC31-T99000:YES")
    assert row.symbol == row.slug == "KXBTCZ-26DEC31-T99000"
    assert len(rows(markets, kalshi, slug="KXBTCZ-26DEC31")) == 2
    assert len(rows(markets, MarketAsk(limit=1), slug="next-mayor-of-rivermouth")) == 1
    for nothing in ("no such market", "nobody", "x" * 400):
        assert rows(markets, slug=nothing) == ()
    assert rows(markets, clob_token_id=SLUG) == rows(markets, clob_token_id="7" * 77) == ()
    assert rows(markets, kalshi, clob_token_id=resolved.no_token_id) == ()


def test_expansion_names_outcomes_and_parents() -> None:
    markets = make()[0]
    up, down = rows(markets, MarketAsk(expand=True), slug="btc-updown-today")
    assert [up.outcome_name, down.outcome_name] == ["Up", "Down"]
    assert [up.outcome_index, down.outcome_index] == [0, 1]
    assert [up.symbol, down.symbol] == [up.yes_token_id, up.no_token_id]
    event = rows(markets, MarketAsk(expand=True), slug="next-mayor-of-rivermouth")
    assert [row.outcome_name for row in event][:2] == ["Ada Fenwick", "Tomas Okoro"]
    assert [row.outcome_index for row in event] == [0, 1, 2, 3, 4]
    assert [row.is_placeholder_outcome for row in event] == [False, False, False, True, True]
    assert {row.parent_slug for row in event} == {"next-mayor-of-rivermouth"}
    assert len({row.parent_event_id for row in event}) == 1
    assert all(row.symbol == row.yes_token_id for row in event)


def test_a_page_leads_on() -> None:
    markets = make()[0]

    async def main() -> list[str]:
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await markets.page(MarketAsk(limit=7, cursor=cursor))
            found += [row.slug for row in page.markets]
            assert page.has_more is (page.next_cursor is not None)
            cursor = page.next_cursor
            if cursor is None:
                return found

    assert asyncio.run(main()) == [row.slug for row in rows(markets, MarketAsk(limit=1_000))]


def test_short_markets_are_told_when_they_come_and_go() -> None:
    markets, stand_in, clock = make()
    told: list[NewMarketEvent] = []
    markets.lifecycle.new_markets.subscribe(told.append)
    markets.tick()
    assert told == []
    stand_in.quote("BTC-USD", 64_000 * 10**9, 64_001 * 10**9)
    markets.tick()
    markets.tick()
    (event,) = told
    assert markets.lifecycle.new_markets.recent() == told
    (row,) = rows(markets, slug=SHORT)
    sent = msgspec.to_builtins(event)
    assert (sent.pop("kind"), sent.pop("observed_at_ns")) == ("new_market", START_NS)
    assert sent == msgspec.to_builtins(row)
    assert (row.best_yes_bid, row.volume_total) == (None, None)
    assert row.start_date == "2026-04-18T18:40:00Z"
    clock.move(200)
    stand_in.quote("BTC-USD", 63_000 * 10**9, 63_001 * 10**9)
    markets.tick()
    (over,) = markets.lifecycle.resolved.recent()
    assert (over.winning_outcome, over.event_id) == ("Down", row.event_id)
    assert over.winning_token_id == row.no_token_id
    settled = asyncio.run(markets.settlement(SHORT, underlying=True))
    assert (settled.status, settled.resolved_outcome) == ("resolved", "Down")
    assert (settled.event_start_s, settled.event_end_s) == (1_776_537_600, 1_776_537_900)
    assert settled.underlying is not None
    assert [one.price_1e9 for one in settled.underlying.points] == [
        64_000_500_000_000,
        63_000_500_000_000,
    ]


def test_the_background_looks_after_them(caplog: pytest.LogCaptureFixture) -> None:
    markets, stand_in, _ = make()

    async def main() -> None:
        await markets.start()
        await markets.start()
        stand_in.quote("BTC-USD", 64_000 * 10**9, 64_001 * 10**9)
        while not markets.lifecycle.new_markets.recent():
            await asyncio.sleep(0.001)
        with caplog.at_level(logging.ERROR):
            broken, markets._advance = markets._advance, None
            markets._advance = lambda now_ns: (_ for _ in ()).throw(RuntimeError("no mid"))  # type: ignore[assignment]  # a fault on purpose
            while not caplog.records:
                await asyncio.sleep(0.001)
            markets._advance = broken
        await markets.close()
        await markets.close()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_settlement_of_each_state() -> None:
    markets, stand_in, _ = make()
    stand_in.quote(SLUG, 39 * CENT, 41 * CENT)

    async def main() -> None:
        live = await markets.settlement(SLUG, underlying=True)
        assert (live.status, live.yes_price, live.no_price) == ("open", 0.4, 0.6)
        assert live.underlying is None
        assert live.condition_id == FED.condition_id
        over = await markets.settlement("https://polymarket.com/event/btc-updown-yesterday")
        assert (over.status, over.resolved_outcome) == ("resolved", "Up")
        assert (over.yes_price, over.no_price) == (1.0, 0.0)
        assert over.event_end_s == START_NS // 10**9 - 86_400
        for bad, code in (
            ("next-mayor-of-rivermouth", ErrorCode.VALIDATION_ERROR),
            ("nobody", ErrorCode.NOT_FOUND),
        ):
            with pytest.raises(ApiError) as caught:
                await markets.settlement(bad)
            assert caught.value.code is code

    asyncio.run(main())


def test_redemption_asks_whoever_keeps_positions() -> None:
    markets = make()[0]
    seen: list[Redemption] = []

    async def pay(claim: Redemption) -> int | None:
        seen.append(claim)
        return 5 if claim.client_id == "rich" else None

    async def main() -> None:
        slug = "rate-hike-last-meeting"
        assert (await markets.redeem(slug, "polymarket", "rich")).mode == "noop"
        markets.on_redeem = pay
        assert (await markets.redeem(slug, "polymarket", "rich")).mode == "relayer_submitted"
        assert (await markets.redeem(slug, "polymarket", "poor")).mode == "noop"
        assert (await markets.redeem(SLUG, "polymarket", "rich")).mode == "noop"
        answer = await markets.redeem("KXRECSSNBER-26", "kalshi", "rich")
        assert (answer.mode, answer.slug) == ("auto_settled", "KXRECSSNBER-26")
        with pytest.raises(ApiError) as caught:
            await markets.redeem(slug, "kalshi", "rich")
        assert caught.value.code is ErrorCode.NOT_FOUND

    asyncio.run(main())
    assert [one.payoffs_1e9 for one in seen] == [(0, 10**9)] * 2


def test_rewards() -> None:
    markets = make()[0]
    assert markets.rewards() == ()
    with pytest.raises(ApiError) as caught:
        markets.reward(FED.yes_token_id)
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_a_live_catalogue_mints_nothing_of_its_own() -> None:
    async def fetch(url: str, params: object) -> bytes:
        return b"[]"

    stand_in = StandIn()
    markets = Markets(stand_in, GammaCatalogue(fetch), clock_ns=Clock())
    stand_in.quote("BTC-USD", 64_000 * 10**9, 64_001 * 10**9)

    async def main() -> None:
        await markets.start()
        markets.tick()
        await markets.close()
        assert (await markets.page(MarketAsk())).markets == ()

    asyncio.run(main())
    assert markets.lifecycle.new_markets.recent() == []
    with pytest.raises(ApiError) as caught:
        markets.rewards()
    assert caught.value.code is ErrorCode.NOT_IMPLEMENTED


def test_a_no_order_is_executed_as_its_mirror() -> None:
    """Buying NO without a position sells YES, at 1 - p, and the venue holds us short of YES."""

    async def main() -> None:
        config = EngineConfig(venues=SandboxVenues(latency_scale=0))
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            market = engine.world.markets[SLUG]
            while market.best(0) is None:
                await asyncio.sleep(0.005)
            bid = market.best(0)
            assert bid is not None
            markets = Markets(engine)
            price = (10**9 - bid + 2 * CENT) / 10**9
            order = {"symbol": FED.no_token_id, "side": "buy", "qty": 10, "price": price}
            run = await engine.submit(await markets.prepare(parse_graph(order)))
            assert run.accepted, run.faults
            state = await run.done(10)
            assert state.nodes["order"].filled_qty_1e8 == 1_000_000_000
            fills = await engine.fills()
            assert {(one.side, one.symbol) for one in fills} == {(Side.SELL, SLUG)}
            (venue,) = [one for one in engine.sandbox_venues if one.profile.name == "polymarket"]
            held = venue.exchange.account.position(FED.yes_token_id)
            assert held.qty_1e8 == -1_000_000_000

    asyncio.run(main())
