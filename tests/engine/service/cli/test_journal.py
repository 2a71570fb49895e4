"""`journal verify` on sound, altered and missing journals."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from engine.model.instruments import Environment
from engine.model.records import EngineStarted, JournalEntry
from engine.service.cli.main import main
from engine.service.engine import JOURNAL_NAME
from engine.store.journal import SqliteStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / JOURNAL_NAME)
    for seq in range(1, 6):
        payload = EngineStarted(seq, "0.1.0", 1)
        entry = JournalEntry(1, seq, seq, "", Environment.SANDBOX, "", "", 0, payload)
        store.commit([entry])
    store.close()
    return tmp_path


def test_a_sound_journal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(folder)]) == 0
    assert "5 entries" in capsys.readouterr().out


def test_an_altered_journal_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(folder / JOURNAL_NAME) as connection:
        connection.execute(
            "UPDATE journal SET ts_ns = ts_ns, block = block || x'00' WHERE first_seq = 3"
        )
    connection.close()
    assert main(["journal", "verify", str(folder / JOURNAL_NAME), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["problem"]
    assert report["entries"] == 2


def test_a_missing_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(tmp_path)]) == 2
    assert "no journal" in capsys.readouterr().err
