"""The order pump: durable entries to the readers of their client, in order, live or replayed.

The store is the truth and the engine's stream a wake-up that carries entries along: where it
skips (a full backlog, a restart of the stream actor) the missing ones are read from the store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from itertools import islice
from typing import Final

from engine.errors import ConfigError
from engine.messages import Subscribe, Unsubscribe
from engine.model.records import JournalEntry
from engine.service.api_error import ApiError, ErrorCode
from engine.service.engine import ExecutionEngine
from engine.service.markets.given_orders import GivenOrders
from engine.service.rest.stream.frames import event
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.order_events import OrderEvents
from engine.service.rest.stream.reader import Reader
from engine.service.rest.stream.topics import Topic, TopicKind
from engine.store.queries import Queries

__all__ = ["OrderPump", "Resume", "head_seq"]

BACKLOG_MAX: Final = 8_192
Routes = dict[TopicKind, list[tuple[Reader, Topic]]]
HEAD: Final = "SELECT last_seq FROM journal ORDER BY first_seq DESC LIMIT 1"


def head_seq(queries: Queries) -> int:
    """Sequence of the last durable entry, 0 in an empty journal."""
    with nullcontext() if queries.shared is None else queries.shared.guard:
        found = queries.connection.execute(HEAD).fetchone()
    return 0 if found is None else int(found[0])


class Resume:
    """A replay: what a reader missed of its channels, as windows of sequences.

    Of each channel in `windows` the entries after `after` up to the window's end; of all its
    channels those after `live`, where live events were stopped.
    """

    __slots__ = ("after", "live", "windows")

    def __init__(self, after: int, live: int, windows: dict[str, int]) -> None:
        self.after = after
        self.live = live
        self.windows = windows

    def missed(self, reader: Reader, channel: str, seq: int) -> bool:
        """Whether the channel's event of that entry was not sent yet."""
        if seq > self.live:
            return seq > reader.joined[channel] and seq > self.after
        return self.after < seq <= self.windows.get(channel, 0)


