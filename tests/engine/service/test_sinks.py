"""Sinks answer every group with one message, and a full one says why."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import JournalError
from engine.messages import CommitFailed, GroupCommitted
from engine.model.records import JournalEntry
from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem
from engine.service.sinks import CollectingSink, DirectSink
from tests.support.journals import story


class Hearing(Actor[GroupCommitted | CommitFailed]):
    """Keeps what a journal would hear."""

    lane = Lane.CONTROL

    def __init__(self) -> None:
        self.heard: list[GroupCommitted | CommitFailed] = []

    @handles(GroupCommitted)
    def on_committed(self, message: GroupCommitted) -> None:
        self.heard.append(message)

    @handles(CommitFailed)
    def on_failed(self, message: CommitFailed) -> None:
        self.heard.append(message)


class Store:
    """Keeps groups until it is full."""

    def __init__(self, groups_max: int) -> None:
        self.groups_max = groups_max
        self.groups: list[list[JournalEntry]] = []

    def commit(self, group: Sequence[JournalEntry]) -> None:
        if len(self.groups) == self.groups_max:
            raise JournalError("the disk is full")
        self.groups.append(list(group))


def journal() -> tuple[SimulatedDriver, ActorRef, Hearing]:
    system = ActorSystem(seed=0)
    driver = SimulatedDriver(system, start_ns=0)
    hearing = Hearing()
    ref = system.spawn(lambda: hearing, name="journal", supervision=HALT)
    return driver, ref, hearing


def test_a_direct_sink_commits_before_it_answers() -> None:
    driver, ref, hearing = journal()
    store = Store(1)
    sink = DirectSink(store, ref)
    entries = story(1)
    assert sink.submit(entries[:3])
    assert store.groups == [entries[:3]]
    assert sink.submit(entries[3:4])
    assert store.groups == [entries[:3]]
    driver.run_until_idle()
    assert hearing.heard == [GroupCommitted(entries[2].seq), CommitFailed("the disk is full")]


def test_a_collecting_sink_keeps_entries_up_to_its_bound() -> None:
    driver, ref, hearing = journal()
    entries = story(1)
    sink = CollectingSink(ref, entries_max=3)
    assert sink.submit(entries[:2])
    assert sink.submit(entries[2:4])
    assert sink.submit(entries[2:3])
    driver.run_until_idle()
    assert sink.entries == entries[:3]
    committed, failed, again = hearing.heard
    assert committed == GroupCommitted(entries[1].seq)
    assert isinstance(failed, CommitFailed) and "too many entries" in failed.reason
    assert again == GroupCommitted(entries[2].seq)
