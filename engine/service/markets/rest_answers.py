"""Reading what public REST endpoints of venues answer: items of a list, numbers of any spelling."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import msgspec

from engine.service.api_error import ApiError, ErrorCode

__all__ = ["Fetch", "number", "read_items", "unreadable"]

Fetch = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""GET of a URL with query parameters; ApiError SERVICE_UNAVAILABLE when there is no answer."""

T = TypeVar("T")

log = logging.getLogger("execgraph.markets")


def read_items(raw: list[msgspec.Raw], kind: type[T], venue: str) -> list[T]:
    """The items of a list. One that is no such item is left out, with a line in the log: a venue
    that adds a strange market must not hide all others."""
    items: list[T] = []
    for one in raw:
        try:
            items.append(msgspec.json.decode(one, type=kind, strict=False))
        except msgspec.DecodeError as error:
            log.warning("a market of %s cannot be read and is left out: %s", venue, error)
    return items


def number(value: str | float | None) -> float | None:
    """A display number, None for what is absent or none."""
    if value is None:
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def unreadable(venue: str) -> ApiError:
    """What is said when the catalogue's answer makes no sense."""
    text = f"the catalogue of {venue} answered what cannot be read; try again"
    return ApiError(ErrorCode.SERVICE_UNAVAILABLE, text, retryable=True)
