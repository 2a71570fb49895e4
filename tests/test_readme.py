"""What the README shows can be done: its programs run, its commands, doors and verbs exist."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from engine import Intelligence
from engine.client import Client
from engine.service.cli.main import COMMANDS
from engine.service.rest.door import Door
from engine.service.rest.routes import Routes
from engine.service.rest.table import all_doors

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
PROGRAMS = [text for text in BLOCKS if "async def main" in text]


@pytest.mark.parametrize("text", PROGRAMS, ids=[f"program{i}" for i in range(len(PROGRAMS))])
def test_a_whole_program_runs(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(text, "README.md", "exec"), {"__name__": "__main__"})
    said = capsys.readouterr().out
    assert said.strip() and "None" not in said.splitlines()[0]


def test_programs_and_parts_are_python() -> None:
    assert len(PROGRAMS) == 2 and len(BLOCKS) > len(PROGRAMS)
    for text in BLOCKS:
        compile(text, "README.md", "exec")


def test_every_command_stands_in_the_table_and_no_other() -> None:
    named = re.findall(r"^\| `execgraph ([a-z]+)[^`]*` \|", README, re.MULTILINE)
    assert set(named) == set(COMMANDS)
    assert set(re.findall(r"`execgraph ([a-z]+)", README)) <= set(COMMANDS)


def test_every_door_that_is_named_exists_with_its_parameters() -> None:
    routes = Routes(all_doors())
    named = re.findall(r"`(GET|POST|PATCH|DELETE)\s+(/v1/[^`\s]*)", README)
    assert len(named) >= 10
    for method, target in named:
        path, _, query = target.partition("?")
        door = routes.find(method, re.sub(r"\{\w+\}", "x", path))[0]
        assert isinstance(door, Door), f"{method} {path}"
        asked = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
        assert asked <= set(getattr(door.query_type, "__struct_fields__", ())), target


def test_every_verb_that_is_named_exists() -> None:
    verbs = set(re.findall(r"\bdesk\.(?!py\b)(\w+)", README))
    assert {"forecast", "simulate_runs", "review", "ab_report"} <= verbs
    assert all(callable(getattr(Client, verb, None)) for verb in verbs)
    asked = set(re.findall(r"\bintelligence\.(\w+)\(", README))
    assert asked and all(callable(getattr(Intelligence, name, None)) for name in asked)
