"""The client for programs without an event loop: every verb blocks until its answer is there."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from engine.client import account_verbs, market_verbs, trading_verbs
from engine.client.async_client import AsyncClient
from engine.client.market_results import Market
from engine.client.request import JsonObject, Request, same_parameters
from engine.client.stream import StreamEvent
from engine.client.transport import BASE_URL, TIMEOUT_S

__all__ = ["Client"]

P = ParamSpec("P")
T = TypeVar("T")
Verb = Callable[Concatenate["Client", P], T]


def _sent(build: Callable[P, Request[T]]) -> Verb[P, T]:
    """The verb as a blocking method: same parameters, same docstring, the request's answer."""

    @wraps(build)
    def verb(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.send(build(*args, **kwargs))

    same_parameters(verb, build)
    return verb


class Client:
    """One key's access to one server, from any number of threads.

    A loop on a thread of its own does the sending, so that there is one transport with one set of
    rules for both clients. Close it, or use it in a `with` block; a closed client cannot be used.
    """

    def __init__(
        self, api_key: str, base_url: str = BASE_URL, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._client = AsyncClient(api_key, base_url, timeout_s=timeout_s)
        self._loop = asyncio.new_event_loop()
        self._closing = threading.Lock()
        # Streams that are being read, so that closing ends them too.
        self._streams: dict[int, AsyncGenerator[Any, None]] = {}
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="execgraph-client", daemon=True
        )
        self._thread.start()

    def __repr__(self) -> str:
        return f"Client({self._client.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections and end the thread; closing twice does nothing."""
        with self._closing:
            if self._loop.is_closed():
                return
            for source in list(self._streams.values()):
                # One that another thread waits on ends when its connection is closed below.
                with contextlib.suppress(RuntimeError):
                    self._await(source.aclose())
            self._await(self._client.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def send(self, request: Request[T]) -> T:
        """Send any request, also one that has no verb."""
        return self._await(self._client.send(request))

    def stream(
        self,
        channels: Sequence[str],
        *,
        resume_from: int | None = None,
        reconnect: bool = True,
    ) -> Iterator[StreamEvent]:
        """Events of the channels until the reader stops, without a gap over lost connections."""
        return self._iterate(
            self._client.stream(channels, resume_from=resume_from, reconnect=reconnect)
        )

    def stream_new_markets(self) -> Iterator[JsonObject]:
        """Prediction markets as they are listed, the latest ones first of all."""
        return self._iterate(self._client.stream_new_markets())

    def stream_resolved_markets(self) -> Iterator[JsonObject]:
        """Prediction markets as they resolve."""
        return self._iterate(self._client.stream_resolved_markets())

    def iter_markets(
        self, venue: str = "polymarket", *, expand: str | None = None, closed: bool = False
    ) -> Iterator[Market]:
        """Every market of a venue, page by page."""
        return self._iterate(self._client.iter_markets(venue, expand=expand, closed=closed))

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        """The outcome of `work`, which runs on the client's own loop."""
        if self._loop.is_closed():
            work.close()
            raise RuntimeError("this client is closed; make a new one")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            # An interrupted wait must not leave the work going on.
            future.cancel()

    def _iterate(self, source: AsyncGenerator[T, None]) -> Iterator[T]:
        """`source` one item at a time; leaving early closes its connection."""
        self._streams[id(source)] = source
        try:
            while True:
                try:
                    item = self._await(anext(source))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            self._streams.pop(id(source), None)
            if not self._loop.is_closed():
                self._await(source.aclose())

    depth = _sent(market_verbs.depth)
    edges = _sent(market_verbs.edges)
    fees = _sent(market_verbs.fees)
    funding_history = _sent(market_verbs.funding_history)
    funding_rates = _sent(market_verbs.funding_rates)
    health = _sent(market_verbs.health)
    markets = _sent(market_verbs.markets)
    preview = _sent(market_verbs.preview)
    price_history = _sent(market_verbs.price_history)
    quote = _sent(market_verbs.quote)
    quotes = _sent(market_verbs.quotes)
    quotes_batch = _sent(market_verbs.quotes_batch)
    routing = _sent(market_verbs.routing)
    settlement = _sent(market_verbs.settlement)
    slippage = _sent(market_verbs.slippage)
    symbols = _sent(market_verbs.symbols)
    venue_quality = _sent(market_verbs.venue_quality)

    amend = _sent(trading_verbs.amend)
    amend_node = _sent(trading_verbs.amend_node)
    batch = _sent(trading_verbs.batch)
    buy = _sent(trading_verbs.buy)
    cancel = _sent(trading_verbs.cancel)
    cancel_all_on_venue = _sent(trading_verbs.cancel_all_on_venue)
    decrease = _sent(trading_verbs.decrease)
    dry_run = _sent(trading_verbs.dry_run)
    fills = _sent(trading_verbs.fills)
    graph = _sent(trading_verbs.graph)
    graph_status = _sent(trading_verbs.graph_status)
    kill_switch_clear = _sent(trading_verbs.kill_switch_clear)
    kill_switch_engage = _sent(trading_verbs.kill_switch_engage)
    order = _sent(trading_verbs.order)
    orders = _sent(trading_verbs.orders)
    pause = _sent(trading_verbs.pause)
    redeem = _sent(trading_verbs.redeem)
    resume = _sent(trading_verbs.resume)
    sell = _sent(trading_verbs.sell)
    trace = _sent(trading_verbs.trace)

    ab_report = _sent(account_verbs.ab_report)
    account = _sent(account_verbs.account)
    api_keys = _sent(account_verbs.api_keys)
    connect_venue = _sent(account_verbs.connect_venue)
    create_api_key = _sent(account_verbs.create_api_key)
    decisions = _sent(account_verbs.decisions)
    disconnect_venue = _sent(account_verbs.disconnect_venue)
    forecast = _sent(account_verbs.forecast)
    live = _sent(account_verbs.live)
    observations = _sent(account_verbs.observations)
    positions = _sent(account_verbs.positions)
    review = _sent(account_verbs.review)
    revoke_api_key = _sent(account_verbs.revoke_api_key)
    risk_limits = _sent(account_verbs.risk_limits)
    rotate_api_key = _sent(account_verbs.rotate_api_key)
    sandbox_reset = _sent(account_verbs.sandbox_reset)
    set_sandbox_positions = _sent(account_verbs.set_sandbox_positions)
    simulate = _sent(account_verbs.simulate)
    simulate_runs = _sent(account_verbs.simulate_runs)
    simulation_job = _sent(account_verbs.simulation_job)
    summary = _sent(account_verbs.summary)
    venues = _sent(account_verbs.venues)
