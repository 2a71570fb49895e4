"""Everything that is wrong with a document's words, at once, each fault with its path.

The decoder stops at the first fault; this walk is for the answer to whoever has to mend it.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

__all__ = ["wire_faults"]

FAULTS_MAX = 100
Fault = tuple[str, str]


def wire_faults(document: object, kind: type[msgspec.Struct]) -> list[Fault]:
    """Faults of an untyped `document` as (path, sentence), at most 100; empty when it fits."""
    found = []
    for fault in _faults(document, kind, ""):
        found.append(fault)
        if len(found) == FAULTS_MAX:
            break
    return found


def _faults(value: object, kind: Any, path: str) -> Iterator[Fault]:
    struct = _struct_of(kind)
    if struct is not None and isinstance(value, dict):
        yield from _of_struct(value, struct, path)
        return
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        item = typing.get_args(kind)[0]
        for index, one in enumerate(value):
            yield from _faults(one, item, f"{path}[{index}]")
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        sentence = str(error).partition(" - at `")[0]
        words = _words_of(kind) if sentence.startswith("Invalid enum value") else ""
        yield path, sentence + (f"; known are {words}" if words else "")


def _of_struct(value: dict[Any, Any], struct: type[msgspec.Struct], path: str) -> Iterator[Fault]:
    hints = typing.get_type_hints(struct)
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    for name in value:
        if name not in fields:
            known = ", ".join(fields)
            yield _join(path, name), f"unknown field; known are {known}"
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], hints[name], _join(path, name))
        elif field.required:
            yield _join(path, name), "is missing"


def _struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """The struct that an object would be read as, in a union the one that it has."""
    options = (kind,)
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        options = typing.get_args(kind)
    for one in options:
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _words_of(kind: Any) -> str:
    """The words of an enumeration, alone or in a union."""
    for one in (kind, *typing.get_args(kind)):
        if isinstance(one, type) and issubclass(one, enum.Enum):
            return ", ".join(str(member.value) for member in one)
        if typing.get_origin(one) is typing.Literal:
            return ", ".join(str(word) for word in typing.get_args(one))
    return ""


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)
