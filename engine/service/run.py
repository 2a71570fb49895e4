"""What a submit gives back: the run of a graph, its state, and the changes it goes through."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Self

from engine.errors import GraphError, JournalError, Reason
from engine.messages import CommandAnswer, SubmitAnswer, Subscribe, Unsubscribe
from engine.model.dry_run import DryRunReport
from engine.model.graph import GraphStatus, Urgency
from engine.model.records import GraphChanged, JournalEntry
from engine.runtime.actor import ActorRef
from engine.runtime.live_driver import LiveDriver
from engine.service.graph_view import GraphState

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["Changes", "GraphRun"]


class GraphRun:
    """A submitted graph. `accepted` says whether it runs; if not, `reason` and `text` say why."""

    def __init__(self, engine: ExecutionEngine, client_id: str, answer: SubmitAnswer) -> None:
        self._engine = engine
        self._client_id = client_id
        self.answer = answer

    @property
    def graph_id(self) -> str:
        return self.answer.graph_id

    @property
    def accepted(self) -> bool:
        return self.answer.reason is Reason.NONE

    @property
    def reason(self) -> Reason:
        return self.answer.reason

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def faults(self) -> tuple[tuple[str, str], ...]:
        """Every fault of a refused graph, as (path, sentence)."""
        return self.answer.faults

    @property
    def report(self) -> DryRunReport | None:
        """What a dry run found; None for a real submission."""
        return self.answer.report

    async def status(self) -> GraphState:
        """The state now; GraphError for what was refused and never became a graph."""
        if not self.accepted or not self.graph_id:
            why = "this was a dry run" if self.accepted else f"the order was refused: {self.text}"
            raise GraphError(f"there is no graph to look at; {why}")
        return await self._engine.status(self.graph_id, client_id=self._client_id)

    async def cancel(self) -> GraphState:
        """Cancel what still works."""
        return await self._engine.cancel(self.graph_id, client_id=self._client_id)

    async def pause(self, reason: str = "") -> CommandAnswer:
        """Freeze it and pull what rests, until `resume`."""
        return await self._engine.pause(self.graph_id, reason, client_id=self._client_id)

    async def resume(self) -> CommandAnswer:
        """Go on from what is true now."""
        return await self._engine.resume(self.graph_id, client_id=self._client_id)

    async def cancel_node(self, node_id: str) -> CommandAnswer:
        """Cancel one node; its edges act on that."""
        return await self._engine.cancel_node(self.graph_id, node_id, client_id=self._client_id)

    async def amend_node(
        self,
        node_id: str,
        *,
        qty_1e8: int | None = None,
        limit_1e9: int | None = None,
        urgency: Urgency | None = None,
        max_slippage_bps: int | None = None,
        horizon_ms: int | None = None,
    ) -> CommandAnswer:
        """New terms for a running node; only what is given changes."""
        return await self._engine.amend_node(
            self.graph_id,
            node_id,
            qty_1e8=qty_1e8,
            limit_1e9=limit_1e9,
            urgency=urgency,
            max_slippage_bps=max_slippage_bps,
            horizon_ms=horizon_ms,
            client_id=self._client_id,
        )

    async def changes(self) -> AsyncIterator[JournalEntry]:
        """Durable entries of this graph from now on, to its end."""
        stream = self._engine.changes(graph_id=self.graph_id, client_id=self._client_id)
        try:
            if (await self.status()).ended:
                return
            async for entry in stream:
                yield entry
                if isinstance(entry.payload, GraphChanged) and entry.payload.status in ENDED:
                    return
        finally:
            await stream.aclose()

    async def done(self, timeout_s: float | None = None) -> GraphState:
        """Wait for the end and return the final state; TimeoutError past `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            async for _ in self.changes():
                pass
        return await self.status()


ENDED = (GraphStatus.COMPLETED, GraphStatus.CANCELLED, GraphStatus.FAILED)


class Changes(AsyncIterator[JournalEntry]):
    """A subscription from its making on. A reader that falls `backlog_max` behind is cut off."""

    def __init__(
        self,
        driver: LiveDriver,
        stream: ActorRef,
        client_id: str | None,
        graph_id: str | None,
        backlog_max: int,
    ) -> None:
        self._driver = driver
        self._stream = stream
        self._backlog: deque[JournalEntry] = deque()
        self._backlog_max = backlog_max
        self._wake: asyncio.Event = asyncio.Event()
        self._cut_off = False
        driver.tell(stream, Subscribe(self, client_id, graph_id))

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Called by the stream actor."""
        if not entries or len(self._backlog) + len(entries) > self._backlog_max:
            self._cut_off = True
            self._wake.set()
            return False
        self._backlog.extend(entries)
        self._wake.set()
        return True

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JournalEntry:
        while not self._backlog:
            if self._cut_off:
                raise JournalError("this reader fell too far behind and was cut off; ask again")
            self._wake.clear()
            await self._wake.wait()
        return self._backlog.popleft()

    async def aclose(self) -> None:
        """End the subscription."""
        self._driver.tell(self._stream, Unsubscribe(self))
