"""The demo command, from nothing to agreement."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from engine.model.graph import Graph
from engine.model.intake import parse_graph
from engine.service.cli.demo import HEDGE, TWAP, faster, planned_s
from engine.service.cli.main import main

EXAMPLES = Path(__file__).parents[4] / "configs" / "examples"


def test_the_demo_runs_the_large_order_and_the_wire_s_own_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["demo", "--seed", "5"]) == 0
    out = capsys.readouterr().out
    for words in (
        "binance",
        "coinbase",
        "kraken",
        "completed: 50 at",
        "spot: filled 200 of 200",
        "hedge: filled 200 of 200",
        "edge e0: fired",
        "11 nodes, 10 edges",
        "speed-up 150",
        "10 slices, one every 200 ms",
        "twap: filled 1 of 1",
        "of 10 slices filled",
        "agree",
        "sound",
    ):
        assert words in out


def test_a_single_order_is_run_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--seed", "5", "--side", "sell", "--qty", "3"]) == 0
    out = capsys.readouterr().out
    assert "order: filled 3 of 3" in out
    assert "hyperliquid" not in out


def test_a_graph_from_a_file_with_its_timeouts_sped_up(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    wire = json.loads(TWAP)
    wire["nodes"][0]["execution"]["pacing"]["uniform"] = {"num_slices": 3, "interval_ms": 1_000}
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(wire))
    assert main(["demo", "--graph", str(file), "--speed-up", "10"]) == 0
    out = capsys.readouterr().out
    assert "4 nodes, 3 edges" in out
    assert "3 slices, one every 100 ms" in out
    assert "completed: 1 at" in out


def test_a_graph_that_does_not_end_in_time_is_cancelled(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "graph.json"
    file.write_text('{"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2200}')
    assert main(["demo", "--graph", str(file), "--timeout", "0.5"]) == 1
    captured = capsys.readouterr()
    assert captured.err.strip() == (
        "execgraph: not done after 0.5 s; cancelled; --timeout waits longer"
    )
    assert "order: cancelled 0 of 1" in captured.out


@pytest.mark.parametrize(
    ("name", "known"), [("spot_perp_hedge", HEDGE), ("twap", TWAP), ("bracket", None)]
)
def test_the_example_files_are_graphs_and_the_demo_s_own(name: str, known: bytes | None) -> None:
    graph = parse_graph((EXAMPLES / f"{name}.json").read_bytes())
    assert known is None or graph == parse_graph(known)


def test_speeding_up_touches_times_only() -> None:
    wire = json.loads(HEDGE)
    wire["edges"][0]["trigger"] = {"on_timeout": {"ms": 5_000}}
    wire["nodes"][0]["execution"]["pacing"] = {"pov": {"participation_bps": 10}}
    graph = parse_graph(wire)
    fast = json.loads(msgspec.json.encode(faster(graph, 100)))
    plain = json.loads(msgspec.json.encode(graph))
    assert fast["edges"][0]["trigger"]["on_timeout"] == {"ms": 50}
    assert fast["nodes"][0]["execution"]["pacing"]["pov"]["interval_ms"] == 10
    fast["edges"][0]["trigger"] = plain["edges"][0]["trigger"]
    fast["nodes"][0]["execution"] = plain["nodes"][0]["execution"]
    assert fast == plain
    assert isinstance(graph, Graph)
    assert faster(graph, 1) is graph


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--qty", "much"], 2, "--qty"),
        (["--symbol", "NOPE"], 1, "NOPE"),
        (["--side", "hold"], 2, "--side"),
        (["--graph", "nowhere.json"], 2, "nowhere.json cannot be read"),
        (["--graph", "."], 2, "cannot be read"),
        (["--graph", "x.json", "--qty", "1"], 2, "leave out"),
        (["--speed-up", "0"], 2, "--speed-up"),
        (["--timeout", "-1"], 2, "--timeout"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert main(["demo", *arguments]) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert words in errors[-1]
    assert "Traceback" not in "".join(errors)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("[]", 2, "object"),
        ('{"nodes": 7}', 2, "nodes"),
        ("\x00", 2, ""),
        ('{"nodes": [], "edges": []}', 1, "nodes"),
    ],
)
def test_a_file_that_is_no_graph_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, body: str, code: int, words: str
) -> None:
    file = tmp_path / "graph.json"
    file.write_text(body)
    assert main(["demo", "--graph", str(file)]) == code
    errors = capsys.readouterr().err.strip().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("execgraph: ")
    assert words in errors[0]


def test_a_graph_is_waited_for_as_long_as_its_own_times_take() -> None:
    wire = json.loads(HEDGE)
    assert planned_s(parse_graph(HEDGE)) == 0
    assert planned_s(parse_graph(TWAP)) == 300
    wire["edges"][0] = {
        "from_node": "spot",
        "to_node": "hedge",
        "trigger": {"on_timeout": {"ms": 5_000}},
    }
    assert planned_s(parse_graph(wire)) == 5


def test_what_filled_before_the_cancel_is_in_the_split(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "graph.json"
    file.write_bytes(TWAP)
    assert main(["demo", "--graph", str(file), "--speed-up", "60", "--timeout", "2"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (node,) = [line for line in lines if line.startswith("  twap: partial_fill ")]
    (graph,) = [line for line in lines if line.startswith("cancelled: ")]
    assert node.split()[2] == graph.split()[1]
