"""Spilled frames come back as they were, and a damaged file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.service.frame_file import (
    FRAME_HEAD,
    Frame,
    Segment,
    SpilledVenue,
    SpillHeader,
    frames_of,
    read_spill,
    write_spill,
)
from tests.support.incidents import listings_of

FRAMES = [Frame(10, 0, b"one"), Frame(11, -1, b"tag\nbody"), Frame(12, 3, b"")]


def joined(frames: list[Frame]) -> bytes:
    return b"".join(
        FRAME_HEAD.pack(frame.recv_ns, frame.line, len(frame.payload)) + frame.payload
        for frame in frames
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    segment = Segment(7, 10, 12, joined(FRAMES))
    venues = [
        SpilledVenue(venue="alpha", listings=tuple(listings_of()), segments=(segment, segment)),
        SpilledVenue(venue="beta", listings=(), segments=()),
    ]
    write_spill(tmp_path / "x.frames", SpillHeader(reason="halt", now_ns=99, run=4), venues)
    return tmp_path / "x.frames"


def test_what_is_written_is_read(path: Path) -> None:
    header, (alpha, beta) = read_spill(path)
    assert (header.reason, header.now_ns, header.run, header.venues) == ("halt", 99, 4, 2)
    assert alpha.listings == tuple(listings_of())
    assert [list(frames_of(segment)) for segment in alpha.segments] == [FRAMES, FRAMES]
    assert alpha.segments[0].number == 7
    assert (beta.venue, beta.segments) == ("beta", ())


def test_every_changed_byte_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :])
        with pytest.raises(JournalError):
            read_spill(path)


def test_a_cut_file_is_refused(path: Path) -> None:
    data = path.read_bytes()
    for length in (0, 10, 40, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(JournalError):
            read_spill(path)


def test_another_version_is_refused(path: Path) -> None:
    write_spill(path, SpillHeader(reason="", now_ns=0, run=0, version=2), [])
    with pytest.raises(JournalError, match="format version 2"):
        read_spill(path)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="could not be read"):
        read_spill(tmp_path / "none.frames")


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_segment_is_refused(cut: int) -> None:
    with pytest.raises(JournalError, match="torn"):
        list(frames_of(Segment(0, 10, 12, joined(FRAMES)[:-cut])))
