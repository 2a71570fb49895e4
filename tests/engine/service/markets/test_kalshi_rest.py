"""Kalshi's market list read into market facts, from fixtures written after its documentation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.catalogue_port import CataloguePage, MarketAsk, pack_cursor
from engine.service.markets.kalshi_rest import KalshiCatalogue, read_markets
from engine.service.markets.rows import MarketFact

TICKER = "KXBTCZ-26DEC31-T99000"


def market(ticker: str = TICKER, **fields: Any) -> dict[str, Any]:
    return {
        "ticker": ticker,
        "event_ticker": ticker.rpartition("-")[0],
        "market_type": "binary",
        "title": "Bitcoin above 99,000?",
        "yes_sub_title": "$99,000 or above",
        "open_time": "2026-04-18T18:40:00Z",
        "close_time": "2026-04-18T18:45:00Z",
        "status": "active",
        "yes_bid_dollars": "0.4100",
        "yes_ask_dollars": "0.4200",
        "no_bid_dollars": "0.5800",
        "no_ask_dollars": "0.5900",
        "volume_fp": "1500.00",
        "volume_24h_fp": "25.00",
        "result": "",
        **fields,
    }


def read(**fields: Any) -> MarketFact:
    facts, _ = read_markets(json.dumps({"markets": [market(**fields)], "cursor": ""}).encode())
    return facts[0]


class Kalshi:
    """A server of fixed markets that pages by a cursor of its own."""

    def __init__(self, *markets: dict[str, Any], size: int = 50) -> None:
        self.markets = markets
        self.size = size
        self.asked: list[dict[str, str]] = []

    async def fetch(self, url: str, params: Mapping[str, str]) -> bytes:
        assert url.endswith("/trade-api/v2/markets")
        self.asked.append(dict(params))
        first = int(params.get("cursor", "c0")[1:])
        found = [
            one
            for one in self.markets
            if params.get("tickers") in (None, one["ticker"])
            and params.get("event_ticker") in (None, one["event_ticker"])
            and (params.get("status") != "open" or one["status"] == "active")
        ]
        last = first + self.size
        cursor = f"c{last}" if last < len(found) else ""
        return json.dumps({"markets": found[first:last], "cursor": cursor}).encode()


def page(kalshi: Kalshi, **ask: Any) -> CataloguePage:
    catalogue = KalshiCatalogue(kalshi.fetch)
    return asyncio.run(catalogue.page(MarketAsk(venue="kalshi", **ask)))


def test_a_market_with_all_its_fields() -> None:
    fact = read()
    assert (fact.slug, fact.symbol, fact.venue) == (TICKER, TICKER, "kalshi")
    assert fact.token_ids == (f"{TICKER}:YES", f"{TICKER}:NO")
    assert (fact.event_id, fact.candidate) == ("KXBTCZ-26DEC31", "$99,000 or above")
    assert fact.best == (0.41, 0.42, 0.58, 0.59)
    assert (fact.volume_24h, fact.volume_total) == (25.0, 1500.0)
    assert (fact.start_s, fact.end_s) == (1_776_537_600, 1_776_537_900)
    assert (fact.status, fact.trading, fact.condition_id) == ("open", True, None)
    assert fact.url == "https://kalshi.com/markets/kxbtcz"


def test_older_answers_state_cents() -> None:
    dollars = ("yes_bid_dollars", "yes_ask_dollars", "no_bid_dollars", "no_ask_dollars")
    fact = read(
        **dict.fromkeys(dollars), yes_bid=41, yes_ask=42, no_bid=58, no_ask=59, volume_fp=None
    )
    assert fact.best == (0.41, 0.42, 0.58, 0.59)
    assert fact.volume_total is None
    assert read(volume_fp=None, volume=7).volume_total == 7


def test_an_empty_side_has_no_price() -> None:
    fact = read(yes_bid_dollars="0.0000", no_ask_dollars="1.0000")
    assert fact.best == (None, 0.42, 0.58, None)


@pytest.mark.parametrize(
    ("status", "result", "expected"),
    [
        ("active", "", ("open", True, None)),
        ("initialized", "", ("open", False, None)),
        ("closed", "", ("resolving", False, None)),
        ("determined", "yes", ("resolving", False, None)),
        ("disputed", "yes", ("resolving", False, None)),
        ("finalized", "yes", ("resolved", False, "Yes")),
        ("settled", "no", ("resolved", False, "No")),
        ("finalized", "scalar", ("resolved", False, None)),
        ("something new", "", ("resolving", False, None)),
    ],
)
def test_states(status: str, result: str, expected: tuple[str, bool, str | None]) -> None:
    fact = read(status=status, result=result)
    assert (fact.status, fact.trading, fact.resolved) == expected
    paid = {"Yes": (1.0, 0.0), "No": (0.0, 1.0), None: (None, None)}
    assert fact.prices == paid[expected[2]]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"cursor":""}', b"<html>"])
def test_an_answer_that_makes_no_sense(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_markets(body)
    assert caught.value.code is ErrorCode.SERVICE_UNAVAILABLE


@pytest.mark.parametrize("limit", [1, 7, 50, 60, 1_000])
@pytest.mark.parametrize("expand", [False, True])
def test_a_walk_sees_every_market_once(limit: int, expand: bool) -> None:
    kalshi = Kalshi(*(market(f"KXA-1-T{number}") for number in range(120)))
    found: list[str] = []
    cursor: str | None = None
    while True:
        got = page(kalshi, limit=limit, cursor=cursor, expand=expand)
        assert len(got.entries) <= limit
        found += [entry.fact.token_ids[entry.outcome or 0] for entry in got.entries]
        cursor = got.cursor
        if cursor is None:
            break
    sides = ("YES", "NO") if expand else ("YES",)
    assert found == [f"KXA-1-T{number}:{side}" for number in range(120) for side in sides]


def test_what_trades_is_asked_for_and_all_when_closed_is_wanted() -> None:
    kalshi = Kalshi(market(), market("KXA-1", status="finalized", result="yes"))
    assert [one.fact.slug for one in page(kalshi).entries] == [TICKER]
    assert [one.fact.slug for one in page(kalshi, closed=True).entries] == [TICKER, "KXA-1"]
    assert [one.get("status") for one in kalshi.asked] == ["open", None]
    assert "cursor" not in kalshi.asked[0]
    assert page(kalshi, q="nothing").entries == ()
    assert [one.fact.slug for one in page(kalshi, closed=True, offset=1).entries] == ["KXA-1"]


def test_a_filter_that_finds_little_answers_in_time() -> None:
    kalshi = Kalshi(*(market(f"KXA-1-T{number}") for number in range(30)), size=1)
    first = page(kalshi, q="T25")
    assert first.entries == ()
    assert len(kalshi.asked) == 10
    assert first.cursor is not None


@pytest.mark.parametrize("ask", [{"tag": "x"}, {"tag_id": 1}, {"exclude_tag_id": 1}])
def test_tags_are_refused(ask: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        page(Kalshi(), **ask)
    assert caught.value.code is ErrorCode.INVALID_PARAMS


@pytest.mark.parametrize("words", [[], ["c", "b"], ["c", -1]])
def test_cursors_of_something_else(words: list[str | int]) -> None:
    with pytest.raises(ApiError) as caught:
        page(Kalshi(), cursor=pack_cursor(words))
    assert caught.value.code is ErrorCode.INVALID_PARAMS


def test_tickers_and_events() -> None:
    other = "KXBTCZ-26DEC31-T70000"
    catalogue = KalshiCatalogue(Kalshi(market(), market(other)).fetch)

    async def main() -> None:
        (one,) = await catalogue.named("kalshi", TICKER)
        assert (one.slug, one.siblings) == (TICKER, 1)
        event = await catalogue.named("kalshi", "KXBTCZ-26DEC31")
        assert [(one.slug, one.place, one.siblings) for one in event] == [
            (TICKER, 0, 2),
            (other, 1, 2),
        ]
        assert await catalogue.named("kalshi", "KXNONE") == []
        assert await catalogue.named("polymarket", TICKER) == ()
        assert await catalogue.of_token("1" * 77) is None
        with pytest.raises(ApiError) as caught:
            await catalogue.curve(one)
        assert caught.value.code is ErrorCode.NOT_IMPLEMENTED

    asyncio.run(main())
