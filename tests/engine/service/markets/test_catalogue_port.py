"""Cursors are opaque and checked; catalogues of several venues act as one."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.api_error import ApiError
from engine.service.markets.catalogue_port import (
    Catalogues,
    MarketAsk,
    expanded,
    pack_cursor,
    unpack_cursor,
    wanted,
)
from engine.service.markets.rows import MarketFact
from engine.service.markets.simulated_catalogue import SimulatedCatalogue
from tests.support.event_board import Clock

FACT = MarketFact(venue="polymarket", slug="Some-Slug", question="What?", token_ids=("1", "2"))


def fact(**fields: object) -> MarketFact:
    return msgspec.structs.replace(FACT, **fields)


@given(st.lists(st.integers(-(2**62), 2**62) | st.text(max_size=20), max_size=4))
def test_a_cursor_goes_there_and_back(words: list[str | int]) -> None:
    cursor = pack_cursor(words)
    assert cursor.isascii()
    assert not {"=", "&", "+", "/", " "} & {*cursor}
    assert unpack_cursor(cursor) == words


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ApiError):
        assert isinstance(unpack_cursor(text), list)


@pytest.mark.parametrize("cursor", ["e30", "x" * 2_000, "WzEuNV0", "ä"])
def test_cursors_that_no_answer_gave(cursor: str) -> None:
    with pytest.raises(ApiError) as caught:
        unpack_cursor(cursor)
    assert caught.value.details[0][0] == "cursor"


def test_expansion_is_one_row_a_token_or_a_candidate() -> None:
    other = fact(slug="o", candidate="Other", siblings=2, place=0)
    ada = fact(slug="a", candidate="Ada", siblings=2, place=1)
    rows = [(entry.fact.slug, entry.outcome) for entry in expanded([other, ada, FACT])]
    assert rows == [("a", 0), ("Some-Slug", 0), ("Some-Slug", 1), ("o", 0)]


@pytest.mark.parametrize(
    ("fields", "active", "closed", "passes"),
    [
        ({}, True, False, True),
        ({"trading": False}, True, False, False),
        ({"trading": False}, False, False, True),
        ({"trading": False, "status": "resolved"}, True, False, False),
        ({"trading": False, "status": "resolved"}, False, False, False),
        ({"trading": False, "status": "resolved"}, True, True, True),
        ({"trading": False, "status": "resolving"}, True, True, False),
    ],
)
def test_states(fields: dict[str, object], active: bool, closed: bool, passes: bool) -> None:
    assert wanted(fact(**fields), MarketAsk(active=active, closed=closed)) is passes


@pytest.mark.parametrize(
    ("q", "passes"), [("WHAT", True), (" some-slug ", True), ("ada", True), ("x?", False)]
)
def test_words(q: str, passes: bool) -> None:
    assert wanted(fact(candidate="Ada"), MarketAsk(q=q)) is passes


def test_catalogues_are_asked_by_venue() -> None:
    one = SimulatedCatalogue(Clock(), lambda: None)
    both = Catalogues({"kalshi": one})

    async def main() -> None:
        page = await both.page(MarketAsk(venue="kalshi", limit=2))
        assert [entry.fact.venue for entry in page.entries] == ["kalshi"] * 2
        assert len(await both.named("kalshi", "KXBTCZ-26DEC31")) == 2
        assert await both.named("polymarket", "fed-cut-next-meeting") == ()
        assert await both.of_token("1" * 77) is None
        assert await both.curve(page.entries[0].fact) is None
        with pytest.raises(ApiError) as caught:
            await both.page(MarketAsk(venue="polymarket"))
        assert "kalshi" in str(caught.value)

    asyncio.run(main())
