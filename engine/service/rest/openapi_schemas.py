"""JSON schemas of the wire's structs for OpenAPI 3.1, taken from the types and never by hand.

What a field means comes from where its struct says it; see `openapi_words`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from engine.service.rest.openapi_words import about_field

__all__ = ["REF", "Schema", "parameters_of", "schemas_of"]

Schema = dict[str, Any]
REF: Final = "#/components/schemas/{name}"
UNITS: Final = ("_1e8", "_1e9", "_ns", "_ms")
INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1


def schemas_of(types: Iterable[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """A schema for each type, in order, and the components that they refer to.

    A union of structs, which bodies may be told apart by, becomes `anyOf`.
    """
    kinds = list(types)
    flat: list[Any] = []
    for kind in kinds:
        flat.extend(_choices(kind))
    found, components = msgspec.json.schema_components(flat, ref_template=REF)
    rest = iter(found)
    schemas: list[Schema] = []
    for kind in kinds:
        parts = [_told(next(rest), "") for _ in _choices(kind)]
        schemas.append(parts[0] if len(parts) == 1 else {"anyOf": parts})
    kept = _structs_of(flat)
    return schemas, {
        name: _with_words(_told(schema, ""), kept.get(name)) for name, schema in components.items()
    }


def parameters_of(query: Any) -> list[Schema]:
    """The query parameters of a struct, in its own order; a null default is simply left out."""
    if query is None:
        return []
    (schema,), components = msgspec.json.schema_components([query], ref_template=REF)
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    found: list[Schema] = []
    for name, one in schema.get("properties", {}).items():
        told = _without_null(_inlined(_told(one, name), components))
        about = told.pop("description", None) or about_field(query, name)
        parameter: Schema = {"name": name, "in": "query", "required": name in required}
        found.append(parameter | ({"description": about} if about else {}) | {"schema": told})
    return found


def _structs_of(types: list[Any]) -> dict[str, type[msgspec.Struct]]:
    """The structs behind component names: their own, and the full one that tells two apart."""
    found: dict[str, type[msgspec.Struct]] = {}
    ahead = list(msgspec.inspect.multi_type_info(types))
    seen: set[type[msgspec.Struct]] = set()
    while ahead:
        one = ahead.pop()
        if isinstance(one, msgspec.inspect.StructType):
            if one.cls in seen:
                continue
            seen.add(one.cls)
            found[one.cls.__name__] = found[f"{one.cls.__module__}.{one.cls.__qualname__}"] = (
                one.cls
            )
            ahead += [field.type for field in one.fields]
        for name in ("types", "item_types"):
            ahead += getattr(one, name, ())
        for name in ("item_type", "key_type", "value_type", "type"):
            inner = getattr(one, name, None)
            ahead += [] if inner is None else [inner]
    return found


def _with_words(schema: Schema, kind: type[msgspec.Struct] | None) -> Schema:
    """The schema of a struct with what its fields mean, where the struct or its name says so."""
    if kind is None:
        return schema
    fields = dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
    told = dict(schema)
    if kind.__doc__:
        told["description"] = inspect.cleandoc(kind.__doc__)
    if "properties" in schema:
        told["properties"] = {
            name: {"description": about, **one}
            if (about := about_field(kind, fields[name]))
            else one
            for name, one in schema["properties"].items()
        }
    return told


def _choices(kind: Any) -> tuple[Any, ...]:
    """The parts of a union of several structs, which have no schema together; else the type."""
    if get_origin(kind) in (Union, UnionType):
        parts = get_args(kind)
        structs = [one for one in parts if isinstance(one, type) and _is_untagged(one)]
        if len(structs) > 1:
            return parts
    return (kind,)


def _is_untagged(kind: type) -> bool:
    return issubclass(kind, msgspec.Struct) and kind.__struct_config__.tag is None


def _told(schema: Any, name: str) -> Any:
    """The schema with what the types cannot say: 64-bit integers, and decimals as numbers too."""
    if isinstance(schema, list):
        return [_told(one, name) for one in schema]
    if not isinstance(schema, dict):
        return schema
    told: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            told[key] = {field: _told(one, field) for field, one in value.items()}
        elif key in ("default", "enum", "const", "examples", "required"):
            told[key] = value
        else:
            told[key] = _told(value, name)
    if told.get("type") == "integer" and name.endswith(UNITS):
        told |= {"format": "int64"}
        told.setdefault("minimum", INT64_MIN)
        told.setdefault("maximum", INT64_MAX)
    if told.get("format") == "decimal":
        # Text or a JSON number is read exactly; text is what is written.
        told["type"] = ["string", "number"]
    return told


def _inlined(schema: Schema, components: dict[str, Schema]) -> Schema:
    """The schema with references resolved: parameters hold enums at most."""
    if "$ref" in schema:
        target = _told(components[schema["$ref"].rpartition("/")[2]], "")
        return {**target, **{key: one for key, one in schema.items() if key != "$ref"}}
    if "anyOf" in schema:
        return {**schema, "anyOf": [_inlined(one, components) for one in schema["anyOf"]]}
    return schema


def _without_null(schema: Schema) -> Schema:
    """A query string has no null: the parameter is left out instead."""
    kept = dict(schema)
    if kept.get("default", 0) is None:
        del kept["default"]
    if "anyOf" in kept:
        rest = [one for one in kept["anyOf"] if one.get("type") != "null"]
        if len(rest) == 1:
            del kept["anyOf"]
            return {**rest[0], **kept}
        kept["anyOf"] = rest
    return kept
