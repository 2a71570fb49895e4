"""The desk: keys, limits and trails shared by all, and one stack of services an environment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from engine.model.instruments import Environment
from engine.service.access.audit import Audit
from engine.service.access.buckets import Buckets, LockOut
from engine.service.access.keys import KeyStore
from engine.service.access.scopes import Caller
from engine.service.access.tickets import Tickets
from engine.service.access.vault import Vault
from engine.service.api_error import ApiError, ErrorCode
from engine.service.engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.markets.board import Markets
from engine.service.markets.settlement import Redemption
from engine.service.portfolio.board import Portfolio
from engine.service.quotes.board import Quotes
from engine.service.rest.hosts import Hosts
from engine.service.rest.idempotency import IdempotencyKeys
from engine.service.rest.reads import ReadThread
from engine.service.rest.requests_log import RequestLog
from engine.service.rest.stream.hub import Hub

__all__ = ["Desk", "Stack"]

WATCH_S = 1.0


class Stack:
    """One environment's engine and the services over it. A key reaches the stack of its own
    environment and no other, so that a sandbox key has no way to a live venue."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self.engine = engine
        self.portfolio = Portfolio(engine)
        self.markets = Markets(engine, on_redeem=self._redeem)
        self.quotes = Quotes(engine, resolve=self.markets.resolve)
        self.intelligence = Intelligence(engine, self.quotes)
        self.hub = Hub(engine, self.quotes)
        store = engine.journal_parts[0]
        assert store.path is not None, "an engine's journal is a file"
        self.reads = ReadThread(store.path)
        self.idempotency = IdempotencyKeys(*engine.journal_parts, time.time_ns)

    async def start(self) -> None:
        """Begin what runs beside requests."""
        await self.portfolio.start()
        await self.markets.start()
        self.intelligence.start()

    async def stop(self) -> None:
        """End it: streams are closed, nothing polls any more. May be called twice."""
        await self.hub.stop()
        await self.markets.close()
        self.intelligence.close()

    def close(self) -> None:
        """Close the files, once no request is being answered."""
        self.reads.close()
        self.portfolio.close()

    async def _redeem(self, claim: Redemption) -> int | None:
        paid = await self.portfolio.redeem(
            claim.client_id, claim.venue, claim.symbol, claim.payoffs_1e9[0]
        )
        return paid.paid_usd_1e9 if paid.qty_1e8 else None


class Desk:
    """What every request stands on."""

    def __init__(
        self,
        stacks: Mapping[Environment, Stack],
        keys: KeyStore,
        vault: Vault,
        audit: Audit,
        requests: RequestLog,
        *,
        hosts: Hosts | None = None,
        buckets: Buckets | None = None,
    ) -> None:
        self.stacks = dict(stacks)
        self.keys = keys
        self.vault = vault
        self.audit = audit
        self.requests = requests
        self.hosts = Hosts() if hosts is None else hosts
        self.buckets = Buckets() if buckets is None else buckets
        self.lock_out = LockOut()
        self.tickets = Tickets()
        self.stopping = False

    def stack_of(self, environment: Environment) -> Stack:
        """ApiError 501 where this server has no venues of that environment."""
        stack = self.stacks.get(environment)
        if stack is None:
            kind = "live venues; use a seq_test_ key"
            if environment is Environment.SANDBOX:
                kind = "sandbox; use a seq_live_ key"
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, f"this server has no {kind}")
        if self.stopping:
            text = "the server is stopping; ask again once it is back"
            raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, text, retryable=True)
        return stack

    def keys_of(self, environment: Environment) -> IdempotencyKeys:
        """The idempotency keys of an environment."""
        return self.stack_of(environment).idempotency

    def authenticate(self, key: str, peer: str) -> Caller:
        """Whose key it is; ApiError 401, always in the same words, for one that is not valid."""
        caller = self.keys.authenticate(key)
        if caller is None and self.keys.refresh():
            # Made a moment ago by another process.
            caller = self.keys.authenticate(key)
        if caller is not None:
            return caller
        # Right keys of the same address go on: one bad script must not stop a kill switch.
        held_ns = self.lock_out.failed(peer, time.monotonic_ns())
        if held_ns:
            wait_ms = -(-held_ns // 1_000_000)
            text = "too many wrong keys came from this address; wait"
            raise ApiError(ErrorCode.RATE_LIMITED, text, retryable=True, retry_after_ms=wait_ms)
        raise unauthorized()

    async def watch_keys(self) -> None:
        """End streams whose keys were revoked or ran out, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_S)
            for stack in self.stacks.values():
                for key_id in sorted(stack.hub.key_ids):
                    if not self.keys.active(key_id):
                        stack.hub.end_key(key_id)

    def redeem_ticket(self, ticket: str) -> Caller:
        """Whose ticket it is, once."""
        caller = self.tickets.redeem(ticket)
        if caller is None or not self.keys.active(caller.key_id):
            raise unauthorized()
        return caller


def unauthorized() -> ApiError:
    """The one answer to any key that is not valid."""
    text = "a valid API key is needed: 'Authorization: Bearer seq_...'; see 'execgraph keys'"
    return ApiError(ErrorCode.UNAUTHORIZED, text)
