"""Symbols, pairs and venue adapters of a real sandbox, before and after a line is lost."""

from __future__ import annotations

from engine.messages import LinkDown, StaleReason
from engine.service.quotes.board import Quotes
from engine.service.quotes.listed import edges, stale_word, symbol_rows
from tests.support.builders import fill_slot, market
from tests.support.quotes_rig import with_quotes


def test_every_instrument_is_a_symbol_with_its_venues_and_aliases() -> None:
    async def check(quotes: Quotes) -> None:
        world = quotes.engine.world
        rows = {row.symbol: row for row in symbol_rows(world)}
        assert list(rows) == list(world.instruments)
        assert rows["BTC-USD"].venues == ["binance", "coinbase", "kraken"]
        assert rows["BTC-USD-PERP"].aliases == ["BTC-PERP"]
        assert (rows["BTC-USD-PERP"].type, rows["BTC-USD"].type) == ("perp", "spot")

    with_quotes(check)


def test_a_pair_shows_each_listing_and_why_it_is_not_routed_to() -> None:
    async def check(quotes: Quotes) -> None:
        block = quotes.engine.world.markets["BTC-USD"]
        block.slots[1].mark_stale(int(StaleReason.GAP))  # type: ignore[union-attr]  # taken
        pair = await quotes.pair_venues("BTC-USD")
        told = [(one.venue, one.healthy, one.reason) for one in pair.venues]
        assert told == [
            ("binance", True, None),
            ("coinbase", False, "GAP"),
            ("kraken", True, None),
        ]
        lots = [one.lot_1e8 for one in block.listings]
        assert [one.lot_1e8 for one in pair.venues] == lots

    with_quotes(check)


def test_an_adapter_is_connected_then_degraded_then_down() -> None:
    async def check(quotes: Quotes) -> None:
        engine = quotes.engine
        world = engine.world
        states = {one.venue: one for one in edges(world).edges}
        assert list(states) == list(world.feeds)
        assert {one.state for one in states.values()} == {"connected"}
        assert all(one.books == one.books_healthy > 0 for one in states.values())
        engine.tell(world.feeds["kraken"], LinkDown("cut"))
        kraken = next(one for one in edges(world).edges if one.venue == "kraken")
        assert (kraken.state, kraken.market_data, kraken.trading) == ("degraded", False, True)
        assert kraken.books_healthy == 0
        assert "market data line" in (kraken.reason or "")
        engine.tell(world.trades["kraken"], LinkDown("cut"))
        kraken = next(one for one in edges(world).edges if one.venue == "kraken")
        assert (kraken.state, kraken.connected) == ("down", False)

    with_quotes(check)


def test_a_book_crossed_in_itself_says_so() -> None:
    block = market({"a": ([(10, 1)], [(20, 1)])})
    assert stale_word(block, 0) is None
    fill_slot(block.slots[0], [(20, 1)], [(10, 1)])
    assert stale_word(block, 0) == "CROSSED"
