"""The stream: each subscriber gets what is its own, and the slow are cut off."""

from __future__ import annotations

from collections.abc import Sequence

from actors.stream import StreamActor
from engine.messages import Recorded, Subscribe, Unsubscribe
from engine.model.instruments import Environment
from engine.model.records import JournalEntry, TradingHalted
from tests.support.probe import Stage


class Listener:
    """Takes up to `room` entries."""

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.seqs: list[int] = []

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        self.seqs += [entry.seq for entry in entries]
        return len(self.seqs) <= self.room


def entry(seq: int, client: str, graph: str) -> JournalEntry:
    payload = TradingHalted(False, "")
    return JournalEntry(1, seq, 0, client, Environment.SANDBOX, graph, "", 0, payload)


ENTRIES = (entry(1, "alice", "a"), entry(2, "bob", "b"), entry(3, "alice", "c"))


def test_everyone_gets_their_own() -> None:
    stage = Stage()
    ref, actor = stage.spawn(StreamActor)
    operator, alice, one_graph, foreign = Listener(), Listener(), Listener(), Listener()
    stage.tell(
        ref,
        Subscribe(operator, None, None),
        Subscribe(alice, "alice", None),
        Subscribe(one_graph, "alice", "c"),
        Subscribe(foreign, "bob", "a"),
        Recorded(ENTRIES),
    )
    assert operator.seqs == [1, 2, 3]
    assert alice.seqs == [1, 3]
    assert one_graph.seqs == [3]
    assert foreign.seqs == []
    stage.tell(ref, Unsubscribe(alice), Unsubscribe(one_graph), Recorded(ENTRIES))
    assert alice.seqs == [1, 3] and one_graph.seqs == [3]
    assert len(operator.seqs) == 6
    assert actor.subscribers == 2


def test_a_slow_listener_is_cut_off_and_others_are_not() -> None:
    stage = Stage()
    ref, actor = stage.spawn(StreamActor)
    slow, quick = Listener(room=2), Listener()
    stage.tell(ref, Subscribe(slow, None, None), Subscribe(quick, None, None))
    stage.tell(ref, Recorded(ENTRIES), Recorded(ENTRIES))
    assert len(slow.seqs) == 3
    assert len(quick.seqs) == 6
    assert (actor.cut_off, actor.subscribers) == (1, 1)


def test_a_listener_that_fails_loses_its_place_and_no_one_else_does() -> None:
    class Broken(Listener):
        def deliver(self, entries: Sequence[JournalEntry]) -> bool:
            raise KeyError(entries[0].seq)

    stage = Stage()
    ref, actor = stage.spawn(StreamActor)
    other = Listener()
    stage.tell(ref, Subscribe(Broken(), None, None), Subscribe(other, None, None))
    stage.tell(ref, Recorded(ENTRIES), Recorded(ENTRIES))
    assert other.seqs == [1, 2, 3, 1, 2, 3]
    assert (actor.subscribers, actor.cut_off) == (1, 1)
    assert stage.system.meters.failures == 1
    assert "KeyError" in stage.system.dead_ring[-1].reason, "it is named"
