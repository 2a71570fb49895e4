"""Seed requests are read strictly: each fault by its path, and sums that fit."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.service.api_error import ApiError
from engine.service.portfolio.accounting import Kind, Seed
from engine.service.portfolio.event_names import EventNames
from engine.service.portfolio.seeding import (
    SeedCatalogue,
    SeedRequest,
    SeedRow,
    SettingsRequest,
    check_worth,
)
from tests.support.portfolio import ONE, SLUG, USD, book_of, event
from tests.support.simulated_venues import perp, spot

CATALOGUE = SeedCatalogue((spot(), perp(), event()), {"ETH-PERP": "ETH-USD-PERP"}, EventNames())


def row(
    kind: str, symbol: str, qty: str = "1", entry: str | None = None, venue: str = "test"
) -> SeedRow:
    price = None if entry is None else Decimal(entry)
    return SeedRow(
        venue=venue, kind=Kind(kind), symbol=symbol, qty=Decimal(qty), entry_price_usd=price
    )


def test_each_kind_becomes_its_holding() -> None:
    rows = (
        row("fiat", "USD", "12.5"),
        row("crypto", "ETH", "0.00000001", "2000.5"),
        row("perp", "ETH-PERP", "-3", "2000"),
        row("event_contract", f"{SLUG}:NO", "4", "0.3", "kalshi"),
    )
    assert CATALOGUE.seeds(SeedRequest(positions=rows)) == [
        Seed("test", Kind.FIAT, "USD", 12 * ONE + ONE // 2, USD),
        Seed("test", Kind.CRYPTO, "ETH", 1, 4_001 * USD // 2),
        Seed("test", Kind.PERP, "ETH-USD-PERP", -3 * ONE, 2_000 * USD),
        Seed("kalshi", Kind.EVENT_CONTRACT, SLUG, -4 * ONE, USD * 7 // 10),
    ]
    assert CATALOGUE.venues == ("test", "kalshi")


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (row("fiat", "USD", venue="nowhere"), "venue"),
        (row("fiat", "EUR"), "symbol"),
        (row("crypto", "USD"), "kind"),
        (row("fiat", "ETH"), "kind"),
        (row("perp", "ETH-USD"), "symbol"),
        (row("perp", "ETH-PERP", venue="kalshi"), "symbol"),
        (row("event_contract", SLUG), "symbol"),
        (row("event_contract", f"{SLUG}:MAYBE", venue="kalshi"), "symbol"),
        (row("crypto", "ETH", "-1"), "qty"),
        (row("event_contract", SLUG, "-1", venue="kalshi"), "qty"),
        (row("crypto", "ETH", "0.000000001"), "qty"),
        (row("crypto", "ETH", "NaN"), "qty"),
        (row("crypto", "ETH", "1e12"), "qty"),
        (row("crypto", "ETH", "1000", "1000001"), "qty"),
        (row("crypto", "ETH", "1", "-1"), "entry_price_usd"),
        (row("crypto", "ETH", "1", "0.0000000001"), "entry_price_usd"),
        (row("fiat", "USD", "1", "2"), "entry_price_usd"),
        (row("event_contract", SLUG, "1", "1.01", "kalshi"), "entry_price_usd"),
    ],
)
def test_faults_are_named_by_their_path(bad: SeedRow, field: str) -> None:
    with pytest.raises(ApiError) as refused:
        CATALOGUE.seeds(SeedRequest(positions=(row("fiat", "USD"), bad)))
    assert [path for path, _ in refused.value.details] == [f"positions[1].{field}"]


def test_one_market_is_one_holding() -> None:
    both = [row("event_contract", f"{SLUG}:{one}", venue="kalshi") for one in ("YES", "NO")]
    with pytest.raises(ApiError) as refused:
        CATALOGUE.seeds(SeedRequest(positions=tuple(both)))
    assert [path for path, _ in refused.value.details] == ["positions[1].symbol"]


def test_quantities_are_read_from_json_without_a_float() -> None:
    body = b'{"positions":[{"venue":"test","kind":"crypto","symbol":"ETH","qty":0.29}]}'
    (seed,) = CATALOGUE.seeds(msgspec.json.decode(body, type=SeedRequest))
    assert seed.qty_1e8 == 29_000_000
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(body.replace(b'"qty"', b'"size":1,"qty"'), type=SeedRequest)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"default_quote_balance_usd":-1}', type=SettingsRequest)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"fee_multiplier":2}', type=SettingsRequest)


def test_sums_that_would_not_fit_are_refused() -> None:
    book = book_of()
    eth = Seed("test", Kind.CRYPTO, "ETH", 1_000_000 * ONE, 0)
    check_worth(book, [eth], lambda key: 1_000 * USD)
    with pytest.raises(ApiError, match="billion"):
        check_worth(book, [eth], lambda key: 1_001 * USD)
    book.apply(eth)
    more = [
        Seed(f"venue{number}", Kind.CRYPTO, "ETH", 1_000_000 * ONE, 1_000 * USD)
        for number in range(4)
    ]
    check_worth(book, more[:3], lambda key: 1_000 * USD)
    with pytest.raises(ApiError, match="counted"):
        check_worth(book, more, lambda key: 1_000 * USD)
    cash = [Seed(f"v{number}", Kind.FIAT, "USD", 10**17, USD) for number in range(10)]
    with pytest.raises(ApiError, match="counted"):
        check_worth(book, cash, lambda key: None)
