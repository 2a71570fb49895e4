"""The review command: from the journal of an ended engine, as words, JSON and a page."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from engine import ExecutionEngine
from engine.errors import ConfigError, JournalError
from engine.service.cli.review import add_arguments, run
from engine.service.intelligence.board import Intelligence
from tests.support.intelligence_rig import ended, with_board


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine")

    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a", qty=20)

    with_board(work, data_dir=str(path))
    return path


def review(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*words, "--data-dir", str(folder)]))


def test_words_json_and_a_page(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert review(folder, "graph:a:order:1") == 0
    out = capsys.readouterr()
    for words in ("buy 20 ETH-USD", "filled 20 at", "shortfall", "children", "the same again"):
        assert words in out.out
    assert "running engine" in out.err
    page = tmp_path / "review.html"
    assert review(folder, "a:order:1", "--json", "--html", str(page)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["order"]["status"] == "filled"
    assert [one["drift_1e9"] for one in told["fees"]["per_venue"]] == [0] * len(
        told["fees"]["per_venue"]
    )
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "<svg" in text


def test_what_is_not_there_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no order"):
        review(folder, "b:order:1")
    with pytest.raises(ConfigError, match="no order"):
        review(folder, "a:order:1", "--client", "another")
    with pytest.raises(JournalError, match="no journal"):
        review(tmp_path, "a:order:1")
    with pytest.raises(ConfigError, match="cannot be written"):
        review(folder, "a:order:1", "--html", str(tmp_path / "no" / "page.html"))
