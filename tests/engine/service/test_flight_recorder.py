"""The rings stay in their bounds, hold the newest frames, and are spilled without stopping us."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

import pytest

from engine.service.flight_recorder import (
    FlightLimits,
    FlightRecorder,
    FrameRing,
    call_now,
    in_thread,
    spill_files,
)
from engine.service.frame_file import FRAME_HEAD, Frame, frames_of, read_spill
from tests.support.incidents import listings_of

S = 10**9
START = 1_700_000_000 * S


def held(ring: FrameRing, now_ns: int) -> list[Frame]:
    return [frame for segment in ring.segments(now_ns) for frame in frames_of(segment)]


def recorder(folder: Path, **values: int) -> FlightRecorder:
    limits = FlightLimits(**values)
    return FlightRecorder(folder, {"alpha": listings_of()}, run=3, limits=limits, start=call_now)


@pytest.mark.parametrize("seed", range(20))
def test_a_ring_holds_the_newest_frames_within_its_bytes(seed: int) -> None:
    random = Random(seed)
    bytes_max = random.choice((2_000, 20_000, 200_000))
    ring = FrameRing(bytes_max, 120 * S)
    told: list[Frame] = []
    for step in range(600):
        size = int(random.random() ** 4 * bytes_max * 0.45)
        told.append(Frame(START + step, random.randrange(-1, 3), bytes((step % 256,)) * size))
        ring.keep(told[-1].recv_ns, told[-1].line, told[-1].payload)
        assert ring.bytes_kept <= bytes_max
    kept = held(ring, START + 600)
    assert kept
    assert kept == told[-len(kept) :]
    assert ring.numbers == len(told)
    # Nothing is given away that there was room for, but one segment and one frame.
    lost = told[len(told) - len(kept) - 1]
    whole = sum(len(frame.payload) + FRAME_HEAD.size for frame in kept)
    largest = max(len(frame.payload) + FRAME_HEAD.size for frame in told)
    assert whole + len(lost.payload) >= bytes_max - 2 * ring.segment_bytes - largest


def test_old_frames_leave() -> None:
    ring = FrameRing(10**6, 10 * S)
    for second in range(100):
        for _ in range(40):
            ring.keep(START + second * S, 0, bytes(2_000))
    kept = held(ring, START + 99 * S)
    assert kept[-1].recv_ns == START + 99 * S
    assert START + 88 * S <= kept[0].recv_ns <= START + 90 * S
    assert held(ring, START + 200 * S) == []


def test_segments_number_their_frames() -> None:
    ring = FrameRing(50_000, 120 * S)
    for step in range(3_000):
        ring.keep(START + step, 0, step.to_bytes(4, "little"))
    for segment in ring.segments(START + 3_000):
        for number, frame in enumerate(frames_of(segment), segment.number):
            assert int.from_bytes(frame.payload, "little") == number
            assert segment.first_ns <= frame.recv_ns <= segment.last_ns


def test_a_frame_too_large_for_the_ring_is_counted_only() -> None:
    ring = FrameRing(10_000, 120 * S)
    ring.keep(START, 0, b"before")
    ring.keep(START + 1, 0, bytes(9_000))
    ring.keep(START + 2, 0, b"after")
    assert [frame.payload for frame in held(ring, START + 3)] == [b"before", b"after"]
    assert ring.too_big == 1
    assert [segment.number for segment in ring.segments(START + 3)] == [0, 2]


def test_a_spill_holds_every_ring(tmp_path: Path) -> None:
    flight = recorder(tmp_path / "incidents")
    flight.ring("alpha").keep(START, 0, b"seen")
    assert flight.spill("Risk breach: NOTIONAL_LIMIT!", START + S)
    (path,) = spill_files(tmp_path / "incidents")
    assert "risk-breach" in path.name
    header, (alpha,) = read_spill(path)
    assert (header.reason, header.run) == ("Risk breach: NOTIONAL_LIMIT!", 3)
    assert alpha.listings == tuple(listings_of())
    assert [list(frames_of(segment)) for segment in alpha.segments] == [[Frame(START, 0, b"seen")]]
    assert (flight.spills, flight.failed, flight.fault) == (1, 0, "")
    # What was spilled stays in the ring, for the next incident.
    assert len(held(flight.ring("alpha"), START + S)) == 1


def test_a_burst_of_incidents_shares_files(tmp_path: Path) -> None:
    flight = recorder(tmp_path, pause_ns=10 * S)
    assert flight.spill("first", START)
    assert not flight.spill("second", START + S)
    assert not flight.spill("third", START + 2 * S)
    flight.ring("alpha").keep(START + 3 * S, 0, b"late")
    assert not flight.catch_up(START + 9 * S)
    assert flight.catch_up(START + 10 * S)
    assert not flight.catch_up(START + 30 * S)
    first, second = (read_spill(path) for path in spill_files(tmp_path))
    assert (first[0].reason, second[0].reason) == ("first", "second")
    assert not first[1][0].segments
    assert second[1][0].segments


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    flight = recorder(tmp_path, files_max=3, pause_ns=1)
    (tmp_path / "torn.part").write_bytes(b"of a run that was killed")
    for second in range(7):
        assert flight.spill(f"number {second}", START + second * S)
    reasons = [read_spill(path)[0].reason for path in spill_files(tmp_path)]
    assert reasons == ["number 4", "number 5", "number 6"]
    assert not list(tmp_path.glob("*.part"))


def test_a_disk_that_refuses_stops_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "incidents"
    blocked.write_text("a file where the folder should be")
    flight = recorder(blocked, pause_ns=1)
    assert flight.spill("halt", START)
    assert flight.failed == 1
    assert "could not be written" in flight.fault
    blocked.unlink()
    assert flight.spill("halt", START + S)
    assert flight.spills == 1


def test_no_thread_to_be_had_stops_nothing(tmp_path: Path) -> None:
    def refuse(task: object) -> None:
        raise RuntimeError("no more threads")

    flight = FlightRecorder(tmp_path, {}, start=refuse)
    flight.spill("halt", START)
    assert flight.failed == 1
    flight.start = call_now
    assert flight.spill("halt", START + 60 * S)
    assert flight.spills == 1


def test_one_write_at_a_time_and_the_end_waits(tmp_path: Path) -> None:
    may_write = threading.Event()

    def held_back(task: object) -> None:
        def run() -> None:
            assert may_write.wait(10)
            assert callable(task)
            task()

        in_thread(run)

    flight = FlightRecorder(tmp_path, {}, limits=FlightLimits(pause_ns=1), start=held_back)
    assert flight.spill("first", START)
    assert not flight.spill("second", START + S)
    assert spill_files(tmp_path) == []
    may_write.set()
    flight.close(START + 2 * S)
    reasons = [read_spill(path)[0].reason for path in spill_files(tmp_path)]
    assert reasons == ["first", "second"]
