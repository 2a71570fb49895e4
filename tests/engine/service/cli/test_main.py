"""The command line as a whole: help, unknown commands, exit codes, no tracebacks."""

from __future__ import annotations

import argparse

import pytest

from engine.errors import ConfigError, EngineError, RuntimeFault
from engine.service.cli import main as command_line
from engine.service.cli.main import COMMANDS, FAILED, MISUSED, OK, main


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]])
def test_help_names_every_command(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == OK
    out, err = capsys.readouterr()
    assert not err
    assert all(f"  {name} " in out for name in COMMANDS)


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dance"]) == MISUSED
    out, err = capsys.readouterr()
    assert not out
    assert err == "execgraph: there is no command 'dance'; see 'execgraph --help'\n"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_its_own_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main([name, "--help"]) == OK
    assert f"execgraph {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("no such file"), MISUSED),
        (EngineError("it broke"), FAILED),
        (RuntimeFault("it halted"), FAILED),
        (KeyboardInterrupt(), FAILED),
    ],
)
def test_errors_are_one_sentence(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    def run(options: argparse.Namespace) -> int:
        raise error

    assert command_line._run(run, argparse.Namespace()) == code
    out, err = capsys.readouterr()
    assert not out
    assert err == f"execgraph: {str(error) or 'interrupted'}\n"


def test_the_commands_own_code_is_passed_on() -> None:
    assert command_line._run(lambda options: 1, argparse.Namespace()) == FAILED
