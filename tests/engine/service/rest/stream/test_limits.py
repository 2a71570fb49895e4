"""The bounds are bounds: finite, positive, and large enough for the largest frame."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.rest.stream.limits import StreamLimits


def test_every_bound_is_finite_and_positive() -> None:
    values = msgspec.structs.asdict(StreamLimits())
    assert all(0 < value < 2**32 for value in values.values())


def test_a_frame_and_an_ack_fit_the_backlog() -> None:
    limits = StreamLimits()
    assert limits.frame_bytes * 4 < limits.backlog_bytes
    assert limits.portion * 8 < limits.backlog_entries


def test_bounds_do_not_change_while_they_are_kept() -> None:
    with pytest.raises(AttributeError):
        StreamLimits().readers = 2  # type: ignore[misc]  # the test is that it is frozen
