"""Line formats: exact times, what is no input, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.replay.formats import FORMATS, FrameKind, cryptofeed, enveloped, stamped


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("1737918843893903000", 1737918843893903000),
        ("1737918843893903", 1737918843893903000),
        ("1737918843893", 1737918843893000000),
        ("1737918843", 1737918843000000000),
    ],
)
def test_stamped_lines_in_every_unit(stamp: str, expected: int) -> None:
    line = f'{stamp} {{"a":1}}\r'.encode()
    assert stamped(line) == (expected, FrameKind.FRAME, "", b'{"a":1}', "")


def test_envelopes_of_the_three_recorders() -> None:
    merged = b'{"recv_ns":1723161253937085768,"venue":"binance-spot","msg":{"e":1}}'
    kalshi = b'{"recv_ms":1786398368844,"event":{"type":"trade"}}'
    polymarket = b'{"f":5,"recv_ms":1786845515154,"raw":[{"a":"b"}]}'
    assert enveloped(merged) == (1723161253937085768, 0, "", b'{"e":1}', "binance-spot")
    assert enveloped(kalshi) == (1786398368844000000, 0, "", b'{"type":"trade"}', "")
    assert enveloped(polymarket) == (1786845515154000000, 0, "", b'[{"a":"b"}]', "")


def test_a_message_inside_a_string_is_taken_out() -> None:
    reading = enveloped(b'{"recv_ms":1,"raw":"{\\"a\\":1}"}')
    assert reading is not None
    assert reading[3] == b'{"a":1}'


@given(st.integers(10**9, 10**10 - 1), st.integers(0, 10**9 - 1))
def test_decimal_seconds_are_exact(seconds: int, nanos: int) -> None:
    text = f"{seconds}.{nanos:09d}".rstrip("0")
    text = text if not text.endswith(".") else f"{seconds}"
    reading = cryptofeed(f"{text}: []".encode())
    assert reading is not None
    assert reading[0] == int(Decimal(text) * 10**9)


def test_cryptofeed_answers_are_replies_and_what_was_sent_is_no_input() -> None:
    url = b"https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000"
    assert cryptofeed(url + b' -> 1633998512.320639: {"lastUpdateId":1}') == (
        1633998512320639000,
        FrameKind.REPLY,
        "/api/v3/depth?symbol=NKNUSDT&limit=1000",
        b'{"lastUpdateId":1}',
        "",
    )
    assert cryptofeed(b"wss://ws.kraken.com <-> 1618678132.3858151") is None
    assert cryptofeed(b'wss://ws.kraken.com <- 1618678132.8253062: {"event":"subscribe"}') is None
    assert cryptofeed(b'configuration: {"trades":[]}') is None


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"1737918843893903000 {",
        b"173 {}",
        b'{"recv_ns":1}',
        b'{"msg":{}}',
        b"{",
        b"7",
    ],
)
def test_no_format_reads_what_is_no_line(line: bytes) -> None:
    for read in FORMATS:
        with pytest.raises(ValueError, match="it"):
            read(line)


@given(st.binary(max_size=80))
def test_random_lines_give_a_reading_or_value_error(line: bytes) -> None:
    for read in FORMATS:
        with suppress(ValueError):
            reading = read(line)
            assert reading is None or reading[0] >= 0
