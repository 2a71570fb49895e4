"""Frames of amendments on the wire."""

from __future__ import annotations

import msgspec

from venues.simulated.amend_frames import Amend, Amended, AmendReject
from venues.simulated.protocol import decode_request, encode


def test_a_request_names_its_kind_first_and_comes_back_whole() -> None:
    request = Amend(id="a", rev=2, qty="1.5", px="0.07", sent=9)
    payload = encode(request)
    assert payload.startswith(b'{"op":"amend"')
    assert decode_request(payload) == request


def test_answers_leave_out_what_is_not_known() -> None:
    refused = AmendReject(id="a", rev=1, code="X", text="no", ts=3)
    assert set(msgspec.json.decode(encode(refused))) == {"ev", "id", "rev", "code", "text", "ts"}
    taken = Amended(id="a", vid="v", rev=1, qty="2", px="3", cum="0", ts=4)
    assert msgspec.json.decode(encode(taken))["ev"] == "amended"
