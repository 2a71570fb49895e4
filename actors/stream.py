"""The stream actor: gives durable entries to whoever subscribed, and cuts off who cannot follow."""

from __future__ import annotations

from engine.messages import Recorded, StreamSink, Subscribe, Unsubscribe
from engine.model.records import JournalEntry
from engine.runtime.actor import Actor, Lane, handles

__all__ = ["StreamActor"]

SUBSCRIBERS_MAX = 10_000


class StreamActor(Actor[Recorded | Subscribe | Unsubscribe]):
    """Publishes only what is recorded. A subscriber that refuses or fails is dropped."""

    lane = Lane.BACKGROUND
    mailbox_capacity = 16_384

    def __init__(self) -> None:
        self.by_graph: dict[str, list[Subscribe]] = {}
        self.firehose: list[Subscribe] = []
        self.subscribers = 0
        self.cut_off = 0

    @handles(Recorded)
    def on_recorded(self, recorded: Recorded) -> None:
        if not self.subscribers:
            return
        if self.by_graph:
            for entry in recorded.entries:
                wanted = self.by_graph.get(entry.graph_id)
                if wanted is not None:
                    for subscription in tuple(wanted):
                        if subscription in self.by_graph.get(entry.graph_id, ()):
                            self.give(subscription, (entry,))
        for subscription in tuple(self.firehose):
            if subscription in self.firehose:
                self.give(subscription, recorded.entries)

    @handles(Subscribe)
    def on_subscribe(self, subscription: Subscribe) -> None:
        if self.subscribers >= SUBSCRIBERS_MAX:
            self.cut_off += 1
            subscription.sink.deliver(())
            return
        self.subscribers += 1
        if subscription.graph_id is None:
            self.firehose.append(subscription)
        else:
            self.by_graph.setdefault(subscription.graph_id, []).append(subscription)

    @handles(Unsubscribe)
    def on_unsubscribe(self, message: Unsubscribe) -> None:
        self.remove(message.sink)

    def give(self, subscription: Subscribe, entries: tuple[JournalEntry, ...]) -> None:
        client = subscription.client_id
        if client is not None:
            entries = tuple(entry for entry in entries if entry.client_id == client)
        if entries and not self.taken(subscription.sink, entries):
            self.cut_off += 1
            self.remove(subscription.sink)

    def taken(self, sink: StreamSink, entries: tuple[JournalEntry, ...]) -> bool:
        """Whether the sink took them; one that fails loses its place, the others keep theirs."""
        try:
            return sink.deliver(entries)
        except Exception as error:  # noqa: BLE001 - whatever a listener of others' making raises
            self.ctx.fault(error)
            return False

    def remove(self, sink: StreamSink) -> None:
        before = len(self.firehose)
        self.firehose = [one for one in self.firehose if one.sink is not sink]
        self.subscribers -= before - len(self.firehose)
        for graph_id in list(self.by_graph):
            kept = [one for one in self.by_graph[graph_id] if one.sink is not sink]
            self.subscribers -= len(self.by_graph[graph_id]) - len(kept)
            if kept:
                self.by_graph[graph_id] = kept
            else:
                del self.by_graph[graph_id]
