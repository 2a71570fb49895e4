"""Lines of plain and gzipped files, of files cut off or damaged, and their bounds."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from engine.errors import CaptureError
from venues.replay import lines
from venues.replay.lines import LineReader, whole_text

TEXT = b"".join(b"line %d with some words in it %d\n" % (n, n * n) for n in range(20_000))


def write(folder: Path, data: bytes) -> Path:
    path = folder / "recording"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [TEXT, gzip.compress(TEXT), gzip.compress(TEXT[:99_999]) + gzip.compress(TEXT[99_999:])],
    ids=["plain", "gzip", "two members"],
)
def test_all_lines_with_their_numbers(tmp_path: Path, data: bytes) -> None:
    reader = LineReader(write(tmp_path, data))
    found = list(reader)
    assert [line for _, line, _ in found] == TEXT.splitlines()
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    assert all(ended for _, _, ended in found)
    assert not reader.fault
    assert list(reader) == found


def test_a_last_line_without_its_end_says_so(tmp_path: Path) -> None:
    assert list(LineReader(write(tmp_path, b"a\nb"))) == [(1, b"a", True), (2, b"b", False)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_gives_what_is_before_the_cut(tmp_path: Path, share: float) -> None:
    packed = gzip.compress(TEXT)
    reader = LineReader(write(tmp_path, packed[: int(len(packed) * share)]))
    found = [line for _, line, ended in reader if ended]
    assert found == TEXT.splitlines()[: len(found)]
    assert len(found) > share * 10_000
    assert reader.fault == f"recording is cut off after line {len(found)}; what follows is missing"


def test_damage_in_the_middle_ends_the_lines(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    half = len(packed) // 2
    packed[half:] = random.Random(1).randbytes(half)
    reader = LineReader(write(tmp_path, bytes(packed)))
    found = [line for _, line, _ in reader]
    same = sum(a == b for a, b in zip(found, TEXT.splitlines(), strict=False))
    assert same > 9_000
    assert "damaged after line" in reader.fault


def test_a_wrong_check_sum_at_the_end_loses_no_line(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-5] ^= 1
    reader = LineReader(write(tmp_path, bytes(packed)))
    assert [line for _, line, _ in reader] == TEXT.splitlines()
    assert "damaged after line 20000" in reader.fault


def test_a_line_beyond_the_bound_ends_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LINE_BYTES_MAX", 1_000)
    reader = LineReader(write(tmp_path, b"x\n" + b"y" * 200_000))
    assert [line for _, line, _ in reader] == [b"x"]
    assert "line 2 is too long" in reader.fault
    with pytest.raises(CaptureError, match="too long"):
        whole_text(reader.path)


def test_whole_documents_and_missing_files(tmp_path: Path) -> None:
    assert whole_text(write(tmp_path, gzip.compress(TEXT))) == TEXT
    with pytest.raises(CaptureError, match="cut off"):
        whole_text(write(tmp_path, gzip.compress(TEXT)[:-9]))
    with pytest.raises(CaptureError, match="nowhere"):
        list(LineReader(tmp_path / "nowhere"))
