"""Two processes for crash tests: an exchange that lives on, and an engine that is killed."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from engine.model.instruments import Environment
from engine.model.units import price_1e9, qty_1e8
from engine.service.remote_wire import Control, FrameBuffer, FrameKind, connect, frame_bytes
from engine.store.queries import Queries
from engine.store.rows import FillRow

ROOT = Path(__file__).resolve().parent.parent.parent
ENGINE = ROOT / "tests" / "crash" / "engine_process.py"
START_S = 40.0
Execution = tuple[str, int, int]


class ExchangeProcess:
    """The exchange at the other end of a socket."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, do: str) -> Any:
        """The answer to a question from outside."""
        return asyncio.run(question(self.address, do))

    def orders(self) -> dict[str, dict[str, Any]]:
        """Every order by client order id, as its venue keeps it, with `venue` added."""
        return {
            row["order"]["id"]: {"venue": venue["venue"], **row}
            for venue in self.ask("orders")
            for row in venue["orders"]
        }


class Question(asyncio.Protocol):
    """Asks once."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.buffer = FrameBuffer()

    def data_received(self, data: bytes) -> None:
        for _, payload in self.buffer.feed(data):
            self.answer.set_result(payload)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(ConnectionError("the exchange hung up"))


async def question(address: str, do: str) -> Any:
    transport, asked = await connect(address, Question)
    try:
        payload = msgspec.json.encode(Control(do))
        transport.write(frame_bytes(FrameKind.CONTROL, payload))
        return msgspec.json.decode(await asyncio.wait_for(asked.answer, START_S))
    finally:
        transport.close()
        await asyncio.sleep(0)


@contextmanager
def exchange_process(seed: int, *extra: str) -> Iterator[ExchangeProcess]:
    """An exchange in a process of its own, stopped by its own control question."""
    # A unix socket's path must be short, which a test's own folder is not.
    folder = tempfile.mkdtemp(prefix="xg")
    address = str(Path(folder) / "x")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "engine.service.remote_exchange",
            *("--socket", address, "--seed", str(seed), "--events", "off", *extra),
        ],
        cwd=ROOT,
    )
    try:
        deadline = time.monotonic() + START_S
        while not Path(address).exists():
            assert process.poll() is None, "the exchange did not start"
            assert time.monotonic() < deadline, "the exchange did not start in time"
            time.sleep(0.01)
        exchange = ExchangeProcess(address)
        yield exchange
        exchange.ask("stop")
        assert process.wait(10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


class EngineLives:
    """Engines on one folder, one after the other."""

    environment = Environment.SANDBOX

    def __init__(self, exchange: ExchangeProcess, folder: Path) -> None:
        self.exchange = exchange
        self.folder = folder
        self.journal = folder / "data" / "journal.db"
        self.graphs = folder / "graphs.jsonl"
        self.output = folder / "output.txt"
        self.submitted: list[dict[str, Any]] = []
        self.lives = 0
        self.kills = 0

    def add(self, graphs: list[dict[str, Any]]) -> None:
        """More graphs for the lives to come."""
        self.submitted += graphs
        self.graphs.write_bytes(b"\n".join(msgspec.json.encode(one) for one in self.submitted))

    def live_past(self, word: str, seconds: float) -> bool:
        """One life, killed so long after it has said `word`; True when all had ended before."""
        return self._live(word, seconds)

    def live_to_the_end(self) -> bool:
        """One life that nobody disturbs; it must come to its end."""
        return self._live("", START_S)

    def _live(self, word: str, seconds: float) -> bool:
        before = self.output.stat().st_size if self.output.exists() else 0
        self.lives += 1
        process = self._start()
        deadline = time.monotonic() + START_S
        try:
            while process.poll() is None and word not in self.said(before):
                assert time.monotonic() < deadline, f"{word!r} was never said: {self.said()}"
                time.sleep(0.002)
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1
            assert seconds < START_S, f"graphs did not end: {self.said()}"
            return False
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        assert code == 0, self.said()
        return True

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(ENGINE), self.exchange.address]
        command += [str(self.folder / "data"), str(self.graphs)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with self.output.open("ab") as output:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output
            )

    def said(self, start: int = 0) -> str:
        """What engines said from a place on, at most the last 4,000 characters."""
        if not self.output.exists():
            return ""
        return self.output.read_bytes()[start:].decode()[-4_000:]


def recorded(folder: Path, client_id: str = "local") -> list[FillRow]:
    """Every fill of the journal."""
    queries = Queries(folder / "data" / "journal.db")
    try:
        rows: list[FillRow] = []
        cursor: int | None = None
        while True:
            page = queries.fills(client_id, Environment.SANDBOX, limit=1_000, cursor=cursor)
            rows += page.rows
            cursor = page.next_cursor
            if cursor is None or not page.rows:
                return rows
    finally:
        queries.close()


def told(rows: list[FillRow]) -> dict[str, Counter[Execution]]:
    """Executions by client order id, as the journal has them."""
    found: dict[str, Counter[Execution]] = {}
    for row in rows:
        one = (row.fill_id, row.qty_1e8, row.price_1e9)
        found.setdefault(row.client_order_id, Counter())[one] += 1
    return found


def happened(orders: dict[str, dict[str, Any]]) -> dict[str, Counter[Execution]]:
    """Executions by client order id, as the venues have them."""
    found: dict[str, Counter[Execution]] = {}
    for name, row in orders.items():
        for fill in row["order"].get("fills", ()):
            fill_id = f"{row['venue']}:{row['sym']}:{fill['trade']}"
            one = (fill_id, qty_1e8(fill["qty"]), price_1e9(fill["px"]))
            found.setdefault(name, Counter())[one] += 1
    return found


def delays(seed: int, low_s: float, high_s: float) -> Iterator[float]:
    """Random moments, the same for a seed."""
    rng = random.Random(seed)
    while True:
        yield rng.uniform(low_s, high_s)
