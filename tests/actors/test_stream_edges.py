"""The stream actor at its edges: whose entries, several graphs, refusals within a group, bounds."""

from __future__ import annotations

import pytest

from actors import stream
from actors.stream import StreamActor
from engine.messages import Recorded, Subscribe, Unsubscribe
from engine.model.instruments import Environment
from engine.model.records import ENTRY_VERSION, JournalEntry, TradingHalted
from tests.support.fakes import FakeStreamSink
from tests.support.probe import Stage


class StreamBench(Stage):
    """A stream and short words for what is told to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ref, self.actor = self.spawn(StreamActor)

    def subscribe(
        self, client: str | None = None, graph: str | None = None, *, room: int = 1_000
    ) -> FakeStreamSink:
        sink = FakeStreamSink(room)
        self.tell(self.ref, Subscribe(sink, client, graph))
        return sink

    def publish(self, *entries: JournalEntry) -> None:
        self.tell(self.ref, Recorded(entries))


def entry(seq: int, client: str = "alice", graph: str = "g") -> JournalEntry:
    payload = TradingHalted(False, "")
    return JournalEntry(ENTRY_VERSION, seq, 0, client, Environment.SANDBOX, graph, "", 0, payload)


def test_the_operator_gets_every_group_whole() -> None:
    bench = StreamBench()
    sink = bench.subscribe()
    bench.publish(entry(1, "alice"), entry(2, "bob", "h"))
    bench.publish(entry(3))
    assert sink.calls == [[1, 2], [3]]


def test_a_client_is_not_called_for_groups_without_its_entries() -> None:
    bench = StreamBench()
    sink = bench.subscribe("bob")
    bench.publish(entry(1), entry(2, "bob"), entry(3), entry(4, "bob", "h"))
    bench.publish(entry(5))
    assert sink.calls == [[2, 4]]


def test_a_client_sees_nothing_of_another_graph_of_the_same_name() -> None:
    bench = StreamBench()
    sink = bench.subscribe("bob", "g")
    bench.publish(entry(1, "alice", "g"), entry(2, "bob", "g"), entry(3, "bob", "h"))
    assert sink.calls == [[2]]


def test_every_subscriber_of_a_graph_is_served() -> None:
    bench = StreamBench()
    one, other = bench.subscribe(graph="g"), bench.subscribe("alice", "g")
    bench.publish(entry(1), entry(2, graph="h"))
    assert one.calls == other.calls == [[1]]


def test_one_sink_may_follow_several_graphs() -> None:
    bench = StreamBench()
    sink = FakeStreamSink()
    bench.tell(bench.ref, Subscribe(sink, None, "g"), Subscribe(sink, None, "h"))
    bench.publish(entry(1, graph="g"), entry(2, graph="h"), entry(3, graph="i"))
    assert sink.calls == [[1], [2]]
    bench.tell(bench.ref, Unsubscribe(sink))
    assert (bench.actor.subscribers, bench.actor.by_graph) == (0, {})


@pytest.mark.parametrize("graph", [None, "g"])
def test_who_refuses_is_cut_off_and_others_are_not(graph: str | None) -> None:
    bench = StreamBench()
    slow, quick = bench.subscribe(graph=graph, room=1), bench.subscribe(graph=graph)
    for seq in (1, 2, 3):
        bench.publish(entry(seq))
    assert slow.calls == [[1], [2]], "the second was refused, and no third was tried"
    assert quick.calls == [[1], [2], [3]]
    assert (bench.actor.subscribers, bench.actor.cut_off) == (1, 1)


def test_a_refusal_within_a_group_ends_that_group_too() -> None:
    bench = StreamBench()
    slow = bench.subscribe(graph="g", room=0)
    bench.publish(entry(1), entry(2), entry(3))
    assert slow.calls == [[1]]
    assert bench.actor.by_graph == {}


def test_a_sink_cut_off_in_one_place_is_gone_from_all() -> None:
    bench = StreamBench()
    sink = FakeStreamSink(room=0)
    bench.tell(bench.ref, Subscribe(sink, None, "g"), Subscribe(sink, "alice", None))
    bench.publish(entry(1))
    bench.publish(entry(2))
    assert sink.calls == [[1]]
    assert (bench.actor.subscribers, bench.actor.cut_off) == (0, 1)


@pytest.mark.parametrize("graph", [None, "g"])
def test_who_unsubscribes_hears_no_more(graph: str | None) -> None:
    bench = StreamBench()
    sink, other = bench.subscribe(graph=graph), bench.subscribe(graph=graph)
    bench.publish(entry(1))
    bench.tell(bench.ref, Unsubscribe(sink), Unsubscribe(FakeStreamSink()))
    bench.publish(entry(2))
    assert sink.calls == [[1]]
    assert other.calls == [[1], [2]]
    assert (bench.actor.subscribers, bench.actor.cut_off) == (1, 0)


def test_past_the_bound_a_subscriber_is_told_so_and_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "SUBSCRIBERS_MAX", 2)
    bench = StreamBench()
    first, second, third = (bench.subscribe() for _ in range(3))
    bench.publish(entry(1))
    assert first.calls == second.calls == [[1]]
    assert third.calls == [[]]
    assert (bench.actor.subscribers, bench.actor.cut_off) == (2, 1)
    bench.tell(bench.ref, Unsubscribe(first))
    fourth = bench.subscribe()
    bench.publish(entry(2))
    assert fourth.calls == [[2]]
