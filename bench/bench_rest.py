"""What the REST facade costs beside a bare aiohttp handler: requests a second, and latency.

Server on one core, client on the other, one after the other within one run, several rounds:

    python -m bench.bench_rest [rounds]
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from statistics import median
from typing import cast

import msgspec
import uvloop

__all__ = ["bench_a_facade_answers"]

CONNECTIONS = 32
REQUESTS = 6_000
PROBES = 1_500
BODY = (
    b'{"nodes":[{"node_id":"order","instrument":{"symbol":"BTC-USD","type":"spot","venue":null},'
    b'"side":"buy","order_type":"market","quantity":{"fixed":{"qty_1e8":100000}},"execution":{},'
    b'"activation":"root"}],"edges":[],"is_sandbox":true}'
)
FORECAST = "/v1/execution/forecast?symbol=BTC-USD&side=buy&qty=1"


class Measured(msgspec.Struct):
    """One server in one round; `orders`, `fills` and `cpu_s` are the facade's own account."""

    requests_a_second: float
    order_us: float
    forecast_us: float
    orders: int = 0
    fills: int = 0
    cpu_s: float = 0.0
    drained_s: float = 0.0


def bench_a_facade_answers(benchmark: object) -> None:
    """Smoke: the whole comparison at a small size."""
    bare, full = compare(requests=64, probes=8, cores=False)
    assert full.orders == 64 + 8 + WARM * 2
    assert full.fills >= full.orders
    assert bare.requests_a_second > 0
    benchmark(lambda: None)  # type: ignore[operator]  # the figures are taken above


WARM = 32


def compare(
    *, requests: int = REQUESTS, probes: int = PROBES, cores: bool = True, durability: str = "async"
) -> tuple[Measured, Measured]:
    """(bare, facade) of one round."""
    found = []
    for words in (["bare"], ["facade", "--durability", durability]):
        found.append(measure(words, requests, probes, cores))
    return found[0], found[1]


def measure(words: list[str], requests: int, probes: int, cores: bool) -> Measured:
    """Start the server, load it, and ask what became of it."""
    command = [sys.executable, "-m", "bench.rest_servers", *words]
    if cores:
        command += ["--core", "0"]
        os.sched_setaffinity(0, {1})
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        host, _, port = url.removeprefix("http://").partition(":")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(load(host, int(port), key, requests, probes))
        started = time.perf_counter()
        process.stdin.write("end\n")
        process.stdin.flush()
        last = process.stdout.readline().split()
        if len(last) == 3:
            found.orders, found.fills = int(last[0]), int(last[1])
            found.cpu_s = float(last[2])
            found.drained_s = time.perf_counter() - started
    return found


async def load(host: str, port: int, key: str, requests: int, probes: int) -> Measured:
    """Latency of one connection, then throughput of many."""
    order = request_of("POST", "/v1/orders", key, BODY)
    forecast = request_of("GET", FORECAST, key, b"")
    one = await Peer.connect(host, port)
    for _ in range(WARM):
        await one.ask(order)
    order_us = await median_us(one, order, probes)
    status = await one.ask(forecast)
    forecast_us = await median_us(one, forecast, probes) if status == 200 else float("nan")
    peers = [await Peer.connect(host, port) for _ in range(CONNECTIONS)]
    for peer in peers:
        await peer.ask(order)
    each = requests // CONNECTIONS
    started = time.perf_counter()
    await asyncio.gather(*(many(peer, order, each) for peer in peers))
    took = time.perf_counter() - started
    for peer in (one, *peers):
        peer.close()
    return Measured(each * CONNECTIONS / took, order_us, forecast_us)


async def median_us(peer: Peer, request: bytes, count: int) -> float:
    """Median time to the answer."""
    times = []
    for _ in range(count):
        started = time.perf_counter_ns()
        await peer.ask(request)
        times.append(time.perf_counter_ns() - started)
    return median(times) / 1_000


async def many(peer: Peer, request: bytes, count: int) -> None:
    """Ask again as soon as it is answered."""
    for _ in range(count):
        status = await peer.ask(request)
        assert status == 200, f"answered {status}"


def request_of(method: str, path: str, key: str, body: bytes) -> bytes:
    """The request as it goes over the wire."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Peer(asyncio.Protocol):
    """A keep-alive connection that costs the client next to nothing."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[int] | None = None
        self.buffer = b""

    @classmethod
    async def connect(cls, host: str, port: int) -> Peer:
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_connection(cls, host, port)
        return peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        place = head.lower().index(b"content-length:")
        length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        if len(rest) >= length and self.waiter is not None:
            self.buffer = b""
            waiter, self.waiter = self.waiter, None
            waiter.set_result(int(head[9:12]))

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        assert self.transport is not None
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.waiter

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()


def main() -> None:
    """Rounds of both, and the ratios that count."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    durability = sys.argv[2] if len(sys.argv) > 2 else "async"
    shares, slower = [], []
    for _ in range(rounds):
        bare, full = compare(durability=durability)
        shares.append(full.requests_a_second / bare.requests_a_second)
        slower.append(full.order_us / bare.order_us)
        print(
            f"bare {bare.requests_a_second:,.0f}/s p50 {bare.order_us:.0f} us | facade "
            f"{full.requests_a_second:,.0f}/s p50 {full.order_us:.0f} us, forecast "
            f"{full.forecast_us:.0f} us (bare {bare.forecast_us:.0f}); {full.orders} orders, "
            f"{full.fills} fills, {full.cpu_s / max(1, full.orders) * 1e6:.0f} us CPU an order, "
            f"drained in {full.drained_s:.2f} s"
        )
    print(f"share of requests {median(shares):.2f} (goal 0.25); p50 {median(slower):.2f}x (goal 2)")


if __name__ == "__main__":
    main()
