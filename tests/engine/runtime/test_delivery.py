"""Delivery classes: cheap, frozen, and three."""

from __future__ import annotations

import gc

import pytest

from engine.runtime.delivery import Command, Event, Message, Signal
from tests.support.runtime_actors import Do, Happened, Newest


def test_each_class_is_a_message_and_none_is_another() -> None:
    classes = (Command, Event, Signal)
    for one in classes:
        assert issubclass(one, Message)
        assert not any(issubclass(one, other) for other in classes if other is not one)


@pytest.mark.parametrize("kind", [Do, Happened, Newest])
def test_messages_are_frozen_and_not_tracked(kind: type[Do]) -> None:
    message = kind(3)
    with pytest.raises(AttributeError):
        message.number = 4  # type: ignore[misc]  # that it cannot be is the point
    assert not gc.is_tracked(message)
