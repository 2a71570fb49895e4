"""A reader's queue never drops in silence, its slots keep the newest, and both are bounded."""

from __future__ import annotations

import asyncio
import json

from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.reader import GOING_AWAY, Ending, Reader, error_frame
from tests.support.stream_server import caller_of


def made(**bounds: int) -> Reader:
    return Reader(caller_of(), StreamLimits(**bounds))


def last_error(reader: Reader) -> dict[str, object]:
    assert reader.ending is not None
    raw = reader.ending.last_frame
    found: dict[str, object] = json.loads(raw[raw.index(b"{") :])["error"]
    return found


def test_frames_go_out_in_order_and_the_queue_before_the_slots() -> None:
    reader = made()
    reader.offer(("p", 1), b"c")
    assert reader.push(b"a", 1)
    assert reader.push(b"b", 2)
    assert reader.take() == b"abc"
    assert reader.written_seq == 2
    assert reader.backlog == 0


def test_a_slot_keeps_the_newest_and_counts_the_rest() -> None:
    reader = made()
    for frame in (b"1", b"2", b"3"):
        reader.offer(("p", 1), frame)
    reader.offer(("p", 2), b"x")
    assert reader.take() == b"3x"
    assert reader.conflated == 2
    reader.offer(("p", 1), b"4")
    reader.withdraw("p")
    reader.push(b"end")
    assert reader.take() == b"end"


def test_a_batch_is_bounded_but_a_large_frame_goes_alone() -> None:
    reader = made(batch_bytes=10)
    for frame in (b"x" * 6, b"y" * 6, b"z" * 50):
        reader.push(frame, 1)
    assert reader.take() == b"x" * 6 + b"y" * 6
    assert reader.take() == b"z" * 50


def test_too_many_entries_cut_it_off_with_the_place_to_go_on() -> None:
    reader = made(backlog_entries=3)
    reader.joined["fills"] = 4
    assert reader.push(b"a", 5)
    reader.take()
    for seq in (6, 7, 8):
        assert reader.push(b"x", seq)
    assert not reader.push(b"y", 9)
    assert reader.was_cut_off
    error = last_error(reader)
    assert error["code"] == "SLOW_READER"
    assert error["resume_from"] == 5
    assert reader.backlog == 0
    assert reader.over.is_set()
    assert not reader.push(b"z", 10)
    reader.offer("slot", b"z")
    assert reader.take() == b""


def test_too_many_bytes_cut_it_off_too() -> None:
    reader = made(backlog_bytes=100)
    reader.joined["fills"] = 4
    assert reader.push(b"x" * 90, 5)
    assert not reader.push(b"x" * 11, 6)
    assert last_error(reader)["resume_from"] == 4


def test_an_entry_that_is_half_written_is_told_again() -> None:
    reader = made(batch_bytes=1, backlog_entries=2)
    reader.joined["orders"] = 4
    reader.push(b"a", 5)
    reader.push(b"b", 5)
    reader.take()
    assert reader.goes_on_at() == 4
    reader.take()
    assert reader.goes_on_at() == 5
    assert made().goes_on_at() is None


def test_the_first_ending_counts() -> None:
    reader = made()
    reader.end(Ending(GOING_AWAY, "stopping"))
    reader.cut_off("too slow")
    assert reader.ending == Ending(GOING_AWAY, "stopping")
    assert not reader.was_cut_off


def test_waiting_ends_with_a_frame_with_room_and_with_the_end() -> None:
    async def main() -> None:
        reader = made(backlog_entries=2)
        waiting = asyncio.create_task(reader.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        reader.push(b"a", 1)
        await waiting
        reader.push(b"b", 2)
        room = asyncio.create_task(reader.room())
        await asyncio.sleep(0)
        assert not room.done()
        reader.take()
        await room
        waiting = asyncio.create_task(reader.wait())
        await asyncio.sleep(0)
        reader.fail("broken")
        await waiting
        assert last_error(reader)["code"] == "INTERNAL_ERROR"

    asyncio.run(main())


def test_an_error_frame_has_its_place_to_go_on_only_when_there_is_one() -> None:
    plain = json.loads(error_frame("X", "why")[2:])
    assert plain == {"error": {"code": "X", "message": "why"}}
    assert json.loads(error_frame("X", "why", 3)[2:])["error"]["resume_from"] == 3
