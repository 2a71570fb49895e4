"""The page needs nothing from elsewhere, and nothing that it shows can run."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from typing import Any

from engine.service.access.scopes import Scope
from engine.service.rest.call import Call
from engine.service.rest.docs_page import docs_html, documentation_doors
from engine.service.rest.door import Door, Reply


async def nothing(call: Call, query: None, body: None) -> None:
    """Do nothing."""


DOORS = (Door("POST", "/v1/nothing/{id}", Scope.TRADE, nothing),)


def reply(door: Door) -> Reply:
    found: Any = asyncio.run(door.handler(None, None, None))  # type: ignore[arg-type]  # awaitable
    assert isinstance(found, Reply)
    return found


def test_only_its_own_script_and_style_are_allowed() -> None:
    page = docs_html().decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    for tag in ("script", "style"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_it_loads_nothing_from_elsewhere() -> None:
    page = docs_html().decode()
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", page)
    assert "://" not in page
    assert not re.findall(r"innerHTML|outerHTML|document\.write|eval\(|localStorage|\son\w+=", page)


def test_fields_are_shown_with_what_the_document_says_of_them() -> None:
    # Parameters beside their input, fields of bodies and answers above their line.
    shown = re.findall(r"(one|inner)\.description \?", docs_html().decode())
    assert set(shown) == {"one", "inner"}


def test_the_doors_serve_document_and_page() -> None:
    openapi, page = documentation_doors(DOORS, "7")
    assert (openapi.path, page.path) == ("/openapi.json", "/docs")
    assert openapi.scope is None and page.scope is None
    document = json.loads(reply(openapi).body)
    assert document["info"]["version"] == "7"
    assert set(document["paths"]) == {"/v1/nothing/{id}", "/openapi.json", "/docs"}
    assert reply(page).content_type.startswith("text/html")
    assert reply(page).body == docs_html()
