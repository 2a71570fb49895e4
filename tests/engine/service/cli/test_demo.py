"""The demo command, from nothing to agreement."""

from __future__ import annotations

import pytest

from engine.service.cli.main import main


def test_the_demo_fills_splits_and_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    for words in ("binance", "coinbase", "kraken", "completed: 50 at", "agree", "sound"):
        assert words in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--qty", "much"], 2, "--qty"),
        (["--symbol", "NOPE"], 1, "NOPE"),
        (["--side", "hold"], 2, "--side"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["demo", *arguments]) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert words in errors[-1]
    assert "Traceback" not in "".join(errors)
