"""What the parts of an actor leave to the whole: hooks that somebody must fill."""

from __future__ import annotations

__all__ = ["hooks_left", "hooks_of"]


def hooks_of(whole: type) -> set[str]:
    """Names that one of its parts only declares, by raising NotImplementedError."""
    return {name for part in whole.__mro__ for name in vars(part) if declares(part, name)}


def hooks_left(whole: type) -> set[str]:
    """Those that nobody filled: calling one would raise."""
    owners = {
        name: next(part for part in whole.__mro__ if name in vars(part)) for name in hooks_of(whole)
    }
    return {name for name, owner in owners.items() if declares(owner, name)}


def declares(part: type, name: str) -> bool:
    code = getattr(vars(part)[name], "__code__", None)
    return code is not None and code.co_names == ("NotImplementedError",)
