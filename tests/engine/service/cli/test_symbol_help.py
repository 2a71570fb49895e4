"""A symbol that is not known: names like it, its choices, or what a symbol looks like."""

from __future__ import annotations

import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.cli.symbol_help import near_names, symbol_error

KNOWN = ("BTC-USD", "ETH-USD", "ETH-USD-PERP", "btc-above-70k-year-end", "KXBTC-26", "SOL-USD")
GONE = ApiError(ErrorCode.NOT_FOUND, "look it up with GET /v1/symbols")


@pytest.mark.parametrize(
    ("symbol", "first"),
    [
        ("eth-usd", "ETH-USD"),
        ("ETHUSD", "ETH-USD"),
        ("btc-above-70k:NO", "btc-above-70k-year-end:NO"),
        ("https://polymarket.com/event/btc-above-70k-year-en", "btc-above-70k-year-end"),
        ("kxbtc-26:yes", "KXBTC-26:yes"),
    ],
)
def test_near_names_keep_the_side(symbol: str, first: str) -> None:
    assert near_names(symbol, KNOWN)[0] == first


def test_a_refusal_names_what_can_be_done_here() -> None:
    near = str(symbol_error(GONE, "ETHUSD", KNOWN))
    assert "did you mean ETH-USD" in near and "GET" not in near
    far = str(symbol_error(GONE, "ZZZ", KNOWN))
    assert "BTC-USD" in far and "and 1 more" in far and "slug" in far and "GET" not in far
    assert "listed are nothing" in str(symbol_error(GONE, "ZZZ", ()))


@pytest.mark.parametrize("side", ["NO", "yes"])
def test_what_has_no_other_side_is_told_so(side: str) -> None:
    text = str(symbol_error(GONE, f"ETH-USD:{side}", KNOWN))
    assert f"ETH-USD has no side '{side}'" in text and "did you mean" not in text
    assert text.endswith("ask for ETH-USD")


def test_choices_and_other_refusals_are_passed_on() -> None:
    details = [("symbol", "an event"), ("choice", "one: first?"), ("choice", "two: second?")]
    event = ApiError(ErrorCode.VALIDATION_ERROR, "it is an event of 2", details)
    text = str(symbol_error(event, "it", KNOWN))
    assert text == "it is an event of 2: one: first?; two: second?"
    other = ApiError(ErrorCode.INVALID_PARAMS, "qty is above 0")
    assert str(symbol_error(other, "ETH-USD", KNOWN)) == "qty is above 0"