class OrderPump:
    """Runs while somebody reads. `seq` is the last entry given out.

    It is itself the sink that the stream actor delivers to; entries of other environments are
    passed over, those of other clients never meet a reader.
    """

    def __init__(self, engine: ExecutionEngine, limits: StreamLimits) -> None:
        self.engine = engine
        self.limits = limits
        self.queries = engine.queries
        self.seq = 0
        self.replays = 0
        self._readers: dict[str, list[Reader]] = {}
        self._routes: dict[str, Routes] = {}
        self._events = self._new_events()
        self._backlog: deque[JournalEntry] = deque()
        self._wake = asyncio.Event()
        self._replaying = asyncio.Semaphore(limits.replays_at_once)
        self._task: asyncio.Task[None] | None = None

    # -- readers

    def join(self, reader: Reader, topic: Topic) -> None:
        """Give the reader the topic's events from the next entry on."""
        if self._task is None:
            self.seq = head_seq(self.queries)
            self._backlog.clear()
            self._events = self._new_events()
            self.engine.tell(self.engine.world.stream, Subscribe(self, None, None))
            self._task = asyncio.create_task(self._run(), name="order pump")
            self._task.add_done_callback(self._fail)
        reader.joined[topic.channel] = self.seq
        own = self._readers.setdefault(reader.caller.client_id, [])
        if reader not in own:
            own.append(reader)
        self._count(reader.caller.client_id)

    def leave(self, reader: Reader, topic: Topic) -> None:
        """Stop a topic of a reader."""
        reader.joined.pop(topic.channel, None)
        client = reader.caller.client_id
        own = self._readers.get(client, [])
        if not reader.joined and reader in own:
            own.remove(reader)
            if not own:
                del self._readers[client]
        self._count(client)
        if not self._readers:
            self.stop()

    def stop(self) -> None:
        """Let go of the engine's stream."""
        if self._task is None:
            return
        self._task.remove_done_callback(self._fail)
        self._task.cancel()
        self._task = None
        self._unsubscribe()

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Called by the stream actor; what has no room here is read from the store."""
        if self._task is None:
            return False
        if len(self._backlog) + len(entries) > BACKLOG_MAX:
            self._backlog.clear()
        else:
            self._backlog.extend(entries)
        self._wake.set()
        return True

    # -- live

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            given = 0
            while self._backlog:
                entry = self._backlog.popleft()
                if entry.seq > self.seq + 1:
                    await self._catch_up(entry.seq - 1)
                if entry.seq > self.seq:
                    self._publish(entry)
                given += 1
                if given % self.limits.portion == 0:
                    await asyncio.sleep(0)
            try:
                async with asyncio.timeout(self.limits.idle_check_s):
                    await self._wake.wait()
            except TimeoutError:
                await self._look_after()

    async def _look_after(self) -> None:
        """Nothing came for a while: if the store has more, the stream has forgotten us."""
        head = head_seq(self.queries)
        if head <= self.seq or self._backlog:
            return
        self._unsubscribe()
        self.engine.tell(self.engine.world.stream, Subscribe(self, None, None))
        await self._catch_up(head)

    async def _catch_up(self, to_seq: int) -> None:
        for portion in self._portions(self.seq + 1, to_seq):
            for entry in portion:
                if entry.seq > self.seq:
                    self._publish(entry)
            await asyncio.sleep(0)
        # What the journal does not have never comes.
        self.seq = max(self.seq, to_seq)

    def _publish(self, entry: JournalEntry) -> None:
        self.seq = entry.seq
        routes = self._routes.get(entry.client_id)
        if routes is None or entry.environment is not self.engine.environment:
            return
        for one in self._events.of(entry, frozenset(routes)):
            frames: dict[str, bytes] = {}
            for reader, topic in routes[one.kind]:
                if topic.name in ("", one.graph_id) and not reader.held:
                    channel = topic.channel
                    frame = frames.get(channel)
                    if frame is None:
                        frame = frames[channel] = event(channel, one.data, entry.seq)
                    reader.push(frame, entry.seq)

    # -- replay

    def resume(self, reader: Reader, after: int) -> Resume:
        """Stop live events of the reader until `replay` has caught up.

        ApiError for a sequence that is ahead of the journal or too far behind it.
        """
        if reader.held:
            text = "a replay is under way; wait for its end, or connect again"
            raise ApiError(ErrorCode.CONFLICT, text)
        head = head_seq(self.queries)
        if after > head:
            text = f"resume_from {after} is in the future; the newest entry is {head}"
            raise ApiError(ErrorCode.INVALID_PARAMS, text, [("resume_from", text)])
        oldest = max(0, head - self.limits.replay_entries)
        if after < oldest:
            text = (
                f"resume_from {after} is older than what is replayed; the oldest is {oldest}; "
                "read GET /v1/orders and GET /v1/fills, then resume from there"
            )
            raise ApiError(ErrorCode.INVALID_PARAMS, text, [("resume_from", text)])
        reader.held = True
        return Resume(after, self.seq, dict(reader.joined))

    async def replay(self, reader: Reader, resume: Resume) -> None:
        """Send what was missed, in portions and no faster than it is read; then live again."""
        async with self._replaying:
            self.replays += 1
            events = self._new_events()
            windows = resume.windows.values()
            await self._replay_span(reader, resume, events, resume.after + 1, max(windows))
            at = resume.live
            while reader.ending is None and at < self.seq:
                to_seq = self.seq
                await self._replay_span(reader, resume, events, at + 1, to_seq)
                at = to_seq
        # No turn of the loop lies between the last look at `seq` and here: nothing is lost.
        for channel in resume.windows:
            if channel in reader.joined:
                reader.joined[channel] = min(reader.joined[channel], resume.after)
        reader.held = False

    async def _replay_span(
        self, reader: Reader, resume: Resume, events: OrderEvents, from_seq: int, to_seq: int
    ) -> None:
        caller = reader.caller
        for portion in self._portions(from_seq, to_seq):
            await reader.room()
            if reader.ending is not None:
                return
            topics = [reader.topics[channel] for channel in reader.joined]
            kinds = frozenset(topic.kind for topic in topics)
            for entry in portion:
                own = entry.client_id == caller.client_id
                if not own or entry.environment is not self.engine.environment:
                    continue
                for one in events.of(entry, kinds):
                    for topic in topics:
                        wanted = topic.kind is one.kind and topic.name in ("", one.graph_id)
                        if wanted and resume.missed(reader, topic.channel, entry.seq):
                            reader.push(event(topic.channel, one.data, entry.seq), entry.seq)
            await asyncio.sleep(0)

    def _portions(self, from_seq: int, to_seq: int) -> Iterator[list[JournalEntry]]:
        entries = self.queries.entries(from_seq, to_seq)
        while portion := list(islice(entries, self.limits.portion)):
            yield portion

    # -- helpers

    def _unsubscribe(self) -> None:
        # An engine that has ended has no stream left to leave.
        with suppress(ConfigError):
            self.engine.tell(self.engine.world.stream, Unsubscribe(self))

    def _new_events(self) -> OrderEvents:
        symbols = self.engine.world.symbols

        def is_prediction(symbol: str) -> bool:
            handle = symbols.get(symbol)
            return handle is not None and handle.market.instrument.type == "prediction"

        given = GivenOrders(self.engine)
        return OrderEvents(self.queries, self.engine.environment, is_prediction, given)

    def _count(self, client_id: str) -> None:
        """Keep who wants which kind of event of a client."""
        routes: Routes = {}
        for reader in self._readers.get(client_id, ()):
            for channel in reader.joined:
                topic = reader.topics[channel]
                routes.setdefault(topic.kind, []).append((reader, topic))
        if routes:
            self._routes[client_id] = routes
        else:
            self._routes.pop(client_id, None)

    def _fail(self, task: asyncio.Task[None]) -> None:
        """The pump broke: its readers must not wait for what never comes."""
        self._task = None
        error = None if task.cancelled() else task.exception()
        for readers in tuple(self._readers.values()):
            for reader in tuple(readers):
                reader.fail(f"the order stream failed: {error}")
        self._unsubscribe()
