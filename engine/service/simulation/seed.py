"""One seed from its swarm to its verdict: run twice, checked all the way, told so it can be redone.

`run_seed` is the whole of it; a failing seed's `report` is all that is needed to repeat it.
"""

from __future__ import annotations

import gc
import hashlib
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from engine.model.records import FillRecord, GraphAccepted, JournalEntry
from engine.service.simulation.checkers import Checkers
from engine.service.simulation.swarm import FaultLevel, Shapes, Swarm
from engine.service.simulation.workload import draw_swarm
from engine.service.simulation.world import Plant, SimulatedWorld

__all__ = ["SeedResult", "finished_world", "journal_hash", "run_seed"]

LAST_EVENTS = 40
FAULTS_MAX = 20
S = 1_000_000_000


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a seed. `faults` is what is wrong, one sentence each; none is a pass.

    `report` is empty for a pass. Graphs and fills are those of the journal, `turns` the messages
    handled, both of the first of the two runs. `repeat` is the command that runs it again.
    """

    seed: int
    level: FaultLevel
    journal_hash: str
    faults: tuple[str, ...]
    graphs: int
    fills: int
    turns: int
    virtual_seconds: float
    report: str = ""
    repeat: str = ""


def run_seed(
    seed: int,
    faults: FaultLevel | str = FaultLevel.FULL,
    *,
    plant: Plant | None = None,
    shapes: Shapes | None = None,
    twice: bool = True,
) -> SeedResult:
    """Run a seed through safety, heal and liveness, twice; equal journals are required.

    `plant` may break the world before it runs (see `SimulatedWorld.patch`), to show that the
    checkers find it. `twice` False skips the second run. ValueError for an unknown level.
    """
    level = FaultLevel(faults)
    run, found = checked_world(seed, level, plant, shapes)
    entries = run.entries
    digest = journal_hash(entries)
    if twice and not found:
        again, _ = checked_world(seed, level, plant, shapes, checked=False)
        found.extend(differences(entries, again.entries))
    return SeedResult(
        seed=seed,
        level=level,
        journal_hash=digest,
        faults=tuple(found),
        graphs=sum(isinstance(entry.payload, GraphAccepted) for entry in entries),
        fills=sum(isinstance(entry.payload, FillRecord) for entry in entries),
        turns=run.driver.turns,
        virtual_seconds=run.elapsed_ns / S,
        report=report(run, found, entries) if found else "",
        repeat=repeat(run.swarm),
    )


def finished_world(
    seed: int, level: FaultLevel = FaultLevel.FULL, shapes: Shapes | None = None
) -> SimulatedWorld:
    """A run to its end, unchecked, for whoever wants to look at it."""
    run, _ = checked_world(seed, level, None, shapes, checked=False)
    return run


def journal_hash(entries: Sequence[JournalEntry]) -> str:
    """One number for a whole run."""
    return hashlib.sha256(msgspec.msgpack.encode(list(entries))).hexdigest()


def checked_world(
    seed: int,
    level: FaultLevel,
    plant: Plant | None,
    shapes: Shapes | None,
    *,
    checked: bool = True,
) -> tuple[SimulatedWorld, list[str]]:
    """A finished world, and what was wrong with it; the first moment with a fault is kept."""
    with no_collections():
        run = SimulatedWorld(draw_swarm(seed, level, shapes))
        checkers = Checkers(run)
        found: list[str] = []

        def watch(_: SimulatedWorld) -> None:
            if not found:
                at = f"at {run.elapsed_ns / S:.3f} s: "
                found.extend(at + fault for fault in checkers.on_the_way())

        try:
            if plant is not None:
                plant(run)
            run.run(watch if checked else lambda _: None)
            if checked and not found:
                found.extend(checkers.at_end())
        except Exception as error:  # noqa: BLE001  # whatever breaks a run is a finding
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error}"
            found.append(f"the run broke off with {text} in {place.name}, line {place.lineno}")
        finally:
            run.restore()
    return run, found[:FAULTS_MAX]


def differences(first: Sequence[JournalEntry], second: Sequence[JournalEntry]) -> Iterator[str]:
    """Where a second run of the same seed departs from the first."""
    for one, other in zip(first, second, strict=False):
        if one != other:
            yield f"a second run differs from entry {one.seq} on: {one!r:.200} or {other!r:.200}"
            return
    if len(first) != len(second):
        yield f"a second run has {len(second)} entries instead of {len(first)}"


def report(run: SimulatedWorld, faults: Sequence[str], entries: Sequence[JournalEntry]) -> str:
    """Seed, configuration, what is wrong, the last events, and the command to repeat it."""
    swarm = run.swarm
    last = [
        f"  {entry.seq} {(entry.ts_ns - run.started_ns) / S:.6f} s {entry.graph_id[:12]} "
        f"{entry.node_id} {entry.payload!r:.300}"
        for entry in entries[-LAST_EVENTS:]
    ]
    letters = [f"  {one!r:.300}" for one in run.system.dead_ring]
    return "\n".join(
        [
            f"seed {swarm.seed} fails at {run.elapsed_ns / S:.3f} s of virtual time",
            *(f"  {fault}" for fault in faults),
            "configuration:",
            swarm.describe(),
            "last entries:",
            *last,
            "last dead letters:",
            *letters[-LAST_EVENTS:],
            "repeat it with:",
            f"  {repeat(swarm)}",
        ]
    )


def repeat(swarm: Swarm) -> str:
    """The command that runs a seed again."""
    what = f"--seed {swarm.seed} --faults {swarm.level.value} --shapes {swarm.shapes}"
    return f"execgraph simulate {what}"


@contextmanager
def no_collections() -> Iterator[None]:
    """A run's garbage is collected once, after it, instead of hundreds of times in between."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
