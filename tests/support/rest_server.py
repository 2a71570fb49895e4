"""A running server for tests: in this process on a thread of its own, or `execgraph serve` itself.

Both listen on a free port of loopback, with keys made beforehand, and are gone on leaving.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.scopes import DEFAULT_SCOPES, Scope
from engine.service.config import EngineConfig, RestConfig, SandboxVenues
from engine.service.rest.service import RestService

__all__ = ["OTHER_CLIENT", "SPARE_CLIENT", "Keys", "Served", "served", "served_process"]

ROOT = Path(__file__).resolve().parent.parent.parent
OTHER_CLIENT = "somebody-else"
SPARE_CLIENT = "somebody-third"
START_S = 120.0
STOP_S = 30.0
FAST = EngineConfig(
    venues=SandboxVenues(latency_scale=0),
    rest=RestConfig(port=0, requests_per_second=100_000),
)


class Keys(NamedTuple):
    """Raw keys: all rights, the default rights, reading only, another client's, and a live one.

    `spare` has all rights too, for a third client.
    """

    admin: str
    trade: str
    read: str
    other: str
    live: str
    spare: str


class Served(NamedTuple):
    """Where a server listens and what opens it; `service` is None for a process."""

    url: str
    keys: Keys
    service: RestService | None = None
    loop: asyncio.AbstractEventLoop | None = None

    def on_loop(self, work: Callable[[RestService], None]) -> None:
        """Do something to the service, on its own thread."""
        assert self.service is not None and self.loop is not None, "a process is not reached into"

        async def done(service: RestService) -> None:
            work(service)

        asyncio.run_coroutine_threadsafe(done(self.service), self.loop).result(STOP_S)


@contextlib.contextmanager
def served(config: EngineConfig = FAST) -> Iterator[Served]:
    """A server in this process; what its start raises is raised here."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="rest-server", daemon=True)
    thread.start()
    service = RestService(config)
    try:
        asyncio.run_coroutine_threadsafe(service.__aenter__(), loop).result(START_S)
        try:
            yield Served(service.url, made_keys(service.desk.keys), service, loop)
        finally:
            leaving = service.__aexit__(None, None, None)
            asyncio.run_coroutine_threadsafe(leaving, loop).result(STOP_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(STOP_S)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@contextlib.contextmanager
def served_process(folder: Path, *options: str) -> Iterator[Served]:
    """`execgraph serve` over `folder`, stopped by SIGTERM; its exit code must be 0."""
    store = KeyStore(folder / KEYS_NAME)
    keys = made_keys(store)
    store.close()
    where = ("--data-dir", str(folder), "--port", "0")
    process = subprocess.Popen(
        (sys.executable, "-m", "engine.service.cli.main", "serve", *where, *options),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://"), f"the server said {line!r}"
        yield Served(line.removeprefix("listening on ").strip(), keys)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def made_keys(store: KeyStore) -> Keys:
    """One key of each kind."""
    read = frozenset({Scope.READ})
    return Keys(
        admin=store.create("admin", True, frozenset(Scope))[1],
        trade=store.create("trade", True, DEFAULT_SCOPES)[1],
        read=store.create("read", True, read)[1],
        other=store.create("other", True, DEFAULT_SCOPES, OTHER_CLIENT)[1],
        live=store.create("live", False, DEFAULT_SCOPES)[1],
        spare=store.create("spare", True, frozenset(Scope), SPARE_CLIENT)[1],
    )
