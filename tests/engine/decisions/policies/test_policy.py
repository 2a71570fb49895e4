"""Actions and views are values: equal by content, and immutable."""

from __future__ import annotations

import pytest

from engine.decisions.policies.policy import Route, Stop, Wake, Watch
from engine.errors import Reason
from engine.model.orders import TimeInForce
from tests.support.policy_views import view_at


def test_actions_compare_by_content() -> None:
    assert Route(1, TimeInForce.IOC, rest=False) == Route(1, TimeInForce.IOC, rest=False)
    assert Route(1, TimeInForce.IOC, rest=False) != Route(1, TimeInForce.IOC, rest=True)
    assert Watch() == Watch()
    assert Stop(Reason.EXPIRED) != Stop(Reason.CANCELLED)


def test_values_cannot_be_changed() -> None:
    view = view_at(1, 2)
    with pytest.raises(AttributeError):
        view.now_ns = 2  # type: ignore[misc]  # the assignment is the point
    with pytest.raises(AttributeError):
        Wake(1).at_ns = 2  # type: ignore[misc]  # the assignment is the point
