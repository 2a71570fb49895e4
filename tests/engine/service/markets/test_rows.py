"""What is sent: nulls where nothing is known, expansion fields only where they belong."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.markets.rows import (
    MarketFact,
    MarketRow,
    NewMarketEvent,
    is_placeholder,
    iso_time,
    unix_time,
)

FACT = MarketFact(venue="polymarket", slug="s", question="?", token_ids=("1", "2"))
PLAIN = {
    "venue": "polymarket",
    "slug": "s",
    "question": "?",
    "symbol": "1",
    "outcomes": ("Yes", "No"),
    "outcome_token_ids": ("1", "2"),
    "yes_token_id": "1",
    "no_token_id": "2",
    "event_id": None,
    "neg_risk": False,
    "volume_24h": None,
    "volume_total": None,
    "best_yes_bid": None,
    "best_yes_ask": 0.5,
    "best_no_bid": None,
    "best_no_ask": None,
    "spread_pct": None,
    "start_date": None,
    "end_date": None,
    "url": None,
    "active": True,
    "closed": False,
}


def test_a_row_has_the_fields_of_the_reference_and_null_for_the_unknown() -> None:
    sent = msgspec.json.decode(msgspec.json.encode(msgspec.convert(PLAIN, MarketRow)))
    assert sent == {**PLAIN, "outcomes": ["Yes", "No"], "outcome_token_ids": ["1", "2"]}


def test_expansion_fields_are_there_when_set() -> None:
    row = msgspec.convert({**PLAIN, "outcome_index": 0, "parent_slug": None}, MarketRow)
    sent = msgspec.json.decode(msgspec.json.encode(row))
    assert sent["outcome_index"] == 0
    assert sent["parent_slug"] is None
    assert "outcome_name" not in sent


def test_an_event_is_a_row_with_its_kind_and_time() -> None:
    event = msgspec.convert({**PLAIN, "observed_at_ns": 5}, NewMarketEvent)
    sent = msgspec.json.decode(msgspec.json.encode(event))
    assert (sent.pop("kind"), sent.pop("observed_at_ns")) == ("new_market", 5)
    assert set(sent) == set(PLAIN)


def test_the_symbol_is_the_token_or_the_ticker() -> None:
    assert FACT.symbol == "1"
    ticker = msgspec.structs.replace(FACT, venue="kalshi", token_ids=("s:YES", "s:NO"))
    assert ticker.symbol == "s"


@pytest.mark.parametrize("name", ["Person CC", "Driver B", "Other", " other ", "Another person"])
def test_slots_for_nobody(name: str) -> None:
    assert is_placeholder(name)
    assert msgspec.structs.replace(FACT, candidate=name).placeholder


@pytest.mark.parametrize("name", ["Ada Fenwick", "Personal Best", "Otherwise", "Team Liquid", ""])
def test_names_of_somebody(name: str) -> None:
    assert not is_placeholder(name)
    assert not FACT.placeholder


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_times_go_there_and_back(unix_s: int) -> None:
    assert unix_time(iso_time(unix_s)) == unix_s


@pytest.mark.parametrize(
    ("text", "unix_s"),
    [
        ("2026-04-18T18:40:00Z", 1_776_537_600),
        ("2026-04-18T20:40:00.25+02:00", 1_776_537_600),
        ("2026-04-18 18:40:00+00", 1_776_537_600),
        ("2026-04-18", 1_776_470_400),
        (None, None),
        ("", None),
        ("soon", None),
    ],
)
def test_times_as_venues_write_them(text: str | None, unix_s: int | None) -> None:
    assert unix_time(text) == unix_s
    assert iso_time(None) is None
