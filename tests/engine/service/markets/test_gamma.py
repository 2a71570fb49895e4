"""Gamma's answers read into market facts, from fixtures written after its documentation."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.catalogue_port import CataloguePage, MarketAsk, pack_cursor
from engine.service.markets.gamma import GammaCatalogue, facts_of_event, read_events, read_markets

YES, NO = "1" * 77, "2" * 77


def market(slug: str = "rain-tomorrow", **fields: Any) -> dict[str, Any]:
    return {
        "id": "516724",
        "question": "Rain tomorrow?",
        "conditionId": "0xabc",
        "slug": slug,
        "resolutionSource": "",
        "startDate": "2026-04-18T18:40:00Z",
        "endDate": "2026-04-18T18:45:00Z",
        "outcomes": '["Yes", "No"]',
        "outcomePrices": '["0.415", "0.585"]',
        "volume": "1234.5",
        "volumeNum": 1234.5,
        "volume24hr": 12.25,
        "clobTokenIds": json.dumps([YES, NO]),
        "active": True,
        "closed": False,
        "archived": False,
        "acceptingOrders": True,
        "enableOrderBook": True,
        "negRisk": False,
        "bestBid": 0.41,
        "bestAsk": 0.42,
        "spread": 0.01,
        "events": [{"id": "77", "slug": "rain-tomorrow", "title": "Rain"}],
        **fields,
    }


def event(slug: str, *markets: dict[str, Any], **fields: Any) -> dict[str, Any]:
    tags = [{"id": "84", "label": "Weather", "slug": "weather"}, {"id": "x", "slug": "odd"}]
    return {"id": "77", "slug": slug, "tags": tags, "markets": [*markets], **fields}


class Gamma:
    """A server of fixed events that filters and pages as Gamma does."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = events
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def fetch(self, url: str, params: Mapping[str, str]) -> bytes:
        self.asked.append((url.rpartition("/")[2], dict(params)))
        closed = params.get("closed")
        if url.endswith("/markets"):
            found = [
                one
                for parent in self.events
                for one in parent["markets"]
                if params.get("slug") in (None, one["slug"])
                and params.get("clob_token_ids", YES) in one["clobTokenIds"]
                and closed in (None, str(one["closed"]).lower())
            ]
        else:
            first = int(params.get("offset", "0"))
            found = [
                one
                for one in self.events
                if params.get("slug") in (None, one["slug"])
                and closed in (None, str(one.get("closed", False)).lower())
            ][first : first + int(params.get("limit", "20"))]
        return json.dumps(found).encode()


def page(gamma: Gamma, **ask: Any) -> CataloguePage:
    return asyncio.run(GammaCatalogue(gamma.fetch).page(MarketAsk(**ask)))


def test_a_market_with_all_its_fields() -> None:
    (fact,) = read_markets(json.dumps([market()]).encode())
    assert msgspec.json.decode(msgspec.json.encode(fact)) == {
        "venue": "polymarket",
        "slug": "rain-tomorrow",
        "question": "Rain tomorrow?",
        "outcomes": ["Yes", "No"],
        "token_ids": [YES, NO],
        "event_id": "0xabc",
        "event_slug": "rain-tomorrow",
        "parent_event_id": "77",
        "condition_id": "0xabc",
        "neg_risk": False,
        "trading": True,
        "status": "open",
        "resolved": None,
        "volume_24h": 12.25,
        "volume_total": 1234.5,
        "best": [0.41, 0.42, 0.58, 0.59],
        "prices": [0.415, 0.585],
        "start_s": 1_776_537_600,
        "end_s": 1_776_537_900,
        "url": "https://polymarket.com/event/rain-tomorrow",
        "tags": [],
        "candidate": None,
        "place": 0,
        "siblings": 1,
        "resolution_source": None,
    }


def test_the_start_of_the_event_comes_before_that_of_trading() -> None:
    late = market(eventStartTime="2026-04-18T18:42:00Z", volumeNum=None)
    (fact,) = read_markets(json.dumps([late]).encode())
    assert fact.start_s == 1_776_537_720
    assert fact.volume_total == 1234.5


def test_an_event_of_several_markets() -> None:
    one = market("m-ada", groupItemTitle="Ada Fenwick", negRisk=True)
    other = market("m-other", groupItemTitle="Other", negRisk=True)
    (read,) = read_events(json.dumps([event("who", one, other)]).encode())
    facts = facts_of_event(read)
    assert [fact.candidate for fact in facts] == ["Ada Fenwick", "Other"]
    assert [(fact.place, fact.siblings) for fact in facts] == [(0, 2), (1, 2)]
    assert [fact.placeholder for fact in facts] == [False, True]
    assert facts[0].url == "https://polymarket.com/event/who/m-ada"
    assert [(tag.tag_id, tag.slug) for tag in facts[0].tags] == [(84, "weather")]
    assert facts[0].neg_risk


