"""`journal verify`, `export` and `replay` on sound, altered and missing files."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from engine.model.instruments import Environment
from engine.model.records import DecisionRecord, EngineStarted, JournalEntry
from engine.service.cli.main import main
from engine.service.engine import JOURNAL_NAME
from engine.service.flight_recorder import INCIDENTS_NAME, FlightRecorder, call_now
from engine.service.incident import read_incident, write_incident
from engine.store.journal import SqliteStore
from tests.support.incidents import CLIENT, GRAPH, altered, listings_of, real_story, store_of
from tests.support.journals import START_NS


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
    assert main(["journal", "verify", "--data-dir", str(folder)]) == 0
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


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A journal with real decisions, and the frames of an incident of that run."""
    store_of(real_story(), tmp_path / JOURNAL_NAME).close()
    flight = FlightRecorder(tmp_path / INCIDENTS_NAME, {"v0": listings_of(1)}, start=call_now)
    flight.ring("v0").keep(START_NS, 0, b"frame")
    assert flight.spill("halt", START_NS + 1)
    return tmp_path


def export(data_dir: Path, *more: str) -> tuple[int, Path]:
    file = data_dir / "x.incident"
    words = ["export", "--data-dir", str(data_dir), GRAPH, "-o", str(file), "--client", CLIENT]
    return main(["journal", *words, *more]), file


def test_export_and_replay(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, file = export(data_dir)
    assert code == 0
    assert "3 decisions" in (text := capsys.readouterr().out)
    assert "1 market frames" in text
    assert main(["journal", "replay", str(file)]) == 0
    assert "everything came out as it is stored" in capsys.readouterr().out
    assert main(["journal", "replay", str(file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["decisions"], report["problem"]) == (3, "")


def test_export_tells_its_header(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(data_dir, "--json")[0] == 0
    assert json.loads(capsys.readouterr().out)["graph_id"] == GRAPH


def test_a_tampered_file_is_refused(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, file = export(data_dir)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert main(["journal", "replay", str(file)]) == 1
    assert "altered" in capsys.readouterr().err


def test_a_difference_fails(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, file = export(data_dir)

    def change(record: object) -> DecisionRecord:
        assert isinstance(record, DecisionRecord)
        return msgspec.structs.replace(record, coefficients_id=9)

    incident, seq = altered(read_incident(file), DecisionRecord, change)
    write_incident(file, incident)
    capsys.readouterr()
    assert main(["journal", "replay", str(file)]) == 1
    assert f"entry {seq} of node 'order': coefficients_id" in capsys.readouterr().out


def test_what_is_not_there(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["journal", "export", "--data-dir", str(data_dir), "-o", str(data_dir / "y"), "unknown"]
    assert main(words) == 2
    assert "no graph 'unknown'" in capsys.readouterr().err
    assert main(["journal", "replay", str(data_dir / "none")]) == 2
    assert main(["journal", "export", "--data-dir", str(data_dir / "none"), "g"]) == 2
