"""The exception tree and the reason codes are what callers program against."""

from __future__ import annotations

import inspect

import pytest

from engine import errors
from engine.errors import AskTimeout, DecodeError, EngineError, GraphError, LinkError, Reason

KINDS = [
    kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_in_the_tree_of_the_docstring(kind: type[Exception]) -> None:
    assert issubclass(kind, EngineError)
    assert kind.__name__ in (errors.__doc__ or "")


def test_what_may_be_tried_again() -> None:
    assert LinkError.retryable and AskTimeout.retryable
    assert not DecodeError.retryable and not GraphError.retryable


def test_a_graph_error_carries_every_fault() -> None:
    error = GraphError("two faults", [("a", "one"), ("b", "two")])
    assert error.details == (("a", "one"), ("b", "two"))


def test_reasons_are_stable_words_and_none_is_false() -> None:
    assert not Reason.NONE
    assert Reason("KILL_SWITCH") is Reason.KILL_SWITCH
    assert len({reason.value for reason in Reason}) == len(Reason)
