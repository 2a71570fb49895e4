"""Prometheus text of the engine and the facade: counters and gauges, read when asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping

from engine.service.rest.desk import Desk
from engine.service.rest.requests_log import BUCKETS_S, DoorMeter, RequestLog

__all__ = ["metrics_text"]

Labels = Mapping[str, str]
PREFIX = "execgraph"


def metrics_text(desk: Desk, requests: RequestLog) -> str:
    """Everything in the text format 0.0.4."""
    lines: list[str] = []
    for family in (*request_families(requests), *engine_families(desk), process_family()):
        lines.extend(family)
    return "\n".join(lines) + "\n"


def request_families(requests: RequestLog) -> Iterator[list[str]]:
    """Requests by door and status, and how long they took."""
    meters = dict(sorted(requests.meters.items()))
    meters["unmatched"] = requests.unmatched
    name = f"{PREFIX}_http_requests_total"
    yield family(
        name,
        "counter",
        "Requests answered, by door and status.",
        (
            (name, {"door": door, "status": str(status)}, count)
            for door, meter in meters.items()
            for status, count in sorted(meter.statuses.items())
        ),
    )
    name = f"{PREFIX}_http_request_seconds"
    yield family(name, "histogram", "Time to the answer.", histogram(name, meters))


def histogram(
    name: str, meters: Mapping[str, DoorMeter]
) -> Iterator[tuple[str, Labels, float | int]]:
    """Cumulative buckets, sum and count of every door."""
    for door, meter in meters.items():
        below = 0
        for bound, count in zip((*map(str, BUCKETS_S), "+Inf"), meter.buckets, strict=True):
            below += count
            yield f"{name}_bucket", {"door": door, "le": bound}, below
        yield f"{name}_sum", {"door": door}, meter.sum_ns / 1e9
        yield f"{name}_count", {"door": door}, below


def engine_families(desk: Desk) -> Iterator[list[str]]:
    """Orders, books, the journal and the kill switch, by environment."""
    gauges: dict[str, tuple[str, list[tuple[Labels, float | int]]]] = {}

    def add(name: str, text: str, labels: Labels, value: float) -> None:
        gauges.setdefault(name, (text, []))[1].append((labels, value))

    for environment, stack in desk.stacks.items():
        engine, base = stack.engine, {"environment": environment.value}
        world = engine.world
        store, _, writer = engine.journal_parts
        add("journal_last_seq", "Sequence of the last durable entry.", base, store.last_seq)
        add("journal_waiting", "Entries that wait for the disk.", base, writer.depth)
        stall = writer.stall_ns() / 1e9
        add("journal_stall_seconds", "Age of the oldest entry that waits.", base, stall)
        add("trading_halted", "1 while nothing may trade.", base, int(world.switch.halted))
        add("actors", "Actors alive.", base, len(world.system.refs))
        for symbol, market in world.markets.items():
            for listing in market.listings:
                labels = {**base, "venue": listing.venue, "symbol": symbol}
                healthy = int(market.healthy[listing.venue_index])
                add("book_healthy", "1 while the book may be traded on.", labels, healthy)
        gap = stack.intelligence.upkeep.gaps.whole.view()
        text = "Routing cost above the best possible, sampled; an upper bound."
        for quantile, bps in (("0.5", gap.p50_bps), ("0.99", gap.p99_bps)):
            if bps is not None:
                add("optimality_gap_bps", text, {**base, "quantile": quantile}, bps)
        add("optimality_gap_samples", "Decisions in that sample.", base, gap.sample_size)
        text = "Sampled decisions whose record gave other legs."
        add("decisions_not_redone", text, base, gap.not_redone)
        stats = stack.hub.stats
        add("stream_readers", "Streams that are open.", base, stats.readers)
        add("stream_backlog", "Frames that wait for their readers.", base, stats.backlog)
        add("stream_conflated", "Market frames left out for slow readers.", base, stats.conflated)
        add("stream_cut_off", "Readers cut off for being too slow.", base, stats.cut_off)
        for venue, ref in world.trades.items():
            actor = world.system.actor_of(ref)
            labels = {**base, "venue": venue}
            up = int(getattr(actor, "up", False))
            add("order_link_up", "1 while orders can be sent.", labels, up)
            sent = getattr(actor, "orders_sent", 0)
            add("orders_sent", "Orders sent since the start.", labels, sent)
            waiting = len(getattr(actor, "owners", ()))
            add("orders_open", "Orders that may still be open.", labels, waiting)
    for name, (text, rows) in gauges.items():
        full = f"{PREFIX}_{name}"
        yield family(full, "gauge", text, ((full, labels, value) for labels, value in rows))


def process_family() -> list[str]:
    """Resident memory where the system tells it."""
    name = "process_resident_memory_bytes"
    rows: list[tuple[str, Labels, float | int]] = []
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  # no file of ours
            pages = int(file.read().split()[1])
        rows.append((name, {}, pages * os.sysconf("SC_PAGE_SIZE")))
    return family(name, "gauge", "Resident memory.", rows)


def family(
    name: str, kind: str, text: str, rows: Iterable[tuple[str, Labels, float | int]]
) -> list[str]:
    """One metric with its rows."""
    lines = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    for full, labels, value in rows:
        inside = ",".join(f'{key}="{escaped(one)}"' for key, one in labels.items())
        lines.append(f"{full}{{{inside}}} {value}" if inside else f"{full} {value}")
    return lines


def escaped(text: str) -> str:
    """A label's value as the format wants it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
