"""Names of outcomes: both ways, and what resolved markets pay."""

from __future__ import annotations

import pytest

from engine.service.portfolio.event_names import EventNames
from tests.support.portfolio import SLUG, USD
from venues.simulated.event_markets import EVENT_MARKETS

NAMES = EventNames()


@pytest.mark.parametrize("market", EVENT_MARKETS, ids=lambda one: one.slug)
@pytest.mark.parametrize("yes", [True, False])
def test_every_outcome_is_read_by_the_name_it_is_given(market: object, yes: bool) -> None:
    market = next(one for one in EVENT_MARKETS if one is market)
    name = NAMES.symbol(market.venue, market.slug, yes=yes)
    assert NAMES.read(market.venue, name) == (market.slug, yes)
    assert name.isdigit() == (market.venue == "polymarket")


def test_other_spellings_and_what_is_none() -> None:
    assert NAMES.read("kalshi", SLUG) == (SLUG, True)
    assert NAMES.read("kalshi", f"{SLUG}:no") == (SLUG, False)
    poly = EVENT_MARKETS[0]
    assert NAMES.read("polymarket", f"{poly.slug}:NO") == (poly.slug, False)
    for venue, text in (
        ("kalshi", f"{SLUG}:MAYBE"),
        ("kalshi", poly.slug),
        ("kalshi", poly.yes_token_id),
        ("polymarket", "1" * 77),
        ("nowhere", SLUG),
    ):
        assert NAMES.read(venue, text) is None
    assert NAMES.symbol("kalshi", "UNLISTED", yes=False) == "UNLISTED:NO"


def test_payoffs() -> None:
    pays = {
        one.slug: NAMES.payoff_1e9(one.venue, one.slug)
        for one in EVENT_MARKETS
        if one.resolved is not None
    }
    assert pays == {
        "btc-above-60k-last-month": USD,
        "rate-hike-last-meeting": 0,
        "btc-updown-yesterday": USD,
    }
    assert NAMES.payoff_1e9("kalshi", SLUG) is None
    assert NAMES.payoff_1e9("kalshi", "UNKNOWN") is None
