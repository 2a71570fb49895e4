"""`execgraph serve` as a process that tests kill, and a client that remembers every answer."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.scopes import Scope

__all__ = ["ENDED", "Asked", "Heard", "RestLives", "Stopped"]

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT_S = 60.0
# A write that was cut off: whether it was done is told to nobody.
UNKNOWN = 409
ENDED = ("completed", "cancelled", "failed")


class Asked(NamedTuple):
    """One write with its Idempotency-Key."""

    key: str
    method: str
    path: str
    body: Any


class Heard(NamedTuple):
    """Status and text of an answer."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Stopped(Exception):
    """The server went away before it had answered."""


class RestLives:
    """Servers on one folder, one after the other.

    `asked` is every write that was ever sent, `acknowledged` the first answer to each that came.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir()
        keys = KeyStore(self.data / KEYS_NAME)
        self.raw = keys.create("test", True, frozenset({Scope.ADMIN}))[1]
        keys.close()
        self.options = options
        self.log = folder / "log.txt"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.kills = 0
        self.asked: dict[str, Asked] = {}
        self.acknowledged: dict[str, Heard] = {}
        self._line: http.client.HTTPConnection | None = None

    def launch(self) -> None:
        """The next life, whether or not it comes to anything."""
        command = [sys.executable, "-m", "engine.service.cli.main", "serve", "--port", "0"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data-dir", str(self.data), "--durability", "accepted", *self.options],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def start(self) -> None:
        """The next life; it accepts requests when this returns."""
        self.launch()
        assert self.process is not None and self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line.startswith("listening on "), f"{line!r} {self.said()}"
        self.url = line.removeprefix("listening on ")

    def kill(self) -> None:
        """As a machine that loses its power: nothing is flushed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(TIMEOUT_S)
        self.kills += 1
        self.forget()

    def kill_after(self, seconds: float) -> threading.Timer:
        """Kill it from aside, while requests go on."""
        assert self.process is not None
        timer = threading.Timer(seconds, self.process.send_signal, (signal.SIGKILL,))
        timer.start()
        self.kills += 1
        return timer

    def stop(self) -> int:
        """An orderly end; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(TIMEOUT_S)
        self.forget()
        return code

    def forget(self) -> None:
        """Close what is left of a process that has ended."""
        if self._line is not None:
            self._line.close()
            self._line = None
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.communicate()
            self.process = None

    def said(self) -> str:
        """The end of what the servers logged."""
        return self.log.read_text()[-4_000:] if self.log.exists() else ""

    # -- requests, on one connection that is kept

    def go(self, method: str, path: str, body: Any = None, key: str = "") -> Heard:
        """One request; Stopped where no whole answer comes."""
        if self._line is None:
            address = urlsplit(self.url)
            self._line = http.client.HTTPConnection(
                str(address.hostname), address.port, timeout=TIMEOUT_S
            )
        headers = {"Authorization": f"Bearer {self.raw}"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        try:
            self._line.request(method, path, data, headers)
            answer = self._line.getresponse()
            return Heard(answer.status, answer.read().decode())
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            self._line = None
            raise Stopped(str(error)) from error

    def ask(self, asked: Asked) -> Heard:
        """A write with a key, kept with its first answer."""
        self.asked[asked.key] = asked
        heard = self.go(asked.method, asked.path, asked.body, asked.key)
        if heard.status != UNKNOWN:
            self.acknowledged.setdefault(asked.key, heard)
        return heard

    def get(self, path: str) -> Any:
        """The JSON of what must be there."""
        heard = self.go("GET", path)
        assert heard.status == 200, f"{path}: {heard}"
        return heard.json

    def graph(self, graph_id: str) -> Any:
        """The graph as it stands."""
        return self.get(f"/v1/execution_graphs/{quote(graph_id, safe='')}")

    def pages(self, path: str, name: str) -> Iterator[Any]:
        """Every row of a list."""
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=200{cursor}")
            yield from page[name]
            if page["next_cursor"] is None:
                return
            cursor = f"&cursor={page['next_cursor']}"

    def until(self, graph_id: str, holds: Callable[[Any], bool]) -> Any:
        """The graph once it holds."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            found = self.graph(graph_id)
            if holds(found):
                return found
            assert time.monotonic() < deadline, f"it never came to it: {found}"
            time.sleep(0.02)

    def ended(self, graph_id: str) -> Any:
        """The graph at its end."""
        return self.until(graph_id, lambda graph: graph["status"] in ENDED)
