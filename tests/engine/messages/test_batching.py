"""Messages of the batching file: each has one delivery class, is frozen and untracked."""

from __future__ import annotations

import msgspec
import pytest

import engine.messages.batching as messages
from engine.runtime.delivery import Command, Event, Signal

CLASSES = [
    value
    for value in vars(messages).values()
    if isinstance(value, type)
    and issubclass(value, Command | Event | Signal)
    and value.__module__ == messages.__name__
]


def test_there_are_messages() -> None:
    assert len(CLASSES) >= 3
    assert {kind.__name__ for kind in CLASSES} <= set(messages.__all__)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_has_one_delivery_class_and_cannot_change(kind: type[msgspec.Struct]) -> None:
    assert sum(issubclass(kind, base) for base in (Command, Event, Signal)) == 1
    assert kind.__struct_config__.frozen
    assert not kind.__struct_config__.gc
    assert kind.__doc__
