"""The client for programs with an event loop: every verb is a coroutine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from engine.client import account_verbs, market_verbs, trading_verbs
from engine.client.market_results import Market
from engine.client.request import JsonObject, Request, same_parameters
from engine.client.stream import StreamEvent, events, lifecycle_events
from engine.client.transport import BASE_URL, TIMEOUT_S, Transport

__all__ = ["AsyncClient"]

P = ParamSpec("P")
T = TypeVar("T")
Verb = Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]
NEW_MARKETS = "/v1/ws/new_markets"
RESOLVED_MARKETS = "/v1/ws/market_resolved"
PAGE = 500


def _sent(build: Callable[P, Request[T]]) -> Verb[P, T]:
    """The verb as a coroutine method: same parameters, same docstring, the request's answer."""

    @wraps(build)
    async def verb(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.send(build(*args, **kwargs))

    same_parameters(verb, build)
    return verb


class AsyncClient:
    """One key's access to one server, on one event loop.

    Verbs answer typed, immutable structs or raise `ClientError`. Reads are retried; writes too,
    because each carries an idempotency key of its own.
    """

    def __init__(
        self, api_key: str, base_url: str = BASE_URL, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._transport = Transport(api_key, base_url, timeout_s=timeout_s)

    def __repr__(self) -> str:
        return f"AsyncClient({self._transport.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def base_url(self) -> str:
        """Where the server is."""
        return self._transport.base_url

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def send(self, request: Request[T]) -> T:
        """Send any request, also one that has no verb."""
        return await self._transport.send(request)

    def stream(
        self,
        channels: Sequence[str],
        *,
        resume_from: int | None = None,
        reconnect: bool = True,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Events of the channels until the reader stops, without a gap over lost connections."""
        return events(self._transport, channels, resume_from=resume_from, reconnect=reconnect)

    def stream_new_markets(self) -> AsyncGenerator[JsonObject, None]:
        """Prediction markets as they are listed, the latest ones first of all."""
        return lifecycle_events(self._transport, NEW_MARKETS)

    def stream_resolved_markets(self) -> AsyncGenerator[JsonObject, None]:
        """Prediction markets as they resolve."""
        return lifecycle_events(self._transport, RESOLVED_MARKETS)

    async def iter_markets(
        self, venue: str = "polymarket", *, expand: str | None = None, closed: bool = False
    ) -> AsyncGenerator[Market, None]:
        """Every market of a venue, page by page."""
        cursor: str | None = None
        while True:
            page = await self.markets(
                venue, expand=expand, closed=closed, limit=PAGE, cursor=cursor
            )
            for market in page.markets:
                yield market
            cursor = page.next_cursor
            if not page.has_more or cursor is None:
                return

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
