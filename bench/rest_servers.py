"""The servers that the REST benchmark compares, each a process on its own core.

`python -m bench.rest_servers bare` is an aiohttp handler that decodes the body and answers the
same bytes; `facade` is the whole service in the sandbox with its journal on disk.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile

import msgspec
import uvloop
from aiohttp import web

from engine.model.graph import Graph
from engine.service.access.scopes import Scope
from engine.service.config import EngineConfig, RestConfig, SandboxVenues
from engine.service.rest.service import RestService

__all__ = ["main"]

ANSWER = (
    b'{"graph_id":"graph_0123456789abcdef0123456789abcdef","status":"active",'
    b'"node_count":1,"edge_count":0,"dry_run":null}'
)
DRAIN_S = 60.0


async def bare() -> None:
    """Decode the graph, answer."""
    decode = msgspec.json.Decoder(Graph).decode

    async def submit(request: web.Request) -> web.Response:
        decode(await request.read())
        return web.Response(body=ANSWER, content_type="application/json")

    async def forecast(request: web.Request) -> web.Response:
        return web.Response(body=ANSWER, content_type="application/json")

    application = web.Application()
    application.router.add_post("/v1/orders", submit)
    application.router.add_get("/v1/execution/forecast", forecast)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]} none", flush=True)
    await until_told()
    await runner.cleanup()


async def facade(durability: str) -> None:
    """The service; at the end it tells how many orders were filled, once nothing is open."""
    with tempfile.TemporaryDirectory() as folder:
        config = EngineConfig(
            venues=SandboxVenues(rate_limits=False),
            data_dir=folder,
            durability="accepted" if durability == "accepted" else "async",
            rest=RestConfig(port=0, requests_per_second=1_000_000),
        )
        async with RestService(config) as service:
            scopes = frozenset({Scope.ADMIN})
            _, raw = service.desk.keys.create("bench", True, scopes)
            print(f"{service.url} {raw}", flush=True)
            await until_told()
            print(await drained(service), flush=True)


async def drained(service: RestService) -> str:
    """Orders, fills and the CPU that this process took, once no graph is open."""
    engine = service.engine
    for _ in range(int(DRAIN_S / 0.05)):
        await engine.flush()
        if not next(engine.queries.open_graphs(), None):
            break
        await asyncio.sleep(0.05)
    account = engine.queries.account("local", engine.environment)
    times = os.times()
    orders, fills = (0, 0) if account is None else (account.order_count, account.fill_count)
    return f"{orders} {fills} {times.user + times.system:.3f}"


async def until_told() -> None:
    """A line on standard input ends it."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)


def main() -> None:
    """Run one of them on the core that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("which", choices=("bare", "facade"))
    parser.add_argument("--core", type=int)
    parser.add_argument("--durability", default="async")
    options = parser.parse_args()
    if options.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {options.core})
    run = bare() if options.which == "bare" else facade(options.durability)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run)


if __name__ == "__main__":
    main()
