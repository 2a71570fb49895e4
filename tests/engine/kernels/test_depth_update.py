"""The whole-frame kernel reads what a JSON decoder reads, or refuses the frame."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.depth_update import FIELDS, REFUSED, parse_depth_update
from tests.support.feed_recordings import stamped_frames
from tests.support.level_texts import LEVELS, Level, broken, text_of

ROWS = 4_000
IDS = st.integers(0, 10**15)
SYMBOLS = st.text("ABTCUSD_PERP1000-", min_size=1, max_size=20)


def read(raw: bytes, room: int = ROWS) -> tuple[list[int], str, list[list[int]]] | None:
    """(numbers, symbol, rows) of the kernel; None when it refuses."""
    rows, out = np.zeros((room, 3), np.int64), np.zeros(FIELDS, np.int64)
    count = parse_depth_update(raw, rows, 0, room, out)
    if count < 0:
        assert count == REFUSED
        return None
    *numbers, begin, end = out.tolist()
    return numbers, raw[begin:end].decode(), rows[:count].tolist()


def slowly(raw: bytes) -> tuple[list[int], str, list[list[int]]]:
    """The same by the json module; for frames that the kernel has accepted."""
    frame = json.loads(raw)
    body: dict[str, Any] = frame.get("data", frame)
    assert body["e"] == "depthUpdate"
    numbers = [body["E"], body.get("T", 0), body["U"], body["u"], body.get("pu", -1)]
    rows = [
        [side, exact(price, 9), exact(qty, 8)]
        for side, key in enumerate("ba")
        for price, qty, *_ in body[key]
    ]
    return numbers, body["s"], rows


def exact(text: str | float, decimals: int) -> int:
    whole, _, part = str(text).partition(".")
    assert not part[decimals:].strip("0")
    return int(whole + part[:decimals].ljust(decimals, "0"))


def frame_of(ids: list[int], symbol: str, levels: list[Level], futures: bool, bare: bool) -> bytes:
    """A frame as the venue writes it."""
    body: dict[str, Any] = {"e": "depthUpdate", "E": ids[0]}
    if futures:
        body["T"] = ids[1]
    body["s"] = symbol
    if futures:
        body["ps"] = symbol[:3]
    body |= {"U": ids[2], "u": ids[3]}
    if futures:
        body["pu"] = ids[4]
    for side, key in enumerate("ba"):
        body[key] = [[text_of(p, 9), text_of(q, 8)] for s, p, q in levels if s == side]
    frame = body if bare else {"stream": symbol.lower() + "@depth@100ms", "data": body}
    return json.dumps(frame, separators=(",", ":")).encode()


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    ids = [draw(IDS) for _ in range(5)]
    return frame_of(
        ids, draw(SYMBOLS), draw(LEVELS), futures=draw(st.booleans()), bare=draw(st.booleans())
    )


@given(frames())
def test_frames_are_read_as_the_decoder_reads_them(raw: bytes) -> None:
    assert read(raw) == slowly(raw)


@given(st.data(), frames())
def test_what_is_not_refused_is_right(data: st.DataObject, frame: bytes) -> None:
    raw = data.draw(broken(frame))
    result = read(raw)
    assert result is None or result == slowly(raw)


@pytest.mark.parametrize("futures", [False, True])
@pytest.mark.parametrize("bare", [False, True])
def test_every_truncation_is_refused(futures: bool, bare: bool) -> None:
    levels: list[Level] = [(0, 10**9, 5), (1, 2 * 10**9, 0)]
    raw = frame_of([1, 2, 3, 4, 5], "ABC", levels, futures, bare)
    assert read(raw) is not None
    assert read(raw, room=2) is not None
    assert read(raw, room=1) is None
    for end in range(len(raw)):
        assert read(raw[:end]) is None
    assert read(raw + b"}") is None


BODY = '{"e":"depthUpdate","E":1,"s":"AB","U":1,"u":2,"b":[],"a":[]}'


def test_a_plain_body_is_read() -> None:
    assert read(BODY.encode()) == ([1, 0, 1, 2, -1], "AB", [])
    assert read(f'{{"stream":"x","data":{BODY}}}'.encode()) == ([1, 0, 1, 2, -1], "AB", [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("depthUpdate", "depthUpdatd"),
        ("depthUpdate", "depthUpdates"),
        ("depthUpdate", "trade"),
        ('"E":1,', ""),
        ('"s":"AB",', ""),
        ('"U":1,', ""),
        ('"u":2,', ""),
        (',"a":[]', ""),
        ('"b":[],', ""),
        ('"b":[],"a":[]', '"a":[],"b":[]'),
        ('"U":1', '"U":"1"'),
        ('"U":1', '"U":-1'),
        ('"U":1', '"U":1.0'),
        ('"U":1', '"U":1e3'),
        ('"U":1', '"U":01'),
        ('"U":1', '"U":null'),
        ('"U":1', '"U":12345678901234567'),
        ('"U":1', '"U":1,"U":1'),
        ('"AB"', '"A\\u0042"'),
        ('"a":[]', '"a":[],"a":[]'),
        ('"a":[]', '"a":[],"x":1'),
        ('"a":[]', '"a":null'),
        (
            "{",
            "[",
        ),
        ("{", " {"),
        (":", ": "),
    ],
)
def test_surprises_are_refused(old: str, new: str) -> None:
    assert old in BODY
    assert read(BODY.replace(old, new).encode()) is None
    assert read(f'{{"stream":"x","data":{BODY.replace(old, new)}}}'.encode()) is None


@pytest.mark.parametrize(
    "frame",
    [
        f'{{"data":{BODY},"stream":"x"}}',
        f'{{"stream":"x","data":{BODY},"y":1}}',
        f'{{"stream":"x","date":{BODY}}}',
        f'{{"stream":1,"data":{BODY}}}',
        f'{{"stream":"x","data":[{BODY}]}}',
        "",
        "{",
        "{}",
    ],
)
def test_other_envelopes_are_refused(frame: str) -> None:
    assert read(frame.encode()) is None


@pytest.mark.parametrize(
    "name", ["spot/btcusdt_20240808.gz", "usdm/btcusdt_20240808.gz", "cm/btcusd_perp_20240808.gz"]
)
def test_every_recorded_diff_is_read(shared_data: Path, name: str) -> None:
    seen = 0
    path = shared_data / "binance_2024" / name
    for _, raw in stamped_frames(path):
        if b'"depthUpdate"' in raw:
            assert read(raw) == slowly(raw)
            seen += 1
            if seen == 300:
                break
    assert seen == 300


def test_other_recorded_messages_are_refused(shared_data: Path) -> None:
    with gzip.open(shared_data / "binance_2024" / "usdm" / "btcusdt_20240808.gz", "rt") as lines:
        for _, text in zip(range(3_000), lines, strict=False):
            raw = text.partition(" ")[2].strip().encode()
            if b'"depthUpdate"' not in raw:
                assert read(raw) is None
