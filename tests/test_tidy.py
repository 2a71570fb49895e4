"""The architect: holds every file of the tree to the rules of the house.

Each rule is also shown failing on a sample of its own, so that a rule which has gone blind is
noticed, and passing on the sample's honest twin.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.service.config import EngineConfig, load_config
from tests.support.tidy import RULES
from tests.support.tidy_imports import only_declared_libraries
from tests.support.tidy_shape import LINE_MAX, no_machine_paths, tests_mirror
from tests.support.tidy_source import TREES, Source, read_tree

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {".md", ".py", ".toml", ".typed", ""}


class Sample(NamedTuple):
    """Code that a rule must object to, and the same thing done right."""

    rule: str
    path: str
    bad: str
    good: str


SAMPLES = (
    Sample(
        "layers",
        "engine/model/orders.py",
        "from engine.messages import Record",
        "from engine.model.units import Side",
    ),
    Sample(
        "layers",
        "engine/kernels/sweep.py",
        "import engine.model.units",
        "import engine.kernels.layout",
    ),
    Sample(
        "layers",
        "engine/decisions/risk.py",
        "from engine.messages import Record",
        "from engine.model.orders import Grant",
    ),
    Sample(
        "layers",
        "engine/store/journal.py",
        "from engine.decisions.risk import RiskLedger",
        "from engine.model.records import JournalEntry",
    ),
    Sample(
        "layers",
        "actors/book.py",
        "from venues.registry import VENUES",
        "from engine.decisions.market import BookSlot",
    ),
    Sample(
        "layers",
        "venues/simulated/exchange.py",
        "from engine.decisions.risk import RiskLedger",
        "from engine.decisions.matching import Matching",
    ),
    Sample(
        "layers",
        "venues/simulated/exchange.py",
        "from engine.decisions import risk",
        "from engine.decisions import matching",
    ),
    Sample("layers", "actors/node.py", "import engine.service.wiring", "import engine.ports"),
    Sample("layers", "engine/ports.py", "import actors.node", "import engine.messages"),
    Sample(
        "layers",
        "engine/__init__.py",
        "from engine.service.facade import ExecutionEngine",
        "def __getattr__(name):\n    from engine.service.facade import ExecutionEngine",
    ),
    Sample("layers", "engine/service/wiring.py", "import tests.support", "import actors.node"),
    Sample(
        "actors_know_no_actors",
        "actors/node.py",
        "from actors.graph import GraphActor",
        "from engine.messages import NodeEnded",
    ),
    Sample(
        "libraries_in_their_place",
        "engine/model/units.py",
        "import numpy as np",
        "import msgspec\nfrom decimal import Decimal",
    ),
    Sample(
        "libraries_in_their_place",
        "engine/runtime/system.py",
        "import asyncio",
        "from collections import deque",
    ),
    Sample(
        "libraries_in_their_place",
        "engine/service/wiring.py",
        "from aiohttp import web",
        "import asyncio",
    ),
    Sample("libraries_in_their_place", "actors/journal.py", "import sqlite3", "import msgspec"),
    Sample("libraries_in_their_place", "venues/replay/lines.py", "import threading", "import gzip"),
    Sample("libraries_in_their_place", "engine/store/queries.py", "import rich", "import sqlite3"),
    Sample(
        "no_relative_imports",
        "actors/node.py",
        "from .graph import GraphActor",
        "from engine import errors",
    ),
    Sample(
        "imports_stand_on_top",
        "actors/node.py",
        "def f():\n    import math",
        "import math\ndef f():\n    return math.pi",
    ),
    Sample(
        "deterministic_calls",
        "actors/node.py",
        "import time\ndef f():\n    return time.monotonic_ns()",
        "def f(now_ns):\n    return now_ns",
    ),
    Sample(
        "deterministic_calls",
        "engine/decisions/risk.py",
        "from time import time_ns as now\nx = now()",
        "def f(now):\n    return now()",
    ),
    Sample(
        "deterministic_calls",
        "venues/simulated/order_flow.py",
        "import random\nx = random.Random(7)",
        "import random\nx = random.Random(7)  # sim-ok: seeded\ny: random.Random = x",
    ),
    Sample(
        "deterministic_calls",
        "venues/simulated/order_flow.py",
        "import random\nx = random.Random(7)  # sim-ok:",
        "def f(generator):\n    return generator.random()",
    ),
    Sample(
        "deterministic_calls",
        "engine/model/graph.py",
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import datetime\nx = datetime(2024, 8, 8)",
    ),
    Sample(
        "deterministic_calls",
        "engine/model/graph.py",
        "import uuid\nx = uuid.uuid4()",
        "def name(number):\n    return f'g-{number}'",
    ),
    Sample(
        "deterministic_calls",
        "actors/registry.py",
        "def f(a):\n    return id(a)",
        "def f(a):\n    return a.id",
    ),
    Sample(
        "no_set_iteration",
        "actors/node.py",
        "def f(waiting: set[int]):\n    for one in waiting:\n        one",
        "def f(waiting: set[int]):\n    for one in sorted(waiting):\n        one",
    ),
    Sample(
        "no_set_iteration",
        "actors/node.py",
        "class A:\n    def __init__(self):\n        self.open = set()\n"
        "    def f(self):\n        return [x for x in self.open]",
        "class A:\n    def __init__(self):\n        self.open = {}\n"
        "    def f(self):\n        return [x for x in self.open]",
    ),
    Sample(
        "no_set_iteration",
        "engine/decisions/takes.py",
        "def f():\n    left = {1, 2}\n    return left.pop()",
        "def f():\n    left = {1, 2}\n    return sum(x for x in left)",
    ),
    Sample(
        "no_set_iteration",
        "engine/decisions/takes.py",
        "def f(a):\n    return list(set(a) - {1})",
        "def f(a):\n    return sorted(set(a) - {1})",
    ),
    Sample(
        "coroutines_at_the_edge",
        "actors/venue_trade.py",
        "async def f():\n    pass",
        "def f():\n    pass",
    ),
    Sample(
        "minted_in_one_place",
        "actors/router.py",
        "def f(orders):\n    return orders.Grant(1)",
        "def f(grant):\n    return grant.qty_1e8",
    ),
    Sample(
        "minted_in_one_place",
        "venues/registry.py",
        "x = ApprovedOrder(1, 2)",
        "def f(order: ApprovedOrder):\n    return order.child",
    ),
    Sample("no_prints", "engine/service/facade.py", "print(1)", "answer = 1"),
    Sample(
        "no_skipped_tests",
        "tests/actors/test_node.py",
        "import pytest\n@pytest.mark.skipif(True, reason='slow')\ndef test_it(): ...",
        "import pytest\n@pytest.mark.parametrize('a', [1])\ndef test_it(a): ...",
    ),
    Sample("files_are_short", "actors/node.py", "x = 1\n" * 401, "x = 1\n" * 400),
    Sample(
        "functions_are_short",
        "actors/node.py",
        "def f():\n" + "    x = 1\n" * 70,
        "def f():\n" + "    x = 1\n" * 69,
    ),
    Sample(
        "lines_are_short",
        "actors/node.py",
        f"x = '{'a' * (LINE_MAX - 5)}'",
        f"x = '{'a' * (LINE_MAX - 6)}'",
    ),
    Sample(
        "docstring_is_a_sentence",
        "actors/node.py",
        '"""The node actor: works one\norder."""',
        '"""The node actor: works one order."""',
    ),
    Sample("docstring_is_a_sentence", "actors/node.py", "x = 1", '"""One number."""\nx = 1'),
    Sample(
        "messages_are_frozen",
        "engine/messages.py",
        "class A(Event, frozen=True): ...",
        "class A(Event, frozen=True, gc=False): ...",
    ),
    Sample(
        "handlers_are_plain",
        "actors/node.py",
        "class A(Actor[B]):\n    async def f(self): ...",
        "class A(Actor[B]):\n    def f(self): ...",
    ),
    Sample(
        "handlers_are_plain",
        "actors/node.py",
        "class A(Actor[B]):\n    @handles(B)\n    def on_b(self, b):\n        yield b",
        "class A(Actor[B]):\n    @handles(B)\n    def on_b(self, b):\n        self.b = b",
    ),
    Sample("no_leftovers", "actors/node.py", f"x = 1  # {'TO' + 'DO'}: y", "x = 1  # because y"),
    Sample(
        "silenced_checks_say_why",
        "actors/node.py",
        f"x = f()  # {'type'}: ignore[misc]",
        f"x = f()  # {'type'}: ignore[misc]  # f is untyped",
    ),
    Sample(
        "silenced_checks_say_why",
        "actors/node.py",
        f"x = f()  # {'no' + 'qa'}  # all of it",
        f"x = f()  # {'no' + 'qa'}: S608  # names are ours",
    ),
)


@pytest.fixture(scope="module")
def tree() -> list[Source]:
    return read_tree(ROOT)


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps(rule: str, tree: list[Source]) -> None:
    found = [finding for source in tree for finding in RULES[rule](source)]
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.rule)
def test_a_rule_sees_its_sample(sample: Sample) -> None:
    rule = RULES[sample.rule]
    assert list(rule(Source(sample.path, sample.bad)))
    assert list(rule(Source(sample.path, sample.good))) == []


def test_every_rule_has_a_sample() -> None:
    assert {sample.rule for sample in SAMPLES} == set(RULES)


def test_every_source_has_its_test(tree: list[Source]) -> None:
    paths = frozenset(source.path for source in tree)
    found = [finding for source in tree for finding in tests_mirror(source, paths)]
    assert not found, "\n".join(["", *found])


def test_a_source_without_its_test_is_seen() -> None:
    source = Source("venues/kraken/feed_codec.py", "")
    mirror = "tests/venues/kraken/test_feed_codec.py"
    assert list(tests_mirror(source, frozenset())) == [f"{source.path}: has no {mirror}"]
    assert list(tests_mirror(source, frozenset({mirror}))) == []
    assert list(tests_mirror(Source("venues/kraken/__init__.py", ""), frozenset())) == []


def test_only_declared_libraries_are_imported(tree: list[Source]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = frozenset(re.split(r"[^\w-]", line)[0] for line in project["dependencies"])
    found = [f for source in tree for f in only_declared_libraries(source, declared)]
    assert not found, "\n".join(["", *found])


def test_an_undeclared_library_is_seen() -> None:
    source = Source("venues/registry.py", "import msgspec\nimport math\nimport engine.errors")
    assert list(only_declared_libraries(source, frozenset({"msgspec"}))) == []
    assert len(list(only_declared_libraries(source, frozenset()))) == 1


def test_no_file_knows_a_machine() -> None:
    found = [
        finding
        for path in sorted(_texts())
        for finding in no_machine_paths(
            path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        )
    ]
    assert not found, "\n".join(["", *found])


def test_a_path_of_a_machine_is_seen() -> None:
    assert list(no_machine_paths("a.md", f"cd {'/ho' + 'me'}/ann/project"))
    assert list(no_machine_paths("a.md", f"GET /v1/orders; cd ~/project; a{'/ho' + 'me'}/b")) == []


def test_every_configuration_decodes() -> None:
    paths = sorted((ROOT / "configs").glob("*.toml"))
    assert paths
    for path in paths:
        assert isinstance(load_config(path), EngineConfig)


def test_readme_and_ci_run_the_same_test_command() -> None:
    commands = _venv_lines(ROOT / ".ci" / "run")
    assert len(commands) == 1
    assert commands[0] in _venv_lines(ROOT / "README.md")


def test_files_named_in_the_documents_exist() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        named = re.findall(rf"`((?:{'|'.join(TREES)}|configs)/[\w./]*)`", text)
        assert named
        missing = [path for path in named if not (ROOT / path).exists()]
        assert not missing, f"{name} names {missing}"


def _venv_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("python3 -m venv ")]


def _texts() -> list[Path]:
    """Everything that is text in the tree, hidden state and caches left out."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXTS]
    folders = [ROOT / name for name in (*TREES, "configs", ".ci")]
    inside = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [p for p in (*top, *inside) if p.suffix in TEXTS and "__pycache__" not in p.parts]
