"""The level kernels agree with the exact way wherever they do not refuse, and refuse early."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.kernels import decimals
from engine.kernels.delta_ring import DeltaRing
from tests.support.level_texts import LEVELS, Level, broken, document
from venues.level_rows import Layout, general_rows, put_rows, sided_texts, text_arrays

LAYOUTS = [decimals.PAIR, decimals.PRICE_SIZE, decimals.PX_SZ, decimals.SIDED]
ROWS = 64
MARK = -77


def parsed(raw: bytes, layout: int, side: int = 0, room: int = ROWS) -> list[Level] | None:
    """What the kernel makes of `raw`, None when it refuses; rows outside the run stay as is."""
    rows = np.full((room + 4, 3), MARK, np.int64)
    raws = (b"", raw) if side else (raw, b"")
    count = decimals.parse_sides(*raws, rows, 2, 2 + room, layout)
    assert (rows[:2] == MARK).all()
    assert (rows[2 + room :] == MARK).all()
    if count < 0:
        return None
    assert (rows[2 + count :] == MARK).all()
    return [tuple(row) for row in rows[2 : 2 + count].tolist()]


def exactly(raw: bytes, layout: int, side: int = 0) -> list[Level] | None:
    """What the general way makes of `raw`, None when it is an error."""
    ring = DeltaRing(4_096)
    try:
        if layout == decimals.SIDED:
            count = put_rows(ring, 0, (sided_texts(fields) for fields in text_arrays(raw)))
        else:
            count = general_rows(ring, 0, Layout(layout), side, raw)
    except DecodeError:
        return None
    return [tuple(row) for row in ring.rows[:count].tolist()]


def with_side(levels: list[Level], layout: int, side: int) -> list[Level]:
    return levels if layout == decimals.SIDED else [(side, *level[1:]) for level in levels]


@pytest.mark.parametrize("layout", LAYOUTS)
@given(levels=LEVELS, bare=st.booleans(), side=st.integers(0, 1))
def test_generated_levels_come_out_exactly(
    layout: int, levels: list[Level], bare: bool, side: int
) -> None:
    raw = document(layout, levels, bare)
    assert parsed(raw, layout, side) == with_side(levels, layout, side)
    assert exactly(raw, layout, side) == with_side(levels, layout, side)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data(), levels=LEVELS)
def test_what_is_not_refused_is_what_the_exact_way_reads(
    layout: int, data: st.DataObject, levels: list[Level]
) -> None:
    raw = data.draw(broken(document(layout, levels, bare=True)))
    rows = parsed(raw, layout)
    if not raw:
        # No bytes at all are an absent side, which the callers pass on purpose.
        assert rows == []
        return
    assert rows is None or rows == exactly(raw, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_truncation_is_refused(layout: int) -> None:
    raw = document(layout, [(0, 67_123_450_000_000, 123_000), (1, 5 * 10**8, 0)])
    assert parsed(raw, layout) is not None
    for end in range(1, len(raw)):
        assert parsed(raw[:end], layout) is None
        assert parsed(raw[:end] + b"\x00" * 40, layout) is None
    assert parsed(raw + b",", layout) is None


@pytest.mark.parametrize("layout", LAYOUTS)
@given(
    raw=st.one_of(
        st.binary(min_size=1, max_size=60),
        st.text('[]{}",:.0159psxzrice', min_size=1, max_size=60),
    )
)
def test_random_bytes_are_refused_or_right(layout: int, raw: bytes | str) -> None:
    data = raw if isinstance(raw, bytes) else raw.encode()
    rows = parsed(data, layout)
    assert rows is None or rows == exactly(data, layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_too_few_rows_are_refused(layout: int) -> None:
    levels: list[Level] = [(0, 10**9, 1), (0, 2 * 10**9, 2), (0, 3 * 10**9, 3)]
    raw = document(layout, levels)
    assert parsed(raw, layout, room=3) == levels
    assert parsed(raw, layout, room=2) is None
    assert parsed(b"[]", layout, room=0) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"[",
        b"{}",
        b"[[]]",
        b'[["1"]]',
        b'[["1","1"],]',
        b'[["1","1"]] ',
        b'[ ["1","1"]]',
        b'[["0","1"]]',
        b'[["0.000","1"]]',
        b'[["-1","1"]]',
        b'[["+1","1"]]',
        b'[["1e3","1"]]',
        b"[[1e3,1]]",
        b"[[01,1]]",
        b"[[1,01]]",
        b'[["1","1",[]]]',
        b'[["1","1",null]]',
        b'[["1","1","\\u0041"]]',
        b'[["1\\u0030","1"]]',
        b'[["1.0000000001","1"]]',
        b'[["1","0.000000001"]]',
        b'[["9999999999.99999","1"]]',
        b'[["18446744073709.551617","1"]]',
        b'[["1","92233720368.54775808"]]',
        b'[["1.","1"]]',
        b'[[".5","1"]]',
        b'[["1","1"]',
        b'[["1" "1"]]',
        b'[["1","1""2"]]',
        b'[["1","1",01]]',
        b'[["1","1",1.]]',
        b'[["1","1","\xff"]]',
    ],
)
def test_surprises_are_refused(raw: bytes) -> None:
    assert parsed(raw, decimals.PAIR) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"[{}]",
        b'[{"price":"1"}]',
        b'[{"price":"1","price":"2","size":"1"}]',
        b'[{"price":"1","size":"1","size":"1"}]',
        b'[{"price":"1","size":"1",}]',
        b'[{"price":"1","size":"1","x":{}}]',
        b'[{"price":"1","size":"1","x":true}]',
        b'[{"pric\\u0065":"1","size":"1"}]',
        b'[{"px":"1","sz":"1"}]',
        b'[{"price":null,"size":"1"}]',
    ],
)
def test_surprising_objects_are_refused(raw: bytes) -> None:
    assert parsed(raw, decimals.PRICE_SIZE) is None


def test_long_names_and_texts_are_skipped() -> None:
    raw = b'[{"price_of_level":"9","price":"1.5","a":0.25,"size":2,"sizes":"x y","":0}]'
    assert parsed(raw, decimals.PRICE_SIZE) == [(0, 1_500_000_000, 200_000_000)]


@pytest.mark.parametrize("side", [b"Buy", b"buyer", b"sel", b"", b"buy\\u0041", b"sell    "])
def test_a_side_is_buy_or_sell(side: bytes) -> None:
    assert parsed(b'[["' + side + b'","1","1"]]', decimals.SIDED) is None


@given(bids=LEVELS, asks=LEVELS)
def test_both_sides_in_one_call(bids: list[Level], asks: list[Level]) -> None:
    rows = np.zeros((32, 3), np.int64)
    raws = [document(decimals.PAIR, levels) if levels else b"" for levels in (bids, asks)]
    count = decimals.parse_sides(*raws, rows, 3, 32, decimals.PAIR)
    wanted = [*with_side(bids, 0, 0), *with_side(asks, 0, 1)]
    assert rows[3 : 3 + count].tolist() == [list(row) for row in wanted]
    if wanted:
        assert decimals.parse_sides(*raws, rows, 3, 2 + len(wanted), decimals.PAIR) < 0


def test_one_bad_side_refuses_both() -> None:
    rows = np.zeros((8, 3), np.int64)
    good, bad = b'[["1","1"]]', b'[["x","1"]]'
    assert decimals.parse_sides(good, bad, rows, 0, 8, decimals.PAIR) == decimals.REFUSED
    assert decimals.parse_sides(bad, good, rows, 0, 8, decimals.PAIR) == decimals.REFUSED


@pytest.mark.parametrize(
    ("name", "pattern", "layout"),
    [
        ("binance_2024/spot/btcusdt_20240808.gz", r'"[ab]":(\[\[.*?\]\])', decimals.PAIR),
        ("cryptofeed/COINBASE.ws.28.0.gz", r'"changes":(\[\[.*?\]\])', decimals.SIDED),
        ("hyperliquid/btcusd_20250126.gz", r"(\[\{.*?\}\])", decimals.PX_SZ),
    ],
)
def test_recorded_levels_agree_with_the_exact_way(
    shared_data: Path, name: str, pattern: str, layout: int
) -> None:
    accepted = 0
    with gzip.open(shared_data / name, "rt") as lines:
        for _, text in zip(range(600), lines, strict=False):
            for raw in re.findall(pattern, text):
                try:
                    json.loads(raw)
                except ValueError:
                    continue
                rows = parsed(raw.encode(), layout, room=4_000)
                accepted += rows is not None
                assert rows is None or rows == exactly(raw.encode(), layout)
    assert accepted > 50
