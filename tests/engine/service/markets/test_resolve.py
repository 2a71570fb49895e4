"""Whatever a market is called, it is the same one; what is nothing or several is said so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from engine.model.instruments import InstrumentType
from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.resolve import CACHE_MAX, Resolved, Resolver, plain_symbols
from engine.service.markets.rows import MarketFact
from engine.service.markets.simulated_catalogue import SimulatedCatalogue
from tests.support.event_board import Clock, StandIn
from venues.simulated.event_markets import EVENT_MARKETS

STAND_IN = StandIn()
SLUG = "fed-cut-next-meeting"
FED = next(one for one in EVENT_MARKETS if one.slug == SLUG)
KALSHI = "KXBTCZ-26DEC31-T99000"


class Counting(SimulatedCatalogue):
    """Counts what is asked of it."""

    asked = 0

    async def named(self, venue: str, name: str) -> Sequence[MarketFact]:
        self.asked += 1
        return await super().named(venue, name)


def make() -> tuple[Resolver, Counting, Clock]:
    clock = Clock()
    catalogue = Counting(clock, lambda: 64_000_000_000_000)
    return Resolver(catalogue, STAND_IN.symbols, clock), catalogue, clock


def resolve(symbol: str, venue: str | None = None) -> Resolved:
    return asyncio.run(make()[0].resolve(symbol, venue))


def refuse(symbol: str, venue: str | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        resolve(symbol, venue)
    return caught.value


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (SLUG, "yes"),
        (f"{SLUG}:yes", "yes"),
        (f"{SLUG}:YES", "yes"),
        (f"{SLUG}:no", "no"),
        (FED.yes_token_id, "yes"),
        (FED.no_token_id, "no"),
        (f"https://polymarket.com/event/{SLUG}", "yes"),
        (f"https://polymarket.com/event/{SLUG}/{SLUG}", "yes"),
        (f"https://polymarket.com/event/{SLUG}:no", "no"),
    ],
)
def test_all_names_of_a_polymarket_market(given: str, outcome: str) -> None:
    found = resolve(given)
    assert (found.given, found.symbol, found.outcome) == (given, SLUG, outcome)
    assert found.mirrored is (outcome == "no")
    assert found.type is InstrumentType.PREDICTION
    assert found.venue == "polymarket"
    assert found.token_id == (FED.no_token_id if found.mirrored else FED.yes_token_id)


@pytest.mark.parametrize(
    ("given", "mirrored"),
    [(KALSHI, False), (f"{KALSHI}:YES", False), (f"{KALSHI}:NO", True), (f"{KALSHI}:no", True)],
)
def test_kalshi_tickers(given: str, mirrored: bool) -> None:
    found = resolve(given)
    assert (found.symbol, found.mirrored, found.venue) == (KALSHI, mirrored, "kalshi")
    assert found.token_id == f"{KALSHI}:{'NO' if mirrored else 'YES'}"


def test_a_ticker_in_small_letters() -> None:
    assert resolve(KALSHI.lower()).symbol == KALSHI


def test_the_markets_own_names_of_its_outcomes() -> None:
    assert resolve("btc-updown-today:Up").mirrored is False
    assert resolve("btc-updown-today:down").mirrored is True
    error = refuse("btc-updown-today:sideways")
    assert error.code is ErrorCode.VALIDATION_ERROR
    assert ":down" in str(error)


def test_plain_symbols_and_aliases() -> None:
    found = resolve("BTC-USD", "kraken")
    assert found == Resolved(given="BTC-USD", symbol="BTC-USD", type=InstrumentType.SPOT)
    found = resolve("BTC-PERP")
    assert (found.symbol, found.type) == ("BTC-USD-PERP", InstrumentType.PERP)


def test_every_listed_symbol_is_plain() -> None:
    plain = plain_symbols(STAND_IN.symbols)
    assert set(plain) == set(STAND_IN.symbols)
    for market in EVENT_MARKETS:
        if market.resolved is None:
            assert plain[market.slug].venue == market.venue
            assert not plain[market.slug].mirrored


def test_an_event_of_several_markets_lists_the_choices() -> None:
    error = refuse("https://polymarket.com/event/next-mayor-of-rivermouth")
    assert error.code is ErrorCode.VALIDATION_ERROR
    choices = [text for name, text in error.details if name == "choice"]
    assert len(choices) == 5
    for choice in choices[:3]:
        assert resolve(choice.partition(":")[0]).venue == "polymarket"
    sided = refuse("KXBTCZ-26DEC31:no").details[1][1]
    assert sided.startswith("KXBTCZ-26DEC31-T70000:no: ")


def test_a_market_of_an_event_by_url() -> None:
    market = "next-mayor-of-rivermouth-lena-maro"
    base = "https://polymarket.com/event"
    assert resolve(f"{base}/next-mayor-of-rivermouth/{market}").symbol == market
    assert refuse(f"{base}/{SLUG}/{market}").code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("symbol", "venue"),
    [
        ("nothing-of-that-name", None),
        ("KXNOTHING-26", None),
        ("9" * 77, None),
        ("BTC-USD:yes", None),
        (SLUG, "kalshi"),
        (KALSHI, "polymarket"),
        (SLUG, "kraken"),
    ],
)
def test_what_nobody_lists(symbol: str, venue: str | None) -> None:
    error = refuse(symbol, venue)
    assert error.code is ErrorCode.NOT_FOUND
    assert "/v1/markets" in str(error)


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("btc-above-60k-last-month", "resolved 'Yes'"),
        ("next-mayor-of-rivermouth-other", "nobody yet"),
        ("two words", "is no symbol"),
    ],
)
def test_what_cannot_be_traded(symbol: str, words: str) -> None:
    error = refuse(symbol)
    assert error.code is ErrorCode.VALIDATION_ERROR
    assert words in str(error)


def test_a_token_belongs_to_its_venue() -> None:
    assert refuse(FED.yes_token_id, "kalshi").code is ErrorCode.VALIDATION_ERROR


def test_answers_are_kept_for_ten_minutes() -> None:
    resolver, catalogue, clock = make()

    async def main() -> list[int]:
        counts = []
        for seconds in (0, 599, 2, 1):
            clock.move(seconds)
            await resolver.resolve(f"{SLUG}:no")
            counts.append(catalogue.asked)
        return counts

    assert asyncio.run(main()) == [1, 1, 2, 2]


def test_refusals_are_not_kept() -> None:
    resolver, catalogue, clock = make()

    async def main() -> None:
        slug = "btc-updown-5m-1776537600"
        with pytest.raises(ApiError) as caught:
            await resolver.market(slug)
        assert caught.value.code is ErrorCode.NOT_FOUND
        catalogue.advance(clock.now_ns)
        fact, outcome = await resolver.market(f"{slug}:down")
        assert (fact.slug, outcome) == (slug, 1)

    asyncio.run(main())


def test_the_memory_is_bounded() -> None:
    resolver, catalogue, _ = make()
    catalogue_of = {f"m-{number}": number for number in range(CACHE_MAX + 50)}

    async def main() -> None:
        fact = (await catalogue.named("polymarket", SLUG))[0]

        async def named(venue: str, name: str) -> Sequence[MarketFact]:
            return (fact,) if name in catalogue_of else ()

        catalogue.named = named  # type: ignore[method-assign]  # many names of one market
        for name in catalogue_of:
            assert (await resolver.resolve(name)).symbol == SLUG

    asyncio.run(main())
    assert len(resolver._kept) == CACHE_MAX
    assert ("m-0", None) not in resolver._kept
