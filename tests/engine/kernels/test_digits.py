"""Digits eight at a time are what Decimal says they are, and nothing behind the end is read."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from engine.kernels import digits, machine

address_of: Any = machine.address_of  # numba declares an intrinsic with its typing context
PLAIN = re.compile(rb"(\d{1,16})(?:\.(\d+))?")


@njit("UniTuple(int64, 2)(Bytes(uint8, 1, 'C', readonly=True), int64, int64, boolean)")
def number_at(raw, i, n, nano):  # type: ignore[no-untyped-def]  # numba infers
    """`digits.number`, callable."""
    return digits.number(address_of(raw), i, n, nano)


@njit("UniTuple(int64, 2)(Bytes(uint8, 1, 'C', readonly=True), int64, int64)")
def whole_at(raw, i, n):  # type: ignore[no-untyped-def]  # numba infers
    """`digits.whole_number`, callable."""
    return digits.whole_number(address_of(raw), i, n)


def expected(text: bytes, nano: bool) -> tuple[int, int] | None:
    """(value, end) of the number that `text` begins with; None when it is to be refused."""
    scale = 9 if nano else 8
    match = PLAIN.match(text)
    after = text[match.end() : match.end() + 1] if match else b""
    if match is None or (match[2] is None and (after == b"." or after.isdigit())):
        return None
    if len(match[2] or b"") > scale + digits.SURPLUS_ZEROS_MAX:
        return None
    value = Decimal(match[0].decode()).scaleb(scale)
    if value != int(value) or int(match[1]) >= (2**63 - 1) // 10**scale:
        return None
    return int(value), match.end()


@given(
    st.integers(0, 10**17).map(str),
    st.text("0123456789", max_size=28),
    st.text('0123456789"],e.', max_size=12),
    st.booleans(),
)
def test_a_number_is_exact_or_refused(whole: str, part: str, rest: str, nano: bool) -> None:
    text = (f"{whole}.{part}" if part else whole).encode() + rest.encode()
    value, end = number_at(text, 0, len(text), nano)
    wanted = expected(text, nano)
    assert wanted == (None if end < 0 else (value, end))


@given(st.text("0123456789.", max_size=30), st.integers(0, 30), st.booleans())
def test_nothing_behind_the_end_is_read(text: str, end: int, nano: bool) -> None:
    raw = text.encode()
    end = min(end, len(raw))
    noisy = raw[:end] + b"98765432109876543210"
    assert number_at(noisy, 0, end, nano) == number_at(raw[:end], 0, end, nano)


@given(st.text("0123456789", min_size=1, max_size=20), st.binary(max_size=10))
def test_whole_numbers_have_up_to_sixteen_digits(text: str, rest: bytes) -> None:
    raw = text.encode() + b"," + rest
    value, end = whole_at(raw, 0, len(raw))
    if len(text) > 16:
        assert end == digits.REFUSED
    else:
        assert (value, end) == (int(text), len(text))


@given(st.binary(min_size=1, max_size=9))
def test_any_byte_that_is_no_digit_ends_a_number(raw: bytes) -> None:
    count = len(raw) - len(raw.lstrip(b"0123456789"))
    value, end = whole_at(raw, 0, len(raw))
    assert (value, end) == ((int(raw[:count]), count) if count else (0, digits.REFUSED))


@pytest.mark.parametrize(
    ("text", "nano", "value"),
    [
        (b"0", True, 0),
        (b"1.000000001", True, 1_000_000_001),
        (b"9223372035.999999999", True, 9_223_372_035_999_999_999),
        (b"92233720367.99999999", False, 9_223_372_036_799_999_999),
        (b"0.00000000100000", True, 1),
        (b"100.000000000000", False, 10_000_000_000),
    ],
)
def test_edges_of_the_scale(text: bytes, nano: bool, value: int) -> None:
    assert number_at(text, 0, len(text), nano) == (value, len(text))


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        (b"", True),
        (b".5", True),
        (b"5.", True),
        (b"-5", True),
        (b"1.0000000001", True),
        (b"0.000000001", False),
        (b"9223372036.854775807", True),
        (b"9999999999.99999", True),
        (b"92233720368.0", False),
        (b"1." + b"0" * 40, True),
    ],
)
def test_what_is_left_to_the_exact_way(text: bytes, nano: bool) -> None:
    assert number_at(text, 0, len(text), nano)[1] == digits.REFUSED
