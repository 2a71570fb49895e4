"""Configuration: presets decode, faults are named with their path."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.service.config import EngineConfig, checked_client, checked_text, load_config

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.toml")), ids=lambda p: p.name)
def test_every_preset_decodes(path: Path) -> None:
    assert isinstance(load_config(path), EngineConfig)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("durabilty = 'async'", "durabilty"),
        ("durability = 'never'", "$.durability"),
        ("[venues]\ntype = 'sandbox'\nseed = 'x'", "$.venues.seed"),
        ("[venues]\ntype = 'sandbox'\nlatency_scale = -1.0", "latency_scale"),
        ("[limits]\ngraphs_max = 'many'", "$.limits.graphs_max"),
        ("= 1", "line 1"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert words in str(caught.value)
    assert "bad.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.toml")


def test_a_client_id_is_a_text_that_can_be_recorded() -> None:
    assert checked_client("desk-7") == "desk-7"
    for wrong in (5, b"desk", "x" * 129):
        with pytest.raises(ConfigError, match="client_id"):
            checked_client(wrong)


@pytest.mark.parametrize("wrong", [5, None, b"desk", "x" * 1_025, "half \ud800", ["a"]])
def test_a_text_that_could_not_be_recorded_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="reason"):
        checked_text("reason", wrong)
    assert checked_text("reason", "risk limit \u20ac") == "risk limit \u20ac"
