"""The names a host may rely on; changing one is a decision, not an accident."""

from __future__ import annotations

import subprocess
import sys

import pytest

import engine

NAMES = [
    "CaptureError",
    "ConfigError",
    "EngineConfig",
    "EngineError",
    "Execution",
    "ExecutionEngine",
    "FixedAmount",
    "Graph",
    "GraphError",
    "GraphStatus",
    "Intelligence",
    "JournalError",
    "LimitOrder",
    "LimitPrice",
    "Node",
    "NodeInstrument",
    "NodeStatus",
    "Policy",
    "Quantity",
    "Reason",
    "Side",
    "SimpleOrder",
    "TimeInForce",
    "Urgency",
    "price_1e9",
    "qty_1e8",
]


def test_the_exported_names_are_pinned() -> None:
    assert sorted(engine.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_had(name: str) -> None:
    assert getattr(engine, name) is not None


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        engine.Nonsense  # noqa: B018  # the access is the point


@pytest.mark.parametrize(
    "first", ["engine", "actors.node", "venues.registry", "engine.service.engine"]
)
def test_any_floor_may_be_imported_first(first: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {first}"], check=True)


def test_importing_the_engine_compiles_and_loads_nothing_heavy() -> None:
    code = "import sys, engine; print(any(m in sys.modules for m in ('numba', 'aiohttp', 'rich')))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
