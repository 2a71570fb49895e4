"""Level arrays of every layout become exact rows, or a DecodeError and an untouched ring."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from venues.level_rows import (
    ASK_ROW,
    BID_ROW,
    Layout,
    decode_json,
    exact_price_1e9,
    exact_qty_1e8,
    row_bound,
    write_changes,
    write_levels,
)

PRICES = st.integers(1, 2**63 - 1)
QTYS = st.integers(0, 2**63 - 1)


def text_of(value: int, decimals: int) -> str:
    return format(Decimal(value).scaleb(-decimals), "f")


def level_of(layout: Layout, price: int, qty: int) -> object:
    texts = text_of(price, 9), text_of(qty, 8)
    if layout is Layout.PRICE_SIZE:
        return {"price": texts[0], "size": texts[1], "extra": 1}
    if layout is Layout.PX_SZ:
        return {"n": 3, "sz": texts[1], "px": texts[0]}
    return [*texts, "1618678133.365913"]


def rows_of(ring: DeltaRing, start: int, count: int) -> list[list[int]]:
    return ring.rows[start : start + count].tolist()  # type: ignore[no-any-return]  # numpy


@given(
    st.sampled_from([Layout.PAIR, Layout.PRICE_SIZE, Layout.PX_SZ]),
    st.lists(st.tuples(PRICES, QTYS), max_size=8),
    st.lists(st.tuples(PRICES, QTYS), max_size=8),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_levels_come_out_exactly(
    layout: Layout,
    bids: list[tuple[int, int]],
    asks: list[tuple[int, int]],
    indent: int | None,
    compact: bool,
) -> None:
    ring = DeltaRing(4_096)
    separators = (",", ":") if compact else None
    raws = [
        json.dumps(
            [level_of(layout, *level) for level in side], indent=indent, separators=separators
        ).encode()
        for side in (bids, asks)
    ]
    start, count = write_levels(ring, layout, raws[0], msgspec.Raw(raws[1]))
    assert ring.pending == 1
    assert rows_of(ring, start, count) == [
        *([BID_ROW, *level] for level in bids),
        *([ASK_ROW, *level] for level in asks),
    ]


@given(st.lists(st.tuples(st.booleans(), PRICES, QTYS), max_size=8), st.booleans())
def test_changes_name_their_side(changes: list[tuple[bool, int, int]], compact: bool) -> None:
    ring = DeltaRing(4_096)
    raw = json.dumps(
        [
            ["sell" if ask else "buy", text_of(price, 9), text_of(qty, 8)]
            for ask, price, qty in changes
        ],
        separators=(",", ":") if compact else None,
    ).encode()
    start, count = write_changes(ring, raw)
    assert rows_of(ring, start, count) == [[int(ask), p, q] for ask, p, q in changes]


def test_json_numbers_and_exponents_are_exact() -> None:
    ring = DeltaRing(64)
    start, count = write_levels(ring, Layout.PAIR, b"[[0.1,3],[1e-9,2.5e2]]", b"")
    assert rows_of(ring, start, count) == [
        [BID_ROW, 100_000_000, 300_000_000],
        [BID_ROW, 1, 25_000_000_000],
    ]


def test_asks_that_no_order_reaches_are_left_out_and_such_bids_refused() -> None:
    ring = DeltaRing(64)
    joke = b'[["9999999999.99999","1"],["9223372036.854775807","2"]]'
    start, count = write_levels(ring, Layout.PAIR, b"", joke)
    assert rows_of(ring, start, count) == [[ASK_ROW, 2**63 - 1, 200_000_000]]
    with pytest.raises(DecodeError):
        write_levels(ring, Layout.PAIR, joke, b"")
    with pytest.raises(DecodeError):
        write_levels(ring, Layout.PAIR, b"", b'[["1","92233720368.54775808"]]')


@pytest.mark.parametrize(
    "raw",
    [
        b'[["1"]]',
        b'[["0","1"]]',
        b'[["-1","1"]]',
        b'[["1","-1"]]',
        b'[["1.0000000001","1"]]',
        b'[["1","0.000000001"]]',
        b'[["1.","1"]]',
        b'[[".5","1"]]',
        b'[["1_0","1"]]',
        b'[[" 1","1"]]',
        b'[["nan","1"]]',
        b'[["","1"]]',
        b'[[null,"1"]]',
        b'[[[],"1"]]',
        '[["\u0661","1"]]'.encode(),
        b'[["' + b"1" * 5_000 + b'","1"]]',
        b'[["1\xff","1"]]',
        b'{"a":1}',
        b'[["1","1"]',
        b"[" * 3_000,
    ],
)
def test_what_is_no_level_is_refused_without_a_commit(raw: bytes) -> None:
    ring = DeltaRing(4_096)
    with pytest.raises(DecodeError):
        write_levels(ring, Layout.PAIR, raw, b"[]")
    assert ring.pending == 0


def test_trailing_zeros_beyond_the_scale_are_exact() -> None:
    assert exact_price_1e9("0.00000000100000") == 1
    assert exact_qty_1e8("100.000000000000") == 10_000_000_000
    with pytest.raises(DecodeError):
        exact_price_1e9("0")
    assert exact_qty_1e8("0.00") == 0


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), max_size=2_000))
def test_row_bound_is_never_too_small(levels: list[tuple[int, int]]) -> None:
    raw = json.dumps(levels, separators=(",", ":")).encode()
    assert row_bound(raw) >= len(levels)
    assert row_bound(msgspec.Raw(raw)) == row_bound(raw)


@pytest.mark.parametrize("layout", [Layout.PAIR, Layout.PRICE_SIZE, Layout.PX_SZ])
def test_what_the_kernel_refuses_is_read_in_the_general_way(layout: Layout) -> None:
    ring = DeltaRing(4_096)
    levels = [level_of(layout, 5 * 10**8, 10**8), level_of(layout, 2**63 - 1, 7)]
    raw = json.dumps(levels, separators=(",", ":")).encode()
    assert write_levels(ring, layout, raw, raw) == (0, 4)
    assert write_levels(ring, layout, raw.replace(b"0.500000000", b"5e-1"), b"") == (4, 2)
    assert rows_of(ring, 0, 6) == [
        [side, price, qty]
        for side in (BID_ROW, ASK_ROW, BID_ROW)
        for price, qty in ((5 * 10**8, 10**8), (2**63 - 1, 7))
    ]


def test_a_run_that_fits_only_when_counted_is_still_taken() -> None:
    ring = DeltaRing(200)
    raw = json.dumps([["1.50000000000000", "2.500000000000000"]] * 190).encode()
    start, count = write_levels(ring, Layout.PAIR, raw, b"")
    assert (start, count) == (0, 190)
    ring.release(start, count)
    sided = json.dumps([["buy", "1.50000000000000", "2.500000000000000"]] * 190).encode()
    assert write_changes(ring, sided) == (0, 190)


def test_a_message_without_changes_is_refused() -> None:
    with pytest.raises(DecodeError):
        write_changes(DeltaRing(64), b"")


def test_a_full_ring_says_so() -> None:
    ring = DeltaRing(8)
    assert write_levels(ring, Layout.PAIR, b'[["1.00000000","2.00000000"]]' * 3, b"[]") == (-1, 0)
    assert write_changes(ring, b" " * 100) == (-1, 0)
    assert ring.pending == 0


@given(st.binary(max_size=40))
def test_random_json_fails_as_a_decode_error_only(noise: bytes) -> None:
    decoder = msgspec.json.Decoder(list[int])
    with suppress(DecodeError):
        assert isinstance(decode_json(decoder, noise), list)
