"""Integers beyond 2^53 as strings, for readers whose numbers are floats."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["SAFE_MAX", "wants_strings", "with_strings"]

SAFE_MAX = 2**53


def wants_strings(accept: str) -> bool:
    """Whether an Accept header asks for it: `application/json;int64=string`."""
    return "int64=string" in accept.replace(" ", "")


def with_strings(answer: Any) -> Any:
    """The answer as plain values, each integer beyond 2^53 in size as decimal text."""
    return _strings(msgspec.to_builtins(answer))


def _strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strings(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_strings(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE_MAX:
        return str(value)
    return value
