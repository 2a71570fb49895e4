"""`execgraph calibrate`: its table, its JSON, its exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from engine.errors import ConfigError
from engine.service.calibration.verdict import Verdict, judge
from engine.service.cli import calibrate
from tests.support.scored_rows import honest_rows


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    calibrate.add_arguments(parser)
    return parser.parse_args(words)


def good() -> Verdict:
    return judge("simulated", 1, honest_rows(1, 200), honest_rows(2, 600), {"it was far": 3})


def bad() -> Verdict:
    rows = honest_rows(2, 600)
    rows = [msgspec.structs.replace(row, inside=row.realised_bps < row.median_bps) for row in rows]
    return judge("recorded", 1, honest_rows(1, 200), rows)


def test_a_small_run_prints_coverage_by_kind_and_the_losses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = calibrate.run(options("--orders", "120", "--seed", "2"))
    out = capsys.readouterr().out
    assert "simulated: 120 orders scored, 40 fitted before, seed 2" in out
    for word in ("coverage of P90", "99.5 % band", "Kupiec's test", "pinball loss", "books"):
        assert word in out
    for legend in ("Wilson: where", "law: the square-root law", "one quantile: of all"):
        assert legend in out
    heads = next(line for line in out.splitlines() if "our P90 there" in line)
    values = out.splitlines()[out.splitlines().index(heads) + 1]
    assert "(" not in values and len(values.split()) == len(calibrate.LOSS_HEADER)
    assert code == (0 if "every criterion is met" in out else 1)
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_one_object_with_every_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrate, "simulated_sample", lambda *_: good())
    assert calibrate.run(options("--json")) == 0
    found = json.loads(capsys.readouterr().out)
    (sample,) = found["samples"]
    assert found["passes"] is True
    assert sample["whole"]["orders"] == 600
    assert sample["not_counted"] == {"it was far": 3}
    assert sample["losses"][0]["loss"] < sample["losses"][0]["walk"]


def test_a_missed_criterion_is_named_and_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(calibrate, "simulated_sample", lambda *_: good())
    monkeypatch.setattr(calibrate, "recorded_sample", lambda *_, **__: bad())
    assert calibrate.run(options("--data", str(tmp_path))) == 1
    out = capsys.readouterr().out
    assert "simulated: every criterion is met" in out
    assert "missed: coverage" in out
    assert "recorded: every criterion is met" not in out
    assert "not counted: 3, it was far" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--orders", "99"), "from 100 on"), (("--data", "no such folder"), "is none")],
)
def test_misuse_is_told_before_anything_runs(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        calibrate.run(options(*words))
