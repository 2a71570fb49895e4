"""Long reads: on another thread, the same rows, and a bound on how many wait."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from engine.model.instruments import Environment
from engine.service.api_error import ApiError
from engine.service.rest.reads import WAITING_MAX, ReadThread
from engine.store.journal import SqliteStore
from tests.support.journals import story

SANDBOX = Environment.SANDBOX


def journal(path: Path) -> Path:
    store = SqliteStore(path)
    store.commit(story(60))
    store.close()
    return path


def test_reads_run_elsewhere_and_find_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        reads = ReadThread(journal(tmp_path / "a.db"))
        here = threading.get_ident()
        assert await reads.run(lambda queries: threading.get_ident()) != here
        numbers = await reads.run(lambda queries: queries.last_numbers())
        page = await reads.run(lambda queries: queries.orders(None, SANDBOX, limit=1_000))
        assert numbers[1] > 0
        assert page.total == len(page.rows) > 0
        reads.close()

    asyncio.run(main())


def test_too_many_that_wait_are_refused_and_errors_come_through(tmp_path: Path) -> None:
    async def main() -> None:
        reads = ReadThread(journal(tmp_path / "a.db"))
        go = threading.Event()
        tasks = [
            asyncio.create_task(reads.run(lambda queries: go.wait(30))) for _ in range(WAITING_MAX)
        ]
        await asyncio.sleep(0)
        with pytest.raises(ApiError, match="too many long reads"):
            await reads.run(lambda queries: True)
        go.set()
        assert all(await asyncio.gather(*tasks))
        with pytest.raises(ZeroDivisionError):
            await reads.run(lambda queries: 1 // 0)
        assert reads.waiting == 0
        reads.close()

    asyncio.run(main())


def test_closing_without_a_read_is_nothing(tmp_path: Path) -> None:
    ReadThread(tmp_path / "none.db").close()
