"""`execgraph journal verify`: is the durable record whole, in order, and true to its tables."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.service.engine import JOURNAL_NAME
from engine.store.verify import verify

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `journal`."""
    parser.add_argument("action", choices=("verify",))
    parser.add_argument("path", type=Path, help="the journal file, or the folder it stands in")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Verify; 0 when sound, 1 when not."""
    path = options.path / JOURNAL_NAME if options.path.is_dir() else options.path
    if not path.exists():
        raise ConfigError(f"there is no journal at {path}; give its file or folder")
    report = verify(path)
    if options.json:
        print(msgspec.json.encode(report).decode())
    elif report.ok:
        print(f"{report.entries} entries in {report.groups} commits are sound")
        print(f"hash {report.head_hash}")
    else:
        print(f"{report.problem}; {report.entries} entries before it are sound")
    return 0 if report.ok else 1
