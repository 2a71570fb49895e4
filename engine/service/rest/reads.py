"""Long reads of the record on a thread of their own, so that no list holds up an order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.service.api_error import ApiError, ErrorCode
from engine.store.queries import Queries

__all__ = ["ReadThread"]

WAITING_MAX = 64
T = TypeVar("T")


class ReadThread:
    """One thread with a connection of its own. At most 64 reads wait; further ones are 503."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="execgraph-reads")
        self._queries: Queries | None = None

    async def run(self, read: Callable[[Queries], T]) -> T:
        """What `read` finds; it must not touch anything but the queries."""
        if self.waiting >= WAITING_MAX:
            text = "too many long reads are waiting; ask again, or for fewer rows at a time"
            code = ErrorCode.SERVICE_UNAVAILABLE
            raise ApiError(code, text, retryable=True, retry_after_ms=1_000)
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._read, read)
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """End the thread once its reads are done."""
        self._pool.submit(self._end).result()
        self._pool.shutdown()

    def _read(self, read: Callable[[Queries], T]) -> T:
        if self._queries is None:
            self._queries = Queries(self.path)
        return read(self._queries)

    def _end(self) -> None:
        if self._queries is not None:
            self._queries.close()
            self._queries = None
