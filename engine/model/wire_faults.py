"""Everything that is wrong with a document's words, at once, each fault with its path.

The decoder stops at the first fault; this walk is for the answer to whoever has to mend it.
"""

from __future__ import annotations

import enum
import re
import types
import typing
from collections.abc import Iterator
from typing import Any, Final

import msgspec

__all__ = ["choices_at", "fields_at", "wire_faults"]

FAULTS_MAX = 100
# A step of a path: a field's name, or an index in brackets.
STEP: Final = re.compile(r"([^.\[\]]+)|\[[^\]]*\]")
Fault = tuple[str, str]


def wire_faults(document: object, kind: type[msgspec.Struct]) -> list[Fault]:
    """Faults of an untyped `document` as (path, sentence), at most 100; empty when it fits."""
    found = []
    for fault in _faults(document, kind, ""):
        found.append(fault)
        if len(found) == FAULTS_MAX:
            break
    return found


def choices_at(kind: Any, path: str) -> str:
    """The words that may stand at `path` of a `kind` (`nodes[0].side`), in one line; else empty."""
    found = (_words_of(one) for one in _at(kind, path))
    return next((words for words in found if words), "")


def fields_at(kind: Any, path: str) -> str:
    """The fields that an object at `path` of a `kind` may have, in one line; else empty."""
    found = (_struct_of(one) for one in _at(kind, path))
    return next((", ".join(one.__struct_encode_fields__) for one in found if one is not None), "")


def _at(kind: Any, path: str) -> list[Any]:
    """The types that stand at a path: several where a union stands on the way."""
    here = [kind]
    for step in STEP.finditer(path):
        here = [inner for one in here for inner in _inside(one, step.group(1))]
    return here


def _inside(kind: Any, name: str | None) -> Iterator[Any]:
    """What stands in a `kind` under a field's name, or under an index where that is None."""
    for one in _options(kind):
        if name is None:
            yield from typing.get_args(one)[-1 if typing.get_origin(one) is dict else 0 :][:1]
        elif isinstance(one, type) and issubclass(one, msgspec.Struct):
            fields = dict(zip(one.__struct_encode_fields__, one.__struct_fields__, strict=True))
            if name in fields:
                yield typing.get_type_hints(one)[fields[name]]


def _options(kind: Any) -> tuple[Any, ...]:
    """The parts of a union; a type alone is its own."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return typing.get_args(kind)
    return (kind,)


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
    for one in _options(kind):
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
