"""A progress bar only where somebody sees it."""

from __future__ import annotations

import io

import pytest

from engine.service.cli.progress import progress_bar


class Terminal(io.StringIO):
    """Standard error on a terminal."""

    def isatty(self) -> bool:
        return True


def test_silence_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("playing") as progress:
        assert progress is None
    assert capsys.readouterr() == ("", "")


def test_silence_when_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress_bar("playing", enabled=False) as progress:
        assert progress is None
    assert terminal.getvalue() == ""


def test_a_bar_on_a_terminal_and_nothing_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("playing") as progress:
        assert progress is not None
        progress(1, 2)
        progress(2, 2)
    assert "playing" in terminal.getvalue()
    assert capsys.readouterr().out == ""
