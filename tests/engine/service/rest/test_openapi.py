"""The document is valid, complete, and generated: every door stands in it as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from engine.service.rest.door import path_names
from engine.service.rest.openapi import openapi_document
from engine.service.rest.openapi_words import UNITS, WORDS
from engine.service.rest.table import all_doors


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(msgspec.json.encode(openapi_document(all_doors(), "1.2")))
    return found


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1") and document["info"]["version"] == "1.2"


def test_every_door_is_one_operation(document: dict[str, Any]) -> None:
    operations = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {(door.method, door.path) for door in all_doors()}
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    for door in all_doors():
        operation = operations[door.method, door.path]
        assert operation["operationId"].startswith(door.name)
        assert operation["summary"] == door.summary
        assert str(door.status) in operation["responses"]
        assert operation["security"] == ([{"api_key": [door.scope.value]}] if door.scope else [])
        assert ("401" in operation["responses"]) is (door.scope is not None)


def test_parameters_and_bodies_are_those_of_the_types(document: dict[str, Any]) -> None:
    for door in all_doors():
        operation = document["paths"][door.path][door.method.lower()]
        named = [one for one in operation["parameters"] if "name" in one]
        in_path = [one["name"] for one in named if one["in"] == "path"]
        assert in_path == path_names(door.path)
        if isinstance(door.query_type, type) and issubclass(door.query_type, msgspec.Struct):
            in_query = [one["name"] for one in named if one["in"] == "query"]
            assert in_query == list(door.query_type.__struct_fields__)
        refs = [one["$ref"].rpartition("/")[2] for one in operation["parameters"] if "$ref" in one]
        assert refs[0] == "RequestId"
        assert ("IdempotencyKey" in refs) is (door.writes and door.scope is not None)
        body = operation.get("requestBody")
        assert (body is not None) is (door.writes and door.body_type is not None)
        if body is not None:
            assert body["required"] is not door.body_optional


def test_refusals_are_the_envelope(document: dict[str, Any]) -> None:
    responses = document["components"]["responses"]
    for response in responses.values():
        schema = response["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorEnvelope"}
    assert "Retry-After" in responses["RATE_LIMITED"]["headers"]
    orders = document["paths"]["/v1/orders"]["post"]["responses"]
    assert orders["409"] == {"$ref": "#/components/responses/CONFLICT"}
    assert {"400", "401", "403", "413", "415", "422", "429", "500", "503"} <= set(orders)


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                place: Any = document
                for name in part["$ref"].removeprefix("#/").split("/"):
                    place = place[name]
            for one in part.values():
                walk(one)
        elif isinstance(part, list):
            for one in part:
                walk(one)

    walk(document)


EXECUTION = ("/v1/execution/", "/v1/analytics/")
# Costs, slippage, markouts, errors: which way is good must be said, or that there is but one way.
SIGNED = re.compile(r"_(bps|cents)$")
SIGN = re.compile(r"\+ (is|means)|never negative|below 0")


def told_fields(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(component, field, schema) of all that the answers of execution intelligence hold."""
    schemas = document["components"]["schemas"]
    ahead: list[Any] = [
        operation["responses"]["200"]["content"]
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if path.startswith(EXECUTION)
    ]
    seen: set[str] = set()
    while ahead:
        part = ahead.pop()
        if isinstance(part, list):
            ahead += part
        elif isinstance(part, dict):
            name = part.get("$ref", "").rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                ahead.append(schemas[name])
                for field, schema in schemas[name].get("properties", {}).items():
                    yield name, field, schema
            ahead += part.values()


def test_every_parameter_of_execution_intelligence_is_told(document: dict[str, Any]) -> None:
    silent = [
        f"{path} {one['name']}"
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for one in operation["parameters"]
        if path.startswith((*EXECUTION, "/v1/tca")) and not one.get("description", "$ref" in one)
    ]
    assert not silent, silent


def test_every_field_of_its_answers_is_told_with_unit_and_sign(document: dict[str, Any]) -> None:
    fields = list(told_fields(document))
    assert len({name for name, _, _ in fields}) > 40 and len(fields) > 300
    silent = [f"{name}.{field}" for name, field, one in fields if not one.get("description")]
    assert not silent, f"say in the docstring of its struct what it is: {silent}"
    for name, field, one in fields:
        about = one["description"]
        unit = next((said for end, said, _ in UNITS if field.endswith(end)), "")
        assert unit in re.sub(r"`[^`]*`", "", about), f"{name}.{field}: no unit in {about!r}"
        if SIGNED.search(field) and "$ref" not in str(one):
            assert SIGN.search(about), f"{name}.{field}: no sign in {about!r}"


def test_the_words_are_those_of_the_document(document: dict[str, Any]) -> None:
    names = {
        field
        for schema in document["components"]["schemas"].values()
        for field in schema.get("properties", {})
    }
    names |= {
        one.get("name", "")
        for methods in document["paths"].values()
        for operation in methods.values()
        for one in operation["parameters"]
    }
    assert set(WORDS) <= names
