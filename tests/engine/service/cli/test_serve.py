"""`execgraph serve` as a process: the line it prints, what it answers, and how it stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.scopes import Scope
from engine.service.cli.main import main

ROOT = Path(__file__).resolve().parents[4]


def serve(folder: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    """The process, and where it listens."""
    command = [sys.executable, "-m", "engine.service.cli.main", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(folder), *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line.startswith("listening on http://127.0.0.1:"):
        _, errors = process.communicate(timeout=10)
        raise AssertionError(f"{line!r} {errors}")
    return process, line.removeprefix("listening on ")


def ask(url: str, key: str = "", body: object = None) -> dict[str, object]:
    """The JSON of one request."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data=data, headers=headers), timeout=30) as answer:
        found: dict[str, object] = json.loads(answer.read())
    return found


def test_it_serves_until_it_is_told_to_stop_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / KEYS_NAME)
    _, raw = keys.create("test", True, frozenset({Scope.ADMIN}))
    keys.close()
    order = {"symbol": "BTC-USD", "side": "buy", "qty": 0.01, "price": 60_000}
    process, url = serve(tmp_path)
    try:
        assert ask(f"{url}/v1/health/ready")["ready"] is True
        made = ask(f"{url}/v1/orders", raw, order)
    finally:
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in errors
    process, url = serve(tmp_path, "--on-stop", "cancel")
    try:
        graph = ask(f"{url}/v1/execution_graphs/{made['graph_id']}", raw)
        assert graph["status"] == "active"
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--port", "99999"], "port lies between"),
        (["--config", "no-such-file.toml"], "cannot be read"),
        (["--durability", "never"], "invalid choice"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--data-dir", str(tmp_path), *words]) == 2
    errors = capsys.readouterr().err
    assert told in errors
    assert "Traceback" not in errors