@pytest.mark.parametrize(
    ("fields", "status", "winner"),
    [
        ({"outcomePrices": '["1", "0"]', "umaResolutionStatus": "resolved"}, "resolved", "Yes"),
        ({"outcomePrices": '["0", "1"]'}, "resolved", "No"),
        ({"outcomePrices": '["0", "1"]', "umaResolutionStatus": "proposed"}, "resolving", None),
        ({"outcomePrices": '["0.97", "0.03"]'}, "resolving", None),
        ({"outcomePrices": '["0.5", "0.5"]', "umaResolutionStatus": "resolved"}, "resolved", None),
        ({"outcomePrices": "broken"}, "resolving", None),
    ],
)
def test_how_a_closed_market_stands(
    fields: dict[str, Any], status: str, winner: str | None
) -> None:
    (fact,) = read_markets(json.dumps([market(closed=True, **fields)]).encode())
    assert (fact.status, fact.resolved, fact.trading) == (status, winner, False)


@pytest.mark.parametrize(
    "fields", [{"active": False}, {"acceptingOrders": False}, {"enableOrderBook": False}]
)
def test_an_open_market_may_take_no_orders(fields: dict[str, Any]) -> None:
    (fact,) = read_markets(json.dumps([market(**fields)]).encode())
    assert (fact.status, fact.trading) == ("open", False)


def test_an_empty_side_has_no_price() -> None:
    (fact,) = read_markets(json.dumps([market(bestBid=0, bestAsk=1)]).encode())
    assert fact.best == (None, None, None, None)
    (fact,) = read_markets(json.dumps([market(bestBid=None, bestAsk=0.02)]).encode())
    assert fact.best == (None, 0.02, 0.98, None)


def test_what_is_no_two_sided_market_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    strange = [
        market(clobTokenIds=None),
        market(outcomes='["A", "B", "C"]'),
        market(outcomes="broken"),
        {"slug": 7},
    ]
    with caplog.at_level(logging.WARNING):
        assert len(read_markets(json.dumps([*strange, market()]).encode())) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"null"])
def test_an_answer_that_makes_no_sense(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_markets(body)
    assert caught.value.code is ErrorCode.SERVICE_UNAVAILABLE


def numbered(count: int, markets: int = 2) -> list[dict[str, Any]]:
    return [
        event(f"e{number}", *(market(f"e{number}-{one}") for one in range(markets)))
        for number in range(count)
    ]


@pytest.mark.parametrize("limit", [1, 3, 200, 1_000])
@pytest.mark.parametrize("expand", [False, True])
def test_a_walk_sees_every_market_once(limit: int, expand: bool) -> None:
    gamma = Gamma(*numbered(120))
    found: list[str] = []
    cursor: str | None = None
    while True:
        got = page(gamma, limit=limit, cursor=cursor, expand=expand)
        assert len(got.entries) <= limit
        found += [entry.fact.slug for entry in got.entries]
        cursor = got.cursor
        if cursor is None:
            break
    assert found == [f"e{number}-{one}" for number in range(120) for one in range(2)]


def test_filters_are_passed_on() -> None:
    gamma = Gamma(event("e", market()))
    page(gamma, tag="weather", tag_id=84, related_tags=True, exclude_tag_id=5)
    assert gamma.asked == [
        (
            "events",
            {
                "limit": "100",
                "offset": "0",
                "closed": "false",
                "active": "true",
                "tag_slug": "weather",
                "tag_id": "84",
                "related_tags": "true",
                "exclude_tag_id": "5",
            },
        )
    ]
    page(gamma, closed=True)
    assert "closed" not in gamma.asked[-1][1]


def test_a_filter_that_finds_little_answers_in_time() -> None:
    gamma = Gamma(*numbered(1_500, 1))
    first = page(gamma, q="e1400-")
    assert first.entries == ()
    assert len(gamma.asked) == 10
    second = page(gamma, q="e1400-", cursor=first.cursor)
    assert [entry.fact.slug for entry in second.entries] == ["e1400-0"]
    assert second.cursor is None


def test_an_offset_is_counted_in_rows() -> None:
    got = page(Gamma(*numbered(3)), offset=3, limit=2)
    assert [entry.fact.slug for entry in got.entries] == ["e1-1", "e2-0"]


@pytest.mark.parametrize("words", [[], [1], ["a", "b"], [-1, 0]])
def test_cursors_of_something_else(words: list[str | int]) -> None:
    with pytest.raises(ApiError) as caught:
        page(Gamma(), cursor=pack_cursor(words))
    assert caught.value.code is ErrorCode.INVALID_PARAMS


def test_markets_and_events_are_found_by_name() -> None:
    old = market("old", closed=True, outcomePrices='["1","0"]')
    gamma = Gamma(
        event("who", market("a"), market("b")),
        event("past", old, market("old-2", closed=True), closed=True),
    )
    catalogue = GammaCatalogue(gamma.fetch)

    async def main() -> None:
        for name, slugs in (
            ("a", ["a"]),
            ("old", ["old"]),
            ("who", ["a", "b"]),
            ("past", ["old", "old-2"]),
            ("none", []),
        ):
            assert [one.slug for one in await catalogue.named("polymarket", name)] == slugs
        assert await catalogue.named("kalshi", "a") == ()
        found = await catalogue.of_token(NO)
        assert found is not None
        assert found.token_ids == (YES, NO)
        assert await catalogue.of_token("3" * 77) is None
        with pytest.raises(ApiError) as caught:
            await catalogue.curve(found)
        assert caught.value.code is ErrorCode.NOT_IMPLEMENTED

    asyncio.run(main())
