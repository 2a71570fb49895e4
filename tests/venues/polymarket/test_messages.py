"""Polymarket's messages: arrays, three forms of a change, and levels as integers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import DecodeError
from venues.polymarket.messages import frames_of, read_level, time_ms

CHANGE = {"price": "0.5", "side": "SELL", "size": "3"}


def one(**fields: object) -> bytes:
    return json.dumps(
        {"event_type": "price_change", "asset_id": "7", "hash": "h", **fields}
    ).encode()


def test_three_forms_of_a_change_say_the_same() -> None:
    forms = [
        one(**CHANGE),
        one(changes=[CHANGE]),
        one(price_changes=[{**CHANGE, "asset_id": "7", "hash": "h"}]),
    ]
    entries = [frames_of(form)[0].entries() for form in forms]
    assert entries[0] == entries[1] == entries[2]
    assert (entries[0][0].asset_id, entries[0][0].hash) == ("7", "h")


def test_written_samples_are_read(shared_data: Path) -> None:
    folder = shared_data / "messages/nautilus/py_integration/polymarket/ws_messages"
    names = ["book", "price_change", "price_change_v2", "last_trade_price", "tick_size_change"]
    for name in names:
        frames = frames_of((folder / f"{name}.json").read_bytes())
        assert [frame.event_type for frame in frames] == [name.removesuffix("_v2")]


def test_arrays_hold_many_and_others_are_left_out() -> None:
    other = b'{"event_type":"new_market","bids":"?"}'
    assert [frame.price for frame in frames_of(b"[" + one(**CHANGE) + b"," + other + b"]")] == [
        "0.5"
    ]
    assert frames_of(b"[]") == []
    assert frames_of(b'{"gameId":1,"score":"1-0"}') == []


@pytest.mark.parametrize(
    "payload", [b"", b"7", b"[7]", b"[[]]", b'{"event_type":7}', one(bids="x")]
)
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(DecodeError):
        frames_of(payload)


def test_levels_and_times_are_exact_or_refused() -> None:
    assert read_level("0.010", "5752.53")[:2] == (10_000_000, 575_253_000_000)
    for price in ("0", "1", "1.5", "-0.1", "x"):
        with pytest.raises(DecodeError):
            read_level(price, "1")
    assert time_ms("") == 0
    with pytest.raises(DecodeError):
        time_ms("17239679314110000")
    with pytest.raises(DecodeError):
        frames_of(one())[0].entries()
