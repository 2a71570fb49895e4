"""`execgraph doctor`: lines or JSON, and exit codes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.service.cli.main import main


def test_lines_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "data folder" in out
    assert "execgraph keys create" in out


def test_json_for_programs_and_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal.db").write_bytes(b"no journal")
    assert main(["doctor", "--data-dir", str(tmp_path), "--json"]) == 1
    findings = msgspec.json.decode(capsys.readouterr().out)
    failed = [one for one in findings if one["verdict"] == "failed"]
    assert [one["check"] for one in failed] == ["journal"]
    assert failed[0]["advice"]


def test_a_bad_configuration_is_misuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[rest]\nport = 70000\n")
    assert main(["doctor", "--config", str(path)]) == 2
    assert "port lies between" in capsys.readouterr().err
