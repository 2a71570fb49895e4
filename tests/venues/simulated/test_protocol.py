"""The simulated wire: exact number texts, round trips, refusal of anything else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.orders import TimeInForce
from venues.simulated.protocol import (
    Cancel,
    Heartbeat,
    ListOrders,
    NotFound,
    Place,
    Query,
    Request,
    Subscribe,
    decode_request,
    encode,
    fixed_price,
    fixed_qty,
    is_cancel,
    is_heartbeat,
)


@given(st.integers(-(2**62), 2**62))
def test_price_text_is_exact_and_short(value: int) -> None:
    text = fixed_price(value)
    assert Decimal(text) * 10**9 == value
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.integers(0, 2**62))
def test_quantity_text_is_exact_and_short(value: int) -> None:
    text = fixed_qty(value)
    assert Decimal(text) * 10**8 == value
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    "request_",
    [
        Place(id="a", sym="ETH-USD", side="buy", qty="1", px="2", tif=TimeInForce.IOC, post=True),
        Cancel(id="a"),
        Query(id="a"),
        ListOrders(prefix="xg", since=5),
        Subscribe(syms=("ETH-USD", "BTC-USD")),
    ],
)
def test_requests_round_trip(request_: Request) -> None:
    assert decode_request(encode(request_)) == request_


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"op":"sing"}', b"\xff\xfe", b'{"op":"place"}'])
def test_anything_else_is_no_request(payload: bytes) -> None:
    assert decode_request(payload) is None


def test_the_tag_and_decimal_strings_are_on_the_wire() -> None:
    order = Place(id="a", sym="ETH-USD", side="buy", qty="1.5", px="2", tif=TimeInForce.GTC)
    raw = msgspec.json.decode(encode(order))
    assert (raw["op"], raw["qty"], raw["tif"]) == ("place", "1.5", "GTC")


def test_kinds_are_told_by_the_first_field() -> None:
    assert is_cancel(encode(Cancel(id="a")))
    assert not is_cancel(encode(Query(id='{"op":"cancel"')))
    assert is_heartbeat(encode(Heartbeat(ts=1)))
    assert not is_heartbeat(encode(NotFound(id='"ev":"heartbeat"', ts=1)))
