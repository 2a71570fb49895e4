"""Client frames are read strictly; server frames are framed as the RFC has it."""

from __future__ import annotations

import json

import pytest
from msgspec import UNSET

from engine.service.api_error import ApiError
from engine.service.rest.stream.frames import Ack, encoded, event, framed, read


def unframed(raw: bytes) -> bytes:
    """The slow twin, from RFC 6455: final text frame, no mask, three forms of the length."""
    assert raw[0] == 0b1000_0001
    length, at = raw[1], 2
    assert length < 128, "a server does not mask"
    if length >= 126:
        size = 2 if length == 126 else 8
        length = sum(byte << 8 * place for place, byte in enumerate(reversed(raw[2 : 2 + size])))
        at += size
    assert len(raw) == at + length
    return raw[at:]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_frame_is_what_the_rfc_has_it(length: int) -> None:
    payload = bytes(place % 251 for place in range(length))
    assert unframed(framed(payload)) == payload


def test_an_event_names_its_channel_and_sequence() -> None:
    plain = event('prices:"x"', b'{"bid":1.5}')
    assert json.loads(plain[2:]) == {"channel": 'prices:"x"', "data": {"bid": 1.5}}
    assert json.loads(event("fills", b"{}", 7)[2:]) == {"channel": "fills", "data": {}, "seq": 7}


def test_a_client_frame_is_read() -> None:
    frame = read('{"subscribe":["orders"],"resume_from":4}')
    assert frame.subscribe == ["orders"]
    assert frame.resume_from == 4
    assert frame.unsubscribe is UNSET


@pytest.mark.parametrize("text", ["", "7", '{"x":1}', "{}", '{"resume_from":-1}', "[" * 9_000])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        read(text)


def test_an_ack_has_the_published_keys_and_no_empty_extras() -> None:
    ack = Ack(subscribed=["a"], rejected=["b"], reasons={"b": "why"})
    expected = {"subscribed": ["a"], "rejected": ["b"], "reasons": {"b": "why"}}
    assert json.loads(encoded(ack)) == expected
