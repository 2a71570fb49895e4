"""Every form of a symbol, and what is none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.service.api_error import ApiError, ErrorCode
from engine.service.markets.symbol_forms import (
    SymbolForm,
    is_kalshi_shaped,
    is_token,
    read_form,
)

TOKEN = "7" * 77
HOME = "https://polymarket.com/event"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("BTC-USD", SymbolForm(name="BTC-USD")),
        ("a-slug", SymbolForm(name="a-slug")),
        ("a-slug:no", SymbolForm(name="a-slug", side="no")),
        ("KXBTCZ-26DEC31-T99000:NO", SymbolForm(name="KXBTCZ-26DEC31-T99000", side="NO")),
        ("KXCPIYOY-26NOV-T3.0", SymbolForm(name="KXCPIYOY-26NOV-T3.0")),
        (TOKEN, SymbolForm(name=TOKEN, venue="polymarket", token=True)),
        (f"{HOME}/a-slug", SymbolForm(name="a-slug", venue="polymarket")),
        (f"{HOME}/a-slug/", SymbolForm(name="a-slug", venue="polymarket")),
        (f"{HOME}/a-slug?tid=1#x", SymbolForm(name="a-slug", venue="polymarket")),
        (f"{HOME}/a-slug:No", SymbolForm(name="a-slug", side="No", venue="polymarket")),
        (f"{HOME}/ev/m", SymbolForm(name="m", event="ev", venue="polymarket")),
        (
            "https://www.polymarket.com/event/a-slug",
            SymbolForm(name="a-slug", venue="polymarket"),
        ),
    ],
)
def test_forms(text: str, form: SymbolForm) -> None:
    assert read_form(text) == form


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 257,
        "two words",
        "a/b",
        "slug:",
        "slug:yes:no",
        ":no",
        "-x",
        "http://polymarket.com/event/a",
        "https://polymarket.com.evil.com/event/a",
        "https://evil.com/event/a",
        "https://polymarket.com@evil.com/event/a",
        "https://user@polymarket.com/event/a",
        "https://polymarket.com:8443/event/a",
        "https://polymarket.com:x/event/a",
        "https://polymarket.com/markets/a",
        "https://polymarket.com/event",
        "https://polymarket.com/event/a/b/c",
        "https://polymarket.com/event/a%2F..%2Fb",
        f"{HOME}/{TOKEN}",
        f"{HOME}/https://polymarket.com/event/a",
        f"{HOME}/" + "a" * 600,
        f"{HOME}/a?x=\ud800",
        "file:///etc/passwd",
    ],
)
def test_what_names_no_market(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_form(text)
    assert caught.value.code is ErrorCode.VALIDATION_ERROR
    assert caught.value.details[0][0] == "symbol"


@given(st.text(max_size=300) | st.text(max_size=80).map(lambda text: f"{HOME}/{text}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ApiError):
        form = read_form(text)
        assert form.name
        assert not {"/", " ", ":"} & {*form.name}


def test_shapes() -> None:
    assert is_token("1" * 60)
    assert not is_token("1" * 59)
    assert not is_token("٣" * 70)
    for ticker in ("KXBTCZ-26DEC31-T99000", "INXD-26DEC31-T6500", "NASDAQ100Y-26", "kxfed"):
        assert is_kalshi_shaped(ticker)
    assert not is_kalshi_shaped("btc-updown-5m-1")
