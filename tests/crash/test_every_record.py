"""The engine is dropped after every journal record of every shape; nothing comes twice or is lost.

The exchanges outlive the engine and the virtual clock stands still meanwhile. Each record is tried
twice: with everything kept that was handed over up to it, and with all lost that was not yet
acknowledged as durable. Long shapes are sampled unless EXECGRAPH_CRASH_ALL is set.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence

import pytest

from engine.decisions.node_restore import RestoredNode
from engine.decisions.recovery_plan import PastNode, rebuilt
from engine.model.instruments import Listing
from tests.crash.shapes import SHAPES
from tests.support.crash_outcome import Outcome, outcome, wrong
from tests.support.crash_shapes import Shape
from tests.support.crash_world import Life, Mode, Site

COMMIT_NS = 20_000_000
RECORDS_SAMPLED = 40
ALL = bool(os.environ.get("EXECGRAPH_CRASH_ALL"))
MODES: tuple[Mode, ...] = ("kept", "lost")


def whole(shape: Shape, seed: int = 1) -> tuple[Outcome, int]:
    """The run that nobody disturbs, and how many records it has."""
    sites = shape.sites()
    life = Life(sites, shape.graph, shape.acts, seed=seed, commit_ns=COMMIT_NS)
    assert life.run()
    assert not list(wrong(life, sites)), shape.name
    found = outcome(life, sites), len(life.entries)
    life.close()
    return found


def dropped(
    shape: Shape, stops: Sequence[int], mode: Mode, seed: int = 1
) -> tuple[Outcome, list[str]]:
    """A run whose engine is dropped after each of these records, counted in each life."""
    sites = shape.sites()
    rng = random.Random(f"{shape.name} {stops} {mode} {seed}")
    life = Life(sites, shape.graph, shape.acts, seed=seed, commit_ns=COMMIT_NS, stop=stops[0])
    for number, stop in enumerate([*stops[1:], 0], 2):
        if life.run():
            break
        life = after(life, sites, shape, mode, rng, stop, number)
    else:
        assert life.run(), "nobody drops the last one"
    found = outcome(life, sites), list(wrong(life, sites))
    life.close()
    return found


def after(
    life: Life,
    sites: Sequence[Site],
    shape: Shape,
    mode: Mode,
    rng: random.Random,
    stop: int,
    number: int,
) -> Life:
    """The next engine, at the same moment."""
    entries = [*life.past, *life.sink.durable(mode)]
    late = life.under_way(rng)
    now_ns = life.driver.now_ns
    life.close()
    return Life(
        sites,
        shape.graph,
        shape.acts,
        seed=rng.randrange(2**32),
        now_ns=now_ns,
        entries=entries,
        stop=len(entries) + stop if stop else 0,
        commit_ns=COMMIT_NS,
        late=late,
        number=number,
    )


def differences(shape: Shape, want: Outcome, got: Outcome, faults: list[str]) -> list[str]:
    """What a run with drops has that the undisturbed one has not."""
    found = list(faults)
    if got.filled != want.filled:
        found.append(f"filled {got.filled}, undisturbed {want.filled}")
    elif got.nodes != want.nodes:
        found.append(f"ended {got.nodes}, undisturbed {want.nodes}")
    if got.graph != want.graph:
        found.append(f"the graph is {got.graph}, undisturbed {want.graph}")
    if shape.static and got.taken != want.taken:
        found.append(f"took {got.taken}, undisturbed {want.taken}")
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_a_drop_after_any_record_changes_nothing(shape: Shape) -> None:
    want, records = whole(shape)
    stride = 1 if ALL else max(1, records // RECORDS_SAMPLED)
    found = [
        f"record {stop} of {records}, {mode}: {sentence}"
        for stop in range(1, records + 1, stride)
        for mode in MODES
        for sentence in differences(shape, want, *dropped(shape, (stop,), mode))
    ]
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_three_drops_in_a_row_change_nothing(shape: Shape) -> None:
    want, records = whole(shape)
    rng = random.Random(f"three drops {shape.name}")
    found = []
    for _ in range(60 if ALL else 6):
        stops = (rng.randrange(1, records + 1), rng.randrange(1, 12), rng.randrange(1, 12))
        for mode in MODES:
            for sentence in differences(shape, want, *dropped(shape, stops, mode)):
                found.append(f"records {stops}, {mode}: {sentence}")
    assert not found, "\n".join(found[:20])


def test_a_recovery_that_does_not_ask_the_venues_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (shape,) = (one for one in SHAPES if one.name == "market")
    want, records = whole(shape)

    def blind(
        past: PastNode, listed: object, listings: Mapping[str, Listing], now_ns: int
    ) -> RestoredNode:
        return rebuilt(past, (), listings, now_ns)

    monkeypatch.setattr("actors.recovery.rebuilt", blind)
    found = [
        sentence
        for stop in range(1, records + 1)
        for sentence in differences(shape, want, *dropped(shape, (stop,), "lost"))
    ]
    assert any("missing in the journal" in sentence for sentence in found)


def test_there_are_enough_shapes() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 20
