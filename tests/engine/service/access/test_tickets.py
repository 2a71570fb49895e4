"""Stream tickets: once, soon, by a key that still holds, and not too many."""

from __future__ import annotations

import pytest

from engine.service.access import tickets as module
from engine.service.access.scopes import Scope
from engine.service.access.tickets import TICKET_MS, Tickets
from engine.service.api_error import ApiError, ErrorCode
from tests.support.access import HandClock, caller

READER = caller(Scope.READ)


def test_it_opens_once() -> None:
    tickets = Tickets(now_ns=HandClock())
    ticket = tickets.issue(READER)
    assert ticket.startswith("wst_") and len(ticket) == 68
    assert tickets.redeem(ticket) is READER
    assert tickets.redeem(ticket) is None
    assert len(tickets) == 0


def test_two_are_two() -> None:
    tickets = Tickets(now_ns=HandClock())
    first, second = tickets.issue(READER), tickets.issue(caller(Scope.READ, key_id="key_2"))
    assert first != second
    found = tickets.redeem(second)
    assert found is not None and found.key_id == "key_2"
    assert tickets.redeem(first) is READER


@pytest.mark.parametrize("text", ["", "wst_", "wst_" + "0" * 64, "key", "\ud800"])
def test_others_open_nothing(text: str) -> None:
    tickets = Tickets(now_ns=HandClock())
    tickets.issue(READER)
    assert tickets.redeem(text) is None


def test_it_lasts_thirty_seconds() -> None:
    assert TICKET_MS == 30_000
    clock = HandClock()
    tickets = Tickets(now_ns=clock)
    first, second = tickets.issue(READER), tickets.issue(READER)
    clock.move(29.999)
    assert tickets.redeem(first) is READER
    clock.move(0.001)
    assert tickets.redeem(second) is None


def test_expired_ones_make_room() -> None:
    clock = HandClock()
    tickets = Tickets(now_ns=clock)
    for number in range(100):
        tickets.issue(caller(Scope.READ, key_id=f"key_{number}"))
    clock.move(31)
    tickets.issue(READER)
    assert len(tickets) == 1


def test_a_key_that_ended_meanwhile_opens_nothing() -> None:
    ended: set[str] = set()
    tickets = Tickets(lambda key_id: key_id not in ended, HandClock())
    ticket, other = tickets.issue(READER), tickets.issue(READER)
    assert tickets.redeem(ticket) is READER
    ended.add("key_1")
    assert tickets.redeem(other) is None


def test_a_keys_oldest_makes_room_for_its_newest() -> None:
    tickets = Tickets(now_ns=HandClock())
    neighbour = tickets.issue(caller(Scope.READ, key_id="key_2"))
    mine = [tickets.issue(READER) for _ in range(66)]
    assert len(tickets) == 65
    assert [tickets.redeem(each) for each in mine[:3]] == [None, None, READER]
    assert tickets.redeem(neighbour) is not None


def test_there_are_not_too_many_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICKETS_MAX", 2)
    tickets = Tickets(now_ns=HandClock())
    for number in range(2):
        tickets.issue(caller(Scope.READ, key_id=f"key_{number}"))
    with pytest.raises(ApiError, match="too many stream tickets") as caught:
        tickets.issue(READER)
    assert caught.value.code is ErrorCode.RATE_LIMITED
