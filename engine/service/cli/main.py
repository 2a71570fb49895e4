"""The `execgraph` command line: picks the command and turns every error into one sentence.

Exit codes: 0 done, 1 the work failed, 2 the call was wrong.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

__all__ = ["main"]

OK = 0
FAILED = 1
MISUSED = 2
# name -> (module, one line of help)
COMMANDS = {
    "demo": ("engine.service.cli.demo", "run a large order over the embedded simulated venues"),
    "serve": ("engine.service.cli.serve", "run the engine behind its REST facade"),
    "keys": ("engine.service.cli.keys", "make, list, revoke and rotate API keys"),
    "forecast": ("engine.service.cli.forecast", "what an order would cost now, drawn"),
    "review": ("engine.service.cli.review", "what became of an order, and why"),
    "calibrate": (
        "engine.service.cli.calibrate",
        "measure whether forecasts hold what they say",
    ),
    "doctor": ("engine.service.cli.doctor", "check configuration, files, clock and venue rules"),
    "replay": ("engine.service.cli.replay", "run an order against recorded order books"),
    "simulate": ("engine.service.cli.simulate", "run seeded worlds under faults, all checked"),
    "journal": ("engine.service.cli.journal", "check, export or replay the durable record"),
}


class Parser(argparse.ArgumentParser):
    """Errors are one sentence on standard error."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSED, f"execgraph: {message}; see '{self.prog} --help'\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; nothing heavy is imported before it is chosen."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return OK
    if words[0] == "--version":
        print(f"execgraph {version('execgraph')}")
        return OK
    name = words[0]
    if name not in COMMANDS:
        print(f"execgraph: there is no command {name!r}; see 'execgraph --help'", file=sys.stderr)
        return MISUSED
    module = importlib.import_module(COMMANDS[name][0])
    parser = Parser(prog=f"execgraph {name}", description=COMMANDS[name][1])
    module.add_arguments(parser)
    try:
        options = parser.parse_args(words[1:])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else MISUSED
    return _run(module.run, options)


def _run(run: object, options: argparse.Namespace) -> int:
    from engine.errors import CaptureError, ConfigError, EngineError, GraphError

    assert callable(run)
    try:
        code = run(options)
        assert isinstance(code, int)
        return code
    except (ConfigError, GraphError, CaptureError) as error:
        print(f"execgraph: {error}", file=sys.stderr)
        return MISUSED
    except EngineError as error:
        print(f"execgraph: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        sys.stderr.close()
        return FAILED
    except KeyboardInterrupt:
        print("execgraph: interrupted", file=sys.stderr)
        return FAILED


def _help() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items())
    return (
        "usage: execgraph COMMAND [OPTIONS]\n\n"
        "An execution engine in which every order is an execution graph.\n\n"
        f"commands:\n{rows}\n\n"
        "'execgraph COMMAND --help' tells more."
    )


if __name__ == "__main__":
    sys.exit(main())
