"""One recorded file: its format by content, its survey, and frames that stand out of order."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from engine.errors import CaptureError
from venues.replay import recorded_file
from venues.replay.formats import FrameKind
from venues.replay.recorded_file import FAULTS_KEPT, RecordedFile

START = 1_700_000_000_000_000_000


def write(folder: Path, lines: list[str]) -> Path:
    path = folder / "recording"
    path.write_text("\n".join(lines) + "\n")
    return path


def stamps(file: RecordedFile) -> list[int]:
    return [reading[0] for reading in file.in_order()]


def line_at(number: int) -> str:
    return f'{START + number} {{"s":"S{number % 3}","n":{number}}}'


def test_survey_of_a_recording_with_bad_lines(tmp_path: Path) -> None:
    lines = ["", line_at(5), "nonsense", line_at(6), "", '1700000000000000007 {"cut', line_at(9)]
    file = RecordedFile(write(tmp_path, lines), "binance")
    survey = file.survey
    assert (survey.first_ns, survey.last_ns) == (START + 5, START + 9)
    assert (survey.count, survey.broken, list(survey.symbols)) == (3, 2, ["S2", "S0"])
    assert [text.partition(" is")[0] for text in survey.faults] == [
        "recording line 3",
        "recording line 6",
    ]
    kinds = [(reading[0] - START, reading[1]) for reading in file.in_order()]
    frame, broken = FrameKind.FRAME, FrameKind.BROKEN
    assert kinds == [(5, frame), (5, broken), (6, frame), (6, broken), (9, frame)]


def test_faults_are_bounded(tmp_path: Path) -> None:
    lines = [line_at(1), *["nonsense"] * 500]
    survey = RecordedFile(write(tmp_path, lines), "binance").survey
    assert len(survey.faults) == FAULTS_KEPT + 1
    assert survey.faults[-1].endswith(f"{500 - FAULTS_KEPT} more lines that were skipped")


def test_a_last_line_cut_short_is_a_fault_but_no_lost_frame(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_text(line_at(1) + "\n" + line_at(2)[:-3])
    file = RecordedFile(path, "binance")
    assert stamps(file) == [START + 1]
    assert file.survey.faults == ["recording ends inside line 2"]


def test_frames_out_of_order_are_sorted_by_receive_time(tmp_path: Path) -> None:
    numbers = list(range(2_000))
    mixed = sorted(numbers, key=lambda number: number + random.Random(number).randrange(500))
    file = RecordedFile(write(tmp_path, [line_at(number) for number in mixed]), "binance")
    assert file.survey.backwards
    assert stamps(file) == [START + number for number in numbers]


def test_what_is_too_late_for_the_window_keeps_time_running_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_file, "WINDOW", 4)
    numbers = [*range(1, 50), 0, *range(50, 60)]
    file = RecordedFile(write(tmp_path, [line_at(number) for number in numbers]), "binance")
    found = stamps(file)
    assert found == sorted(found)
    assert len(found) == len(numbers)


def test_a_merged_recording_gives_one_venue(tmp_path: Path) -> None:
    lines = [
        json.dumps({"recv_ns": START + number, "venue": venue, "msg": {"s": venue}})
        for number, venue in enumerate(["binance-spot", "binance-usdm", "binance-spot"])
    ]
    file = RecordedFile(write(tmp_path, lines), "binance")
    assert stamps(file) == [START, START + 2]
    assert list(file.survey.venues) == ["binance-usdm"]


def test_instants_become_seconds(tmp_path: Path) -> None:
    book = {"venue": "bitfinex", "base": "BTC", "quote": "USD", "bids": [], "asks": []}
    other = {**book, "venue": "bittrex"}
    document = {"snapshots": [{"books": [book, other]}, {"books": [7]}, {"books": [book]}]}
    for text in (json.dumps(document), json.dumps(document, indent=1)):
        path = tmp_path / "books.json"
        path.write_text(text)
        file = RecordedFile(path, "bitfinex")
        kinds = [(reading[0] // 10**9, reading[1]) for reading in file.in_order()]
        assert kinds == [(1, FrameKind.FRAME), (2, FrameKind.BROKEN), (3, FrameKind.FRAME)]
        assert list(file.survey.symbols) == ["BTC-USD"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "is empty"),
        (b"hello\nworld\n", "line 1 is in no known recording format"),
        (b'{"a": 1}', "line 1 is in no known recording format"),
        (b"\x1f\x8b\x08", "cut off"),
        (bytes(range(256)) * 9, "line 1 is in no known recording format"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "recording"
    path.write_bytes(data)
    with pytest.raises(CaptureError, match=said) as caught:
        RecordedFile(path, "binance")
    assert "recording" in str(caught.value)
