"""The stated bounds stand in a sane order."""

from __future__ import annotations

from engine.model import intake
from engine.service.rest import limits


def test_a_body_is_bounded_as_the_library_bounds_a_document() -> None:
    assert limits.BODY_BYTES_MAX == intake.BODY_BYTES_MAX
    assert limits.HEADER_S < limits.KEEPALIVE_S
