"""`execgraph doctor`: checks configuration, files, clock and venue rules, and says what to do."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `doctor`."""
    parser.add_argument("--config", type=Path, help="a TOML file; without one the sandbox")
    parser.add_argument("--data-dir", type=Path, help="where journal, keys and trail are kept")
    parser.add_argument("--deep", action="store_true", help="also read the whole journal")
    parser.add_argument("--json", action="store_true", help="one JSON array on standard output")


def run(options: argparse.Namespace) -> int:
    """0 when nothing failed, 1 otherwise; warnings alone do not fail."""
    import msgspec

    from engine.service.cli.tables import print_table
    from engine.service.config import EngineConfig, load_config
    from engine.service.data_dir import default_data_dir
    from engine.service.doctor import Verdict, examine

    config = load_config(options.config) if options.config else EngineConfig()
    given = options.data_dir or config.data_dir
    folder = Path(given) if given else default_data_dir()
    findings = list(examine(config, folder, deep=options.deep))
    if options.json:
        sys.stdout.write(msgspec.json.encode(findings).decode() + "\n")
    else:
        rows = [[one.check, one.verdict.value, one.found, one.advice] for one in findings]
        print_table("doctor", ["check", "verdict", "found", "what to do"], rows)
    return 1 if any(one.verdict is Verdict.FAILED for one in findings) else 0
