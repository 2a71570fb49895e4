"""Narrow mailboxes refuse commands; widened ones take them again."""

from __future__ import annotations

from engine.messages import LinkUp
from engine.runtime.delivery import Command
from engine.service.simulation.mailboxes import narrow, widen
from tests.support.probe import Stage


class Wish(Command, frozen=True, gc=False):
    """Any command."""

    number: int


def test_a_narrow_mailbox_refuses_commands_and_takes_events() -> None:
    stage = Stage()
    ref = stage.probe("one")
    narrow(stage.system, ref, 1)
    assert ref.tell(Wish(1))
    assert not ref.tell(Wish(2))
    assert ref.tell(LinkUp())
    widen(stage.system, ref)
    assert ref.tell(Wish(3))
    stage.run()
    assert [one.number for one in stage.take(ref, Wish)] == [1, 3]


def test_a_halted_system_stays_closed() -> None:
    stage = Stage()
    ref = stage.probe("one")
    narrow(stage.system, ref, 1)
    stage.system.halt("a test")
    widen(stage.system, ref)
    assert not ref.tell(Wish(1))
