"""`execgraph simulate`: totals, failures with the command that repeats them, and exit codes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from engine.service.cli import simulate
from engine.service.cli.main import main
from engine.service.simulation.seed import SeedResult
from engine.service.simulation.swarm import FaultLevel, Shapes


def test_a_seed_that_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seed", "3", "--faults", "none"]) == 0
    out = capsys.readouterr().out
    assert "seeds 3 to 3, faults none" in out
    assert out.splitlines()[-1] == "every seed passes and repeats itself exactly"


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "--seeds", "2", "--faults", "light", "--jobs", "1", "--json"]
    assert main(words) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert (answer["first_seed"], answer["seeds"], answer["failures"]) == (1, 2, [])
    assert answer["graphs"] > 0
    assert len(answer["hash"]) == 64


def broken(
    first: int, count: int, level: FaultLevel, jobs: int, shapes: Shapes
) -> Iterator[SeedResult]:
    """Every second seed fails."""
    for seed in range(first, first + count):
        faults = ("it is wrong",) if seed % 2 == 0 else ()
        yield SeedResult(
            seed=seed,
            level=level,
            journal_hash=f"{seed}",
            faults=faults,
            graphs=1,
            fills=2,
            turns=3,
            virtual_seconds=4.0,
            report=f"report of {seed}" if faults else "",
            repeat=f"repeat {seed} with {shapes}",
        )


def test_failures_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulate, "run_seeds", broken)
    assert main(["simulate", "--seed", "10", "--seeds", "10"]) == 1
    out = capsys.readouterr().out
    assert "report of 10\nreport of 12\nreport of 14\n" in out
    assert "report of 16" not in out
    assert out.splitlines()[-1] == "5 of 10 seeds fail: 10, 12, 14, 16, 18"


def test_failures_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulate, "run_seeds", broken)
    assert main(["simulate", "--seed", "4", "--shapes", "single", "--json"]) == 1
    (failure,) = msgspec.json.decode(capsys.readouterr().out)["failures"]
    assert failure == {
        "seed": 4,
        "faults": ["it is wrong"],
        "journal_hash": "4",
        "repeat": "repeat 4 with single",
    }


@pytest.mark.parametrize(
    "words",
    [
        ["--seeds", "0"],
        ["--seed", "-1"],
        ["--jobs", "0"],
        ["--faults", "heavy"],
        ["--shapes", "round"],
        ["--seed", "one"],
    ],
)
def test_a_wrong_call(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("execgraph: ")
    assert captured.out == ""


def test_plain_progress_speaks_seldom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.monotonic", iter([5.0, 21.0, 22.0, 40.0]).__next__)
    show = simulate.plain_progress(0.0)
    for done in (10, 20, 30, 100):
        show(done, 100)
    assert capsys.readouterr().out == "20 of 100 seeds, 1.0 a second\n"
