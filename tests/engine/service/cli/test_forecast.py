"""The forecast command: a picture for people, JSON for programs, a sentence for mistakes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from engine.errors import ConfigError
from engine.service.cli.forecast import add_arguments, bar, curve_lines, run
from engine.service.intelligence.views import ForecastView

CONFIG = '[venues]\ntype = "sandbox"\nseed = 3\nevents = false\nlatency_scale = 0.1\n'


def forecast(tmp_path: Path, *words: str) -> int:
    path = tmp_path / "engine.toml"
    path.write_text(CONFIG)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*words, "--config", str(path)]))


def test_it_draws_the_curve_and_the_venues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forecast(tmp_path, "ETH-USD", "buy", "20") == 0
    out = capsys.readouterr().out
    for words in ("buy 20 ETH-USD", "P90", "cost by size", "o", "landed bps", "binance", "medium"):
        assert words in out
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_the_wires_answer_and_its_curve_is_drawn_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forecast(tmp_path, "ETH-USD", "sell", "0.5", "--json") == 0
    text = capsys.readouterr().out
    assert json.loads(text)["qty_1e8"] == 50_000_000
    view = msgspec.json.decode(text, type=ForecastView)
    lines = curve_lines(view, columns=40, height=6)
    assert len(lines) == 6 + 2
    assert sum(line.count("o") for line in lines[:6]) == 1
    bare = msgspec.structs.replace(view, capacity_curve=())
    assert curve_lines(bare) == []


def test_mistakes_are_told(tmp_path: Path) -> None:
    for words in (("NOPE", "buy", "1"), ("ETH-USD", "buy", "x"), ("ETH-USD", "buy", "-1")):
        with pytest.raises(ConfigError):
            forecast(tmp_path, *words)


def test_a_bar_keeps_within_its_width() -> None:
    assert [len(bar(share, 10)) for share in (-1.0, 0.0, 0.5, 1.0, 7.0)] == [0, 0, 5, 10, 10]
