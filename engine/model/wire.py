"""The base of every struct that comes from outside: strict and immutable."""

from __future__ import annotations

import msgspec

__all__ = ["Wire"]


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of wire structs: an unknown field is an error with its path.

    `kw_only` is not inherited, so each subclass says it again, and `frozen` for type checkers.
    """
