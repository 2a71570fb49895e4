"""The journal: commits with projections, reads, the audit, and how late a writer makes the loop.

Measure with `EXECGRAPH_BENCH=full pytest bench/bench_journal.py --benchmark-enable -s`. What a
commit costs above its processor time is the disk's, so look at `bench_disk` first.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.sizes import sized
from engine.model.instruments import Environment
from engine.model.records import JournalEntry
from engine.store.chain import GENESIS, advance, encode_group, journal_hash
from engine.store.journal import SqliteStore
from engine.store.memory import MemoryStore
from engine.store.queries import Queries
from engine.store.verify import verify
from engine.store.writer import WriterThread
from tests.support.journals import EntryMaker, grouped

ORDERS = sized(200, 20_000)
KEPT_ORDERS = sized(500, 100_000)
SYNCS = sized(5, 300)
TURNS = sized(50, 30_000)
TURN_NS = 100_000
WORK_NS = 70_000
LATE_MAX_NS = 1_000_000


def lifecycles(orders: int) -> list[JournalEntry]:
    """Orders as the cheapest run records them: 6 entries each, one fill."""
    maker = EntryMaker()
    return [entry for _ in range(orders) for entry in maker.order()]


def told(benchmark: BenchmarkFixture, name: str, **figures: float) -> None:
    """Show figures, and keep them beside the timing."""
    benchmark.extra_info.update(figures)
    print(f"\n  {name}: " + ", ".join(f"{key} {value:,.0f}" for key, value in figures.items()))


def percentile(values: Sequence[int], part: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def commit_all(store: SqliteStore, groups: Sequence[Sequence[JournalEntry]]) -> list[int]:
    """The time of each commit."""
    times = []
    for group in groups:
        start = time.perf_counter_ns()
        store.commit(group)
        times.append(time.perf_counter_ns() - start)
    return times


def bench_disk(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """A bare write of 64 KB and its fdatasync: the floor of every commit."""
    target = os.open(tmp_path / "raw", os.O_CREAT | os.O_RDWR)
    page = bytes(65_536)

    def run() -> list[int]:
        times = []
        for index in range(SYNCS):
            start = time.perf_counter_ns()
            os.pwrite(target, page, index * len(page))
            os.fdatasync(target)
            times.append(time.perf_counter_ns() - start)
        return times

    times = benchmark.pedantic(run, rounds=1)
    os.close(target)
    assert (tmp_path / "raw").stat().st_size == SYNCS * len(page)
    p50, p99 = percentile(times, 0.5) / 1e3, percentile(times, 0.99) / 1e3
    told(benchmark, "disk", p50_us=p50, p99_us=p99)


@pytest.mark.parametrize("size", [10, 100, 1_000])
@pytest.mark.parametrize("place", ["disk", "memory"])
def bench_commit(benchmark: BenchmarkFixture, tmp_path: Path, size: int, place: str) -> None:
    """Whole lifecycles with every projection; in memory it is the processor's part alone."""
    entries = lifecycles(max(ORDERS // (10 if size == 10 else 1), 1))
    groups = grouped(entries, (size,))
    store = SqliteStore(tmp_path / "a.db" if place == "disk" else ":memory:")
    times = benchmark.pedantic(commit_all, (store, groups), rounds=1)
    assert store.last_seq == len(entries)
    assert store.head_hash == journal_hash(entries)
    count = store.connection.execute("SELECT count(*) FROM fills").fetchone()[0]
    assert count == len(entries) // 6
    store.close()
    seconds = sum(times) / 1e9
    told(
        benchmark,
        f"{place}, groups of {size}",
        entries_s=len(entries) / seconds,
        orders_s=len(entries) / 6 / seconds,
        commit_p50_us=percentile(times, 0.5) / 1e3,
        commit_p99_us=percentile(times, 0.99) / 1e3,
    )


def bench_encode_and_hash(benchmark: BenchmarkFixture) -> None:
    """What each entry costs before any row is thought of."""
    entries = lifecycles(ORDERS)
    start = time.perf_counter_ns()
    encoded = encode_group(entries)
    middle = time.perf_counter_ns()
    head = benchmark.pedantic(advance, (GENESIS, encoded), rounds=1)
    end = time.perf_counter_ns()
    assert head.hex() == journal_hash(entries)
    told(
        benchmark,
        "an entry",
        encode_ns=(middle - start) / len(entries),
        hash_ns=(end - middle) / len(entries),
        bytes=sum(map(len, encoded)) / len(entries),
    )


def bench_start_and_audit(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Opening after many ended orders, first pages, and a whole verification."""
    path = tmp_path / "a.db"
    entries = lifecycles(KEPT_ORDERS)
    store = SqliteStore(path)
    commit_all(store, grouped(entries, (1_000,)))
    store.commit(EntryMaker(store.last_seq, KEPT_ORDERS).order(ended=False))
    store.close()

    def start() -> int:
        opened = SqliteStore(path)
        queries = Queries(opened)
        found = len(list(queries.open_graphs()))
        page = queries.orders("alice", Environment.SANDBOX)
        assert page.total == KEPT_ORDERS + 1
        assert len(page.rows) == 50
        queries.close()
        opened.close()
        return found

    begin = time.perf_counter_ns()
    assert benchmark.pedantic(start, rounds=1) == 1
    opened = time.perf_counter_ns()
    report = verify(path)
    done = time.perf_counter_ns()
    assert report.ok
    assert report.entries > len(entries)
    told(
        benchmark,
        f"{KEPT_ORDERS:,} ended orders",
        start_us=(opened - begin) / 1e3,
        verify_ms=(done - opened) / 1e6,
        bytes_an_order=path.stat().st_size / KEPT_ORDERS,
    )


def work(duration_ns: int) -> None:
    """Keep the interpreter busy."""
    end = time.perf_counter_ns() + duration_ns
    while time.perf_counter_ns() < end:
        pass


def turns(count: int, each: Callable[[int], None]) -> list[int]:
    """How late each turn of a loop begins that is busy 70 of every 100 us."""
    late = []
    start = time.perf_counter_ns()
    for index in range(count):
        due = start + index * TURN_NS
        wait = due - time.perf_counter_ns()
        if wait > 0:
            time.sleep(wait / 1e9)
        late.append(max(0, time.perf_counter_ns() - due))
        work(WORK_NS)
        each(index)
        behind = time.perf_counter_ns() - due
        if behind > LATE_MAX_NS:
            # A hiccup counts once and must not cascade.
            start += behind
    return late


@pytest.mark.parametrize("writer_is", ["absent", "memory", "disk"])
def bench_loop_lateness(benchmark: BenchmarkFixture, tmp_path: Path, writer_is: str) -> None:
    """A busy loop hands over 6 entries every 12th turn (5,000 a second) to the writer thread."""
    groups = grouped(lifecycles(TURNS // 12 + 1), (6,))
    waited: list[int] = []
    sent: dict[int, int] = {}
    ended = threading.Event()

    def committed(last_seq: int) -> None:
        now = time.perf_counter_ns()
        for seq in [one for one in tuple(sent) if one <= last_seq]:
            waited.append(now - sent.pop(seq))

    def failed(reason: str) -> None:
        ended.set()

    store = SqliteStore(tmp_path / "a.db") if writer_is == "disk" else MemoryStore()
    writer = WriterThread(store, committed, failed)

    def each(index: int) -> None:
        if writer_is != "absent" and index % 12 == 0:
            group = groups[index // 12]
            sent[group[-1].seq] = time.perf_counter_ns()
            assert writer.submit(group)

    late = benchmark.pedantic(turns, (TURNS, each), rounds=1)
    writer.stop()
    assert not ended.is_set()
    assert store.last_seq == (0 if writer_is == "absent" else -(-TURNS // 12) * 6)
    store.close()
    figures = {
        f"late_{name}_us": percentile(late, part) / 1e3
        for name, part in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }
    if waited:
        figures["durable_p50_us"] = percentile(waited, 0.5) / 1e3
        figures["durable_p99_us"] = percentile(waited, 0.99) / 1e3
        figures["entries_a_commit"] = store.last_seq / writer.commits
    told(benchmark, f"writer {writer_is}", **figures)
