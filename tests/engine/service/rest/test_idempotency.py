"""Keys: the first answer again, another body refused, claims that survive a crash, group writes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.service.api_error import ApiError
from engine.service.rest.idempotency import (
    KEPT_NS,
    PRUNE_NS,
    Answered,
    IdempotencyKeys,
    graph_id_of_key,
)
from engine.store.journal import SqliteStore
from engine.store.queries import Queries
from engine.store.writer import WriterThread
from tests.support.journals import story

ONE, TWO = b"fingerprint one", b"fingerprint two"
DONE = Answered(200, b'{"a":1}')


class Rig:
    """Keys over a real store; `now_ns` is set by the test."""

    def __init__(self, path: Path) -> None:
        self.now_ns = KEPT_NS
        self.store = SqliteStore(path)
        self.writer = WriterThread(self.store, lambda _: None, lambda _: None)
        self.queries = Queries(self.store)
        self.keys = IdempotencyKeys(self.store, self.queries, self.writer, lambda: self.now_ns)

    def close(self) -> None:
        self.writer.stop()
        self.queries.close()
        self.store.close()


def run(path: Path, test: Callable[[Rig], Awaitable[None]]) -> None:
    async def main() -> None:
        rig = Rig(path)
        try:
            await test(rig)
        finally:
            rig.close()

    asyncio.run(main())


@pytest.mark.parametrize("durable", [False, True])
def test_the_first_answer_is_given_again_also_after_a_restart(
    tmp_path: Path, durable: bool
) -> None:
    async def first(rig: Rig) -> None:
        assert await rig.keys.claim("a", "k", ONE, durable=durable) is None
        await rig.keys.keep("a", "k", ONE, DONE, durable=durable)
        assert await rig.keys.claim("a", "k", ONE, durable=durable) == DONE

    async def second(rig: Rig) -> None:
        assert await rig.keys.claim("a", "k", ONE, durable=durable) == DONE
        assert await rig.keys.claim("b", "k", TWO, durable=durable) is None
        with pytest.raises(ApiError, match="another request"):
            await rig.keys.claim("a", "k", TWO, durable=durable)

    run(tmp_path / "a.db", first)
    run(tmp_path / "a.db", second)


def test_one_at_work_is_told_apart_from_another_body(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        assert await rig.keys.claim("a", "k", ONE, durable=False) is None
        with pytest.raises(ApiError, match="being worked on") as caught:
            await rig.keys.claim("a", "k", ONE, durable=False)
        assert caught.value.retryable
        with pytest.raises(ApiError, match="another request"):
            await rig.keys.claim("a", "k", TWO, durable=False)

    run(tmp_path / "a.db", test)


def test_a_claim_that_a_crash_cut_off_says_so(tmp_path: Path) -> None:
    async def crashed(rig: Rig) -> None:
        assert await rig.keys.claim("a", "k", ONE, durable=True) is None

    async def after(rig: Rig) -> None:
        with pytest.raises(ApiError, match="no answer to give") as caught:
            await rig.keys.claim("a", "k", ONE, durable=True)
        assert not caught.value.retryable

    run(tmp_path / "a.db", crashed)
    run(tmp_path / "a.db", after)


def test_a_request_that_changed_nothing_frees_its_key(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        await rig.keys.claim("a", "k", ONE, durable=True)
        await rig.keys.keep("a", "k", ONE, None, durable=True)
        assert await rig.keys.claim("a", "k", TWO, durable=True) is None

    run(tmp_path / "a.db", test)


def test_answers_that_wait_are_written_together_and_old_ones_go(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        batches: list[int] = []
        put = rig.store.put_answers
        rig.store.put_answers = lambda rows: (batches.append(len(rows)), put(rows))[1]  # type: ignore[method-assign, func-returns-value]  # counts what it passes on
        rig.writer.call(lambda: asyncio.run(asyncio.sleep(0.05)))
        for k in range(50):
            await rig.keys.claim("a", f"k{k}", ONE, durable=False)
            await rig.keys.keep("a", f"k{k}", ONE, DONE, durable=False)
        await rig.keys.claim("a", "last", ONE, durable=True)
        assert sum(batches) == 51
        assert len(batches) < 10
        assert not rig.keys.recent
        rig.now_ns += KEPT_NS + PRUNE_NS
        await rig.keys.claim("a", "later", ONE, durable=True)
        await rig.keys.keep("a", "later", ONE, DONE, durable=True)
        assert rig.queries.answer("a", "k1") is None

    run(tmp_path / "a.db", test)


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        def full(rows: object) -> None:
            raise JournalError("the disk is full")

        rig.store.put_answers = full  # type: ignore[method-assign]  # a disk that is full
        with pytest.raises(JournalError, match="full"):
            await rig.keys.claim("a", "k", ONE, durable=True)
        assert not rig.keys.working

    run(tmp_path / "a.db", test)


def test_too_many_that_wait_are_refused(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        rig.keys.waiting_max = 2
        rig.writer.call(lambda: asyncio.run(asyncio.sleep(0.1)))
        for k in range(2):
            await rig.keys.keep("a", f"k{k}", ONE, DONE, durable=False)
        with pytest.raises(ApiError, match="waiting for the disk"):
            await rig.keys.keep("a", "k3", ONE, DONE, durable=False)

    run(tmp_path / "a.db", test)


def test_a_key_names_one_graph() -> None:
    assert graph_id_of_key("a", "k") == graph_id_of_key("a", "k")
    assert (
        len({graph_id_of_key("a", "k"), graph_id_of_key("b", "k"), graph_id_of_key("a", "l")}) == 3
    )


def test_an_answer_is_on_disk_only_after_what_it_tells_of(tmp_path: Path) -> None:
    async def test(rig: Rig) -> None:
        entries = story(40)
        held, go = threading.Event(), threading.Event()

        def hold() -> None:
            held.set()
            go.wait(30)

        rig.writer.call(hold)
        await asyncio.to_thread(held.wait, 30)
        seen: list[tuple[str, int]] = []
        put = rig.store.put_answers

        def putting(rows: Sequence[tuple[str, str, bytes, bytes, int]]) -> None:
            seen.extend((row[1], rig.store.last_seq) for row in rows)
            put(rows)

        rig.store.put_answers = putting  # type: ignore[method-assign]  # watches what passes
        for k, group in enumerate([entries[:10], entries[10:25], entries[25:]]):
            assert rig.writer.submit(group)
            await rig.keys.keep("a", f"k{k}", ONE, DONE, durable=False)
        go.set()
        await rig.keys.claim("a", "last", ONE, durable=True)
        found = dict(seen)
        assert [found[f"k{k}"] >= seq for k, seq in enumerate((10, 25, 40))] == [True] * 3

    run(tmp_path / "a.db", test)
