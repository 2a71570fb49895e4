"""Quotes of a real sandbox: warm, cold, mirrored, crossed, many at once, and the past."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec

from engine.kernels.layout import ASK, BID
from engine.model.graph import SimpleOrder
from engine.model.mirror import Resolved
from engine.model.units import Side
from engine.service.quotes.asked import not_listed
from engine.service.quotes.board import Quotes
from engine.service.quotes.chain import BookChain
from engine.service.quotes.views import Source
from engine.store.queries import decision_record
from tests.support.builders import fill_slot
from tests.support.quotes_rig import code_of, with_quotes

P = 10**9
EVENT = "home-team-wins-final"


def test_a_quote_is_the_books_in_human_numbers() -> None:
    async def check(quotes: Quotes) -> None:
        market = quotes.engine.world.markets["ETH-USD"]
        quote = await quotes.quote("ETH-USD", depth=3)
        assert quote.source is Source.EDGE_NBBO
        assert list(quote.venues) == ["binance", "coinbase", "kraken"]
        bid, ask = market.best(BID), market.best(ASK)
        assert bid is not None
        assert ask is not None
        assert (quote.nbbo.bid, quote.nbbo.ask) == (bid / P, ask / P)
        assert quote.nbbo.mid == market.mid_x2() / (2 * P)  # type: ignore[operator]  # two sides
        assert quote.nbbo.bid == max(one.bid or 0 for one in quote.venues.values())
        book = msgspec.to_builtins(quote)["book"]
        assert len(book["bids"]) == len(book["asks"]) == 3
        assert book["bids"] == sorted(book["bids"], reverse=True)
        assert all(0 <= (one.age_ms or 0) < 60_000 for one in quote.venues.values())

    with_quotes(check)


async def flowing(quotes: Quotes) -> None:
    """Wait until the exchange itself has a book."""
    exchange = quotes.engine.sandbox_venues[0].exchange
    for _ in range(2_000):
        if exchange.books["BTC-USD"].book.depth(Side.BUY, 1):
            return
        await asyncio.sleep(0.005)


def test_a_cold_symbol_has_real_numbers_at_once_and_says_where_from() -> None:
    async def check(quotes: Quotes) -> None:
        market = quotes.engine.world.markets["BTC-USD"]
        await flowing(quotes)
        assert not any(market.healthy)
        quote = await quotes.quote("BTC-USD", nowait=True)
        assert quote.source is Source.EDGE_RPC_SNAPSHOT
        assert 60_000 < (quote.nbbo.mid or 0) < 68_000
        assert all(one.age_ms is None for one in quote.venues.values())
        assert await quotes.warm("BTC-USD", nowait=True) is Source.EDGE_RPC_SNAPSHOT
        quotes.walks._chain = BookChain(quotes.chain._links[0][1], wait_s=0.0)
        preview = await quotes.preview("BTC-USD", "buy", Decimal("0.5"))
        assert preview.source is Source.EDGE_RPC_SNAPSHOT
        assert preview.planned_qty_1e8 == 50_000_000
        assert 60_000 < (preview.avg_price or 0) < 68_000

    with_quotes(check, latency_scale=100, ready=False)


def test_without_any_link_of_the_chain_all_is_null() -> None:
    async def check(quotes: Quotes) -> None:
        quotes.chain = BookChain(None)
        quote = await quotes.quote("BTC-USD", nowait=True)
        assert (quote.source, quote.venues) == (Source.UNAVAILABLE, {})
        assert (quote.nbbo.bid, quote.nbbo.mid, quote.nbbo.spread_bps) == (None, None, None)
        listed = await quotes.quotes(None, 300)
        assert listed.quotes == []
        assert len(listed.missing) == len(quotes.engine.world.instruments)

    with_quotes(check, latency_scale=100, ready=False)


def test_no_is_the_mirror_of_yes() -> None:
    async def check(quotes: Quotes) -> None:
        yes, no = await quotes.quote(EVENT), await quotes.quote(f"{EVENT}:no")
        assert (no.symbol, no.canonical, no.mirrored) == (f"{EVENT}:no", EVENT, True)
        assert round((yes.nbbo.bid or 0) + (no.nbbo.ask or 0), 9) == 1.0
        assert (yes.nbbo.bid_size, yes.nbbo.ask_size) == (no.nbbo.ask_size, no.nbbo.bid_size)
        fair = await quotes.fair_prices(f"{EVENT}:no")
        other = await quotes.fair_prices(EVENT)
        assert (fair.prices[0].fair_price_1e9 or 0) + (other.prices[0].fair_price_1e9 or 0) == P
        depth = await quotes.depth(f"{EVENT}:no", 5)
        assert depth.asks[0].price == no.nbbo.ask

    with_quotes(check)


def test_crossed_venues_are_told_as_such() -> None:
    async def check(quotes: Quotes) -> None:
        market = quotes.engine.world.markets["SOL-USD"]
        fill_slot(market.slots[0], [(200 * P, 10**8)], [(201 * P, 10**8)])
        nbbo = (await quotes.quote("SOL-USD")).nbbo
        assert (nbbo.mid, nbbo.spread_bps, nbbo.crossed) == (0.0, 0.0, True)
        assert nbbo.bid == 200.0
        fair = (await quotes.fair_prices("SOL-USD")).prices[0]
        assert (fair.fair_price, fair.mid) == (None, None)
        assert (await quotes.characters("SOL-USD")).spread_regime == "crossed"

    with_quotes(check)


def test_a_batch_answers_every_symbol_in_its_place() -> None:
    async def check(quotes: Quotes) -> None:
        names = ["ETH-USD", "nobody", f"{EVENT}:no", "ETH-USD"]
        batch = await quotes.batch(names, depth=2, nowait=True, concurrency=2)
        rows = [msgspec.to_builtins(row) for row in batch.quotes]
        assert [row["symbol"] for row in rows] == names
        assert batch.count == 4
        assert set(rows[1]) == {"symbol", "error"}
        assert {"source", "nbbo", "venues", "book"} <= set(rows[0])
        assert len(rows[2]["book"]["bids"]) == 2

    with_quotes(check)


def test_a_long_batch_lets_others_have_their_turns() -> None:
    async def check(quotes: Quotes) -> None:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        names = ["ETH-USD", f"{EVENT}:no", "nobody"] * 200
        batch = await quotes.batch(names, depth=1, nowait=True, concurrency=256)
        task.cancel()
        assert [row.symbol for row in batch.quotes] == names
        assert turns >= len(names) // 16

    with_quotes(check)


def test_a_batch_waits_for_no_more_than_its_concurrency() -> None:
    async def check(quotes: Quotes) -> None:
        working = most = 0

        async def slowly(symbol: str) -> Resolved:
            nonlocal working, most
            working += 1
            most = max(most, working)
            await asyncio.sleep(0.001)
            working -= 1
            raise not_listed(symbol)

        quotes._resolve = slowly
        names = [f"nobody-{i}" for i in range(40)]
        for concurrency in (1, 5, 20, 256):
            most = 0
            batch = await quotes.batch(names, depth=1, nowait=True, concurrency=concurrency)
            assert [row.symbol for row in batch.quotes] == names
            assert 0 < most <= concurrency

    with_quotes(check)


def test_many_quotes_leave_out_the_old_and_the_unknown_with_a_reason() -> None:
    async def check(quotes: Quotes) -> None:
        told = await quotes.quotes(["ETH-USD", "nobody", "ETH-USD"], 300)
        assert [one.symbol for one in told.quotes] == ["ETH-USD"]
        assert "book" not in msgspec.to_builtins(told.quotes[0])
        assert [one.symbol for one in told.missing] == ["nobody"]
        everything = await quotes.quotes(None, 300)
        assert len(everything.quotes) == len(quotes.engine.world.instruments)
        assert (await quotes.quotes(["ETH-USD"], 0)).quotes == []
        quotes._clock_ns = lambda: quotes.engine.world.system.now_ns + 400 * P
        assert "300 s" in (await quotes.quotes(["ETH-USD"], 300)).missing[0].error
        assert len((await quotes.quotes(["ETH-USD"], 86_400)).quotes) == 1

    with_quotes(check)


def test_what_nobody_lists_is_refused_everywhere() -> None:
    async def check(quotes: Quotes) -> None:
        name = "nobody"
        asks = [
            quotes.quote(name),
            quotes.warm(name),
            quotes.pair_venues(name),
            quotes.fair_prices(name),
            quotes.fees(name, None),
            quotes.preview(name, "buy", Decimal(1)),
            quotes.routing(name, "buy", Decimal(1)),
            quotes.slippage(name, "buy", [Decimal(1)]),
            quotes.depth(name, 5),
            quotes.characters(name),
            quotes.price_history(name, named="1d", fidelity_secs=60),
            quotes.funding_history(name, "hyperliquid", "1m"),
        ]
        assert [await code_of(one) for one in asks] == ["NOT_FOUND"] * len(asks)
        # The client's funding_rate() is None where nobody has a rate.
        assert (await quotes.funding_rates("binance", name)).rates == []

    with_quotes(check)


def test_the_tape_answers_for_the_past() -> None:
    async def check(quotes: Quotes) -> None:
        ring = quotes.engine.world.tapes["BTC-USD"].rings
        for _ in range(1_000):
            if all(one.count >= 2 for one in ring.values()):
                break
            await asyncio.sleep(0.02)
        ticks = await quotes.price_history("BTC-USD", named="1d", fidelity_secs=0, limit=500)
        assert {point.venue_id for point in ticks.points} == {"binance", "coinbase", "kraken"}
        assert ticks.count == len(ticks.points) >= 6
        times = [point.ts_ns for point in ticks.points]
        assert times == sorted(times)
        one = await quotes.price_history("BTC-USD", named="1d", fidelity_secs=0, venue="kraken")
        assert {point.venue_id for point in one.points} == {"kraken"}
        bars = await quotes.price_history("BTC-USD", named="6h", fidelity_secs=60)
        assert bars.covered_from_ns is not None
        assert 0 < bars.count <= 3
        assert set(msgspec.to_builtins(bars.points[0])) == {"ts_ns", "price_1e9"}
        week = quotes.price_history("BTC-USD", named="1w", fidelity_secs=60, venue="kraken")
        assert await code_of(week) == "NOT_IMPLEMENTED"
        elsewhere = quotes.price_history("BTC-USD", named="1d", fidelity_secs=60, venue="okx")
        assert await code_of(elsewhere) == "INVALID_PARAMS"

    with_quotes(check)


def test_funding_of_the_perpetuals() -> None:
    async def check(quotes: Quotes) -> None:
        rates = (await quotes.funding_rates("hyperliquid", "BTC-PERP")).rates
        assert [(one.symbol, one.rate_bps_per_hour) for one in rates] == [("BTC-USD-PERP", 0.12)]
        assert len((await quotes.funding_rates(None, None)).rates) == 3
        spot = quotes.funding_history("BTC-USD", "binance", "1m")
        assert await code_of(spot) == "INVALID_PARAMS"
        history = await quotes.funding_history("BTC-PERP", "hyperliquid", "1m")
        assert history.symbol == "BTC-USD-PERP"

    with_quotes(check)


def test_what_is_previewed_is_what_is_executed() -> None:
    async def check(quotes: Quotes) -> None:
        engine = quotes.engine
        order = SimpleOrder(symbol="BTC-USD", side="buy", qty=Decimal("0.9"))
        market = engine.world.markets["BTC-USD"]
        for _ in range(20):
            versions = [market.version(v, ASK) for v in range(3)]
            preview = await quotes.preview("BTC-USD", "buy", Decimal("0.9"))
            routing = await quotes.routing("BTC-USD", "buy", Decimal("0.9"))
            run = await engine.submit(order)
            if versions == [market.version(v, ASK) for v in range(3)]:
                break
        await engine.flush()
        client = engine.config.client_id
        rows = engine.queries.decisions(client, engine.environment, last_n=1)
        record = decision_record(rows[0])
        assert rows[0].graph_id == run.graph_id
        placed = [(record.venues[venue], qty) for venue, qty, _ in record.legs]
        assert [(one.venue, one.qty_1e8) for one in preview.legs] == placed
        assert [(one.venue, one.qty_1e8) for one in routing.legs] == placed
        assert routing.est_cost_bps == record.est_cost_bps

    with_quotes(check)
