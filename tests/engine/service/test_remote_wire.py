"""Frames survive any cut of the bytes, and nonsense is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.service.remote_wire import FrameBuffer, FrameKind, frame_bytes, tcp_address

FRAMES = st.lists(st.tuples(st.sampled_from(FrameKind), st.binary(max_size=40)), max_size=8)


@given(frames=FRAMES, size=st.integers(1, 60))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    frames: list[tuple[FrameKind, bytes]], size: int
) -> None:
    data = b"".join(frame_bytes(kind, payload) for kind, payload in frames)
    buffer, found = FrameBuffer(), []
    for at in range(0, len(data), size):
        found += buffer.feed(data[at : at + size])
    assert found == frames


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"GET / HTTP/1.1"])
def test_a_length_that_cannot_be_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError, match="cannot be"):
        FrameBuffer().feed(data)


def test_an_address_is_a_path_or_a_host_with_a_port() -> None:
    assert tcp_address("127.0.0.1:9000") == ("127.0.0.1", 9000)
    assert tcp_address("folder/exchange") is None
    assert tcp_address("folder:1/x:7") is None
