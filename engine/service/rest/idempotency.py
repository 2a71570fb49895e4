"""Idempotency keys: the same write again gets the first answer, also after a restart."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

import msgspec

from engine.errors import JournalError
from engine.service.api_error import ApiError, ErrorCode
from engine.store.journal import SqliteStore
from engine.store.queries import Queries
from engine.store.writer import WriterThread

log = logging.getLogger("execgraph.rest")

__all__ = ["Answered", "IdempotencyKeys", "graph_id_of_key"]

KEPT_NS = 24 * 3_600 * 1_000_000_000
PRUNE_NS = 600 * 1_000_000_000
WAITING_MAX = 8_192
NO_ANSWER = "has no answer to give again (cut off by a restart, or shown once); look at what it did"


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """The first answer to a key; status 0 while it is not known to have come to an end."""

    status: int
    body: bytes


Row = tuple[str, str, bytes, bytes, int]
# A row, the sequence that must be durable before it, and who waits for it.
Waiting = tuple[Row, int, asyncio.Future[None] | None]


class IdempotencyKeys:
    """The keys of one environment, in the journal's database for 24 hours.

    A request that must not run twice claims its key on disk before it is worked on: a crash in
    between leaves a claim, and the same key is then told that the outcome is unknown. Others
    (a submit names its graph by its key) run again and come to the same. Answers that wait for
    the writer's thread are written in one transaction; at most `waiting_max` wait.
    """

    def __init__(
        self,
        store: SqliteStore,
        queries: Queries,
        writer: WriterThread,
        now_ns: Callable[[], int],
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self.store = store
        self.queries = queries
        self.writer = writer
        self.now_ns = now_ns
        self.waiting_max = waiting_max
        self.working: dict[tuple[str, str], bytes] = {}
        # Not yet on disk, the newest of each key.
        self.recent: dict[tuple[str, str], Row] = {}
        self.waiting: list[Waiting] = []
        self.guard = threading.Lock()
        self.pruned_ns = 0

    async def claim(
        self, client_id: str, key: str, fingerprint: bytes, *, durable: bool
    ) -> Answered | None:
        """The answer to give, None to go on; ApiError 409 for another body or one at work."""
        name = client_id, key
        running = self.working.get(name)
        if running is not None:
            if running != fingerprint:
                raise _other()
            raise _conflict("is being worked on; ask again in a moment", True)
        row = self.recent.get(name)
        kept = (row[2], row[3]) if row is not None else self.queries.answer(client_id, key)
        if kept is not None and kept[1]:
            return self._known(kept, fingerprint)
        self.working[name] = fingerprint
        if durable:
            try:
                await self._put(client_id, key, fingerprint, Answered(0, b""), wait=True)
            except BaseException:
                del self.working[name]
                raise
        return None

    async def keep(
        self,
        client_id: str,
        key: str,
        fingerprint: bytes,
        answer: Answered | None,
        *,
        durable: bool,
    ) -> None:
        """Keep the answer; None gives the key free again, for a request that changed nothing."""
        try:
            if answer is not None or durable:
                await self._put(client_id, key, fingerprint, answer, wait=durable)
        finally:
            self.working.pop((client_id, key), None)

    def _known(self, kept: tuple[bytes, bytes], fingerprint: bytes) -> Answered:
        first, packed = kept
        if first != fingerprint:
            raise _other()
        answer = msgspec.msgpack.decode(packed, type=Answered)
        if answer.status == 0:
            raise _conflict(NO_ANSWER, False)
        return answer

    async def _put(
        self,
        client_id: str,
        key: str,
        fingerprint: bytes,
        answer: Answered | None,
        *,
        wait: bool,
    ) -> None:
        loop = asyncio.get_running_loop()
        packed = b"" if answer is None else msgspec.msgpack.encode(answer)
        row = (client_id, key, fingerprint, packed, self.now_ns())
        done = loop.create_future() if wait else None
        after_seq = self.writer.queued_seq
        with self.guard:
            first = not self.waiting
            full = len(self.waiting) >= self.waiting_max
            if not full:
                self.waiting.append((row, after_seq, done))
        # An answer is on disk only after what it tells of: a crash must not keep the one alone.
        if first and not self.writer.call(lambda: self._write(loop), after_groups=True):
            full = True
            with self.guard:
                self.waiting.clear()
        if full:
            text = "too many writes with keys are waiting for the disk; try again"
            raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, text, retryable=True)
        self.recent[client_id, key] = row
        if done is not None:
            await done

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """On the writer's thread: all that waits and may be kept, in one transaction."""
        durable = self.store.last_seq
        with self.guard:
            batch = [one for one in self.waiting if one[1] <= durable]
            self.waiting = [one for one in self.waiting if one[1] > durable]
            more = bool(self.waiting)
        if more and not self.writer.call(lambda: self._write(loop), after_groups=True):
            # The writer is stopping: what it cannot make durable has no answer to keep either.
            log.warning("answers to %d requests were not kept", len(self.waiting))
        if not batch:
            return
        fault: JournalError | None = None
        try:
            self.store.put_answers([row for row, _, _ in batch])
            now_ns = self.now_ns()
            if now_ns - self.pruned_ns > PRUNE_NS:
                self.pruned_ns = now_ns
                self.store.forget_answers(now_ns - KEPT_NS)
        except JournalError as error:
            fault = error
        with suppress(RuntimeError):  # the loop has gone; whoever waited has gone with it
            loop.call_soon_threadsafe(self._written, batch, fault)

    def _written(self, batch: list[Waiting], fault: JournalError | None) -> None:
        for row, _, done in batch:
            if self.recent.get(row[:2]) is row:
                del self.recent[row[:2]]
            if done is not None and not done.done():
                if fault is None:
                    done.set_result(None)
                else:
                    done.set_exception(fault)


def graph_id_of_key(client_id: str, key: str) -> str:
    """The graph id of a submit that names none: the same key is the same graph for ever."""
    digest = hashlib.sha256(f"{client_id}\n{key}".encode()).hexdigest()
    return f"graph_{digest[:32]}"


def _other() -> ApiError:
    text = "this Idempotency-Key was used with another request; use a new one"
    return ApiError(ErrorCode.CONFLICT, text, [("Idempotency-Key", "was used for another body")])


def _conflict(what: str, retryable: bool) -> ApiError:
    text = f"the first request with this Idempotency-Key {what}"
    return ApiError(
        ErrorCode.CONFLICT,
        text,
        [("Idempotency-Key", what)],
        retryable=retryable,
        retry_after_ms=500 if retryable else None,
    )
