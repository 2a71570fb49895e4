"""`execgraph journal`: is the durable record sound, one incident of it as a file, that file redone.

`verify` checks the whole journal, `export` writes a graph's history with the market frames it
saw, and `replay` runs the decisions of such a file again, bit for bit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.model.instruments import Environment
from engine.service.config import EngineConfig
from engine.service.engine import JOURNAL_NAME
from engine.service.flight_recorder import INCIDENTS_NAME
from engine.service.incident import export_graph, read_incident, write_incident
from engine.service.incident_replay import replay_incident
from engine.store.queries import Queries
from engine.store.verify import verify

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `journal`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("verify", help="is the record whole, in order, true to its tables")
    where = check.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "path", type=Path, nargs="?", help="the journal file, or the folder it stands in"
    )
    where.add_argument("--data-dir", type=Path, help="the engine's data folder")
    export = actions.add_parser("export", help="write all of one graph to a file")
    export.add_argument("graph_id", metavar="GRAPH_ID")
    export.add_argument("--data-dir", type=Path, required=True, help="the engine's data folder")
    export.add_argument("--client", default=EngineConfig().client_id, help="whose graph it is")
    export.add_argument(
        "--environment",
        choices=[each.value for each in Environment],
        default=Environment.SANDBOX.value,
    )
    export.add_argument("-o", "--output", type=Path, help="default: GRAPH_ID.incident")
    again = actions.add_parser("replay", help="run an exported graph's decisions again")
    again.add_argument("file", type=Path, metavar="FILE", help="made by 'journal export'")
    for action in (check, export, again):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Do one of the three; 0 when all is well, 1 when not."""
    actions = {"verify": _verify, "export": _export, "replay": _replay}
    return actions[options.action](options)


def _verify(options: argparse.Namespace) -> int:
    report = verify(_journal(options.path or options.data_dir))
    if options.json:
        print(msgspec.json.encode(report).decode())
    elif report.ok:
        print(f"{report.entries} entries in {report.groups} commits are sound")
        print(f"hash {report.head_hash}")
    else:
        print(f"{report.problem}; {report.entries} entries before it are sound")
    return 0 if report.ok else 1


def _export(options: argparse.Namespace) -> int:
    folder = options.data_dir
    path = options.output or Path(_file_name(options.graph_id))
    queries = Queries(_journal(folder))
    try:
        incident = export_graph(
            queries,
            options.client,
            Environment(options.environment),
            options.graph_id,
            spills=folder / INCIDENTS_NAME,
        )
    finally:
        queries.close()
    write_incident(path, incident)
    header = incident.header
    if options.json:
        print(msgspec.json.encode(header).decode())
        return 0
    print(
        f"{path}: {header.entries} entries, {header.decisions} decisions, {header.fills} fills, "
        f"{header.frames} market frames"
    )
    for sentence in header.left_out:
        print(f"left out: {sentence}")
    if not header.frames:
        print("no market frames of that time were kept; the decisions hold what they read")
    return 0


def _replay(options: argparse.Namespace) -> int:
    if not options.file.exists():
        raise ConfigError(f"there is no file {options.file}; make one with 'journal export'")
    incident = read_incident(options.file)
    report = replay_incident(incident)
    if options.json:
        print(msgspec.json.encode(report).decode())
        return 0 if report.ok else 1
    header = incident.header
    print(f"graph {header.graph_id} of {header.client_id} ({header.environment.value})")
    print(
        f"{report.decisions} decisions with {report.legs} legs, {report.children} children, "
        f"{report.fills} fills and {report.node_states} node states redone"
    )
    if report.unintended_fills:
        print(f"{report.unintended_fills} fills are of orders whose intent was never recorded")
    print(report.problem or "everything came out as it is stored")
    return 0 if report.ok else 1


def _journal(path: Path) -> Path:
    found = path / JOURNAL_NAME if path.is_dir() else path
    if not found.exists():
        raise ConfigError(f"there is no journal at {found}; give its file or folder")
    return found


def _file_name(graph_id: str) -> str:
    """A graph's id as a file name in the present folder, whatever a client put into it."""
    kept = "".join(x if x.isascii() and (x.isalnum() or x in "-_") else "_" for x in graph_id)
    return f"{kept[:100]}.incident"
