"""The facade as one thing to start and stop: engine, desk, doors and server."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import ConfigError, EngineError
from engine.service.access.audit import AUDIT_NAME, Audit
from engine.service.access.buckets import Buckets
from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.vault import VAULT_NAME, Vault
from engine.service.config import EngineConfig
from engine.service.engine import ExecutionEngine
from engine.service.rest.application import RestServer
from engine.service.rest.desk import Desk, Stack
from engine.service.rest.dispatch import Dispatcher
from engine.service.rest.hosts import LOOPBACK, Hosts
from engine.service.rest.requests_log import RequestLog
from engine.service.rest.routes import Routes
from engine.service.rest.table import all_doors

__all__ = ["RestService"]

log = logging.getLogger("execgraph")


class RestService:
    """`async with RestService(config) as service:` accepts requests until it is left.

    On leaving, new requests are refused as 503, working orders are left or cancelled as the
    configuration says, what is being answered comes to its end, and everything is flushed.
    """

    def __init__(
        self,
        config: EngineConfig,
        *,
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        self.config = config
        self.engine = ExecutionEngine(config, progress=progress)
        self._exit = AsyncExitStack()
        self._server: RestServer | None = None
        self._desk: Desk | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None, "the service is not running"
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"http://{host}:{self._server.port}"

    @property
    def desk(self) -> Desk:
        """Keys, trails and stacks, for tools and tests."""
        assert self._desk is not None, "the service is not running"
        return self._desk

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            engine = await exits.enter_async_context(self.engine)
            # A kill switch must be heard during recovery too; `/v1/health/ready` tells of that.
            await engine.ready(recovered=False)
            stack = Stack(engine)
            exits.callback(stack.close)
            exits.push_async_callback(stack.stop)
            await stack.start()
            folder = None if self.config.data_dir is None else Path(self.config.data_dir)
            keys = KeyStore(None if folder is None else folder / KEYS_NAME)
            exits.callback(keys.close)
            vault = Vault(None if folder is None else folder / VAULT_NAME)
            exits.callback(vault.close)
            audit = Audit(None if folder is None else folder / AUDIT_NAME)
            exits.callback(audit.close)
            rest = self.config.rest
            requests = RequestLog(audit)
            desk = self._desk = Desk(
                {engine.environment: stack},
                keys,
                vault,
                audit,
                requests,
                hosts=Hosts((*LOOPBACK, rest.host, *rest.allow_hosts)),
                buckets=Buckets(rest.requests_per_second),
            )
            dispatcher = Dispatcher(Routes(all_doors()), desk, requests)
            server = self._server = RestServer(dispatcher.handle, rest.host, rest.port)
            try:
                await server.start()
            except OSError as error:
                where = f"{rest.host}:{rest.port}"
                text = f"cannot listen on {where}: {error.strerror}; choose another --port"
                raise ConfigError(text) from None
            watch = asyncio.create_task(desk.watch_keys())
            exits.callback(watch.cancel)
            exits.push_async_callback(self._stop, desk, server)
            self._exit = exits.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    async def _stop(self, desk: Desk, server: RestServer) -> None:
        desk.stopping = True
        for stack in desk.stacks.values():
            await stack.stop()
        await server.stop()
        if self.config.rest.on_stop == "cancel":
            await cancel_everything(self.engine)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def cancel_everything(engine: ExecutionEngine, quiet_s: float = 5.0) -> None:
    """Cancel every open graph and wait until the venues have confirmed it, or `quiet_s`."""
    await engine.flush()
    for stored in list(engine.queries.open_graphs()):
        try:
            await engine.cancel(stored.row.graph_id, client_id=stored.client_id)
        except EngineError as error:
            log.warning("graph %s could not be cancelled: %s", stored.row.graph_id, error)
    for _ in range(int(quiet_s / 0.02)):
        await engine.flush()
        if not list(engine.queries.open_graphs()):
            return
        await asyncio.sleep(0.02)
    log.warning("some orders were still open after %s s; the next start goes on with them", quiet_s)
