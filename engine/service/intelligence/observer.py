"""The observer: learns of venues from the journal's entries and from the tape, second by second.

It only looks: routing learns for itself, inside the actors' own world, so that a run repeats; but
what routers have learned is saved with the rest and given back to them at the start. Once a second
every book and tape is looked at, entries that came meanwhile are taken in order, markouts that are
due are seen; every `SAVE_S` and on closing all is saved together with the number of the last
entry, so that after a restart each entry has been taken once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from actors.router import RouterActor
from engine.decisions.cost_model import CostModel
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.observations_memory import ObservationsMemory, recall, remembered
from engine.errors import ConfigError, EngineError
from engine.intelligence.learned.markouts import Markouts
from engine.intelligence.learned.own_orders import OwnOrders
from engine.intelligence.learned.records import (
    InstrumentRecord,
    VenueRecord,
    decode_instrument,
    decode_venue,
    encode_record,
)
from engine.intelligence.learned.resting import Look, Resting
from engine.messages import Subscribe, Unsubscribe
from engine.model.records import JournalEntry
from engine.runtime.actor import ActorRef
from engine.service.access.database import AccessError, is_damaged, set_aside
from engine.service.intelligence.observations_file import OBSERVATIONS_NAME, ObservationsFile

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["BACKLOG_MAX", "CATCH_UP_MAX", "Observer"]

log = logging.getLogger("execgraph")

NS: Final = 1_000_000_000
STEP_S: Final = 1.0
SAVE_S: Final = 30.0
BACKLOG_MAX: Final = 8_192
CATCH_UP_MAX: Final = 50_000
PORTION: Final = 128
PRINTS_MAX: Final = 512
LEVELS: Final = 10
# So many listings are looked at deeply at a time, a minute long, then the next: 15 ms a second.
DEEP_MAX: Final = 256
TURN_NS: Final = 60 * NS
# Names records of what a router has learned, before its symbol.
ROUTER: Final = "router"
SELL: Final = 1
BOUGHT: Final = 0

decode_router = msgspec.msgpack.Decoder(ObservationsMemory).decode
MidAt = Callable[[str, int], int | None]
Place = tuple[str, str]


class Observer:
    """Records by (venue, symbol) and by symbol; one each for what the engine lists.

    `mid_at(symbol, ns)` is twice the mid at a time. `start` needs a running loop; `close` saves.
    `skipped` counts entries that were too many to catch up with.
    """

    def __init__(self, engine: ExecutionEngine, mid_at: MidAt, folder: Path | None = None) -> None:
        self.engine = engine
        self.mid_at = mid_at
        self.folder = folder
        self.venues: dict[Place, VenueRecord] = {}
        self.instruments: dict[str, InstrumentRecord] = {}
        self.markouts = Markouts(self.venue)
        self.orders = OwnOrders(self.venue, self.markouts.add, self._symbols_of)
        self.seq = 0
        self.skipped = 0
        self.looks = 0
        self._resting: dict[Place, tuple[Resting, Resting]] = {}
        self._printed: dict[Place, int] = {}
        self._backlog: deque[JournalEntry] = deque()
        self._file: ObservationsFile | None = None
        self._routers: Mapping[str, ActorRef] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._turn = asyncio.Lock()

    # -- life

    def start(self) -> None:
        """Load what was learned and begin to look; further calls do nothing."""
        if self._task is not None or self._closed:
            return
        self._routers = self.engine.world.routers
        self._file = self._opened()
        self._load(self._file)
        self.engine.tell(self.engine.world.stream, Subscribe(self, None, None))
        self._task = asyncio.get_running_loop().create_task(self._run(), name="observer")

    def close(self) -> None:
        """Stop and save."""
        if self._task is None or self._closed:
            self._closed = True
            return
        self._closed = True
        self._task.cancel()
        try:
            self.engine.tell(self.engine.world.stream, Unsubscribe(self))
        except ConfigError:
            # An engine that has ended has no stream left to leave.
            self._backlog.clear()
        assert self._file is not None, "what was started has a file"
        try:
            while self._backlog and self._backlog[0].seq == self.seq + 1:
                self._take(self._backlog.popleft())
            self._file.save(dict(self._packed()), self.seq, time.time_ns())
        except EngineError as error:
            log.warning("what was learned could not be saved: %s", error)
        self._file.close()

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Called by the stream actor; what has no room here is read from the store."""
        if self._closed:
            return False
        if len(self._backlog) + len(entries) > BACKLOG_MAX:
            self._backlog.clear()
        else:
            self._backlog.extend(entries)
        return True

    # -- records

    def venue(self, venue: str, symbol: str) -> VenueRecord:
        """The record of a venue in an instrument, by any of the symbol's names."""
        handle = self.engine.world.symbols.get(symbol)
        place = venue, symbol if handle is None else handle.symbol
        record = self.venues.get(place)
        if record is None:
            record = self.venues[place] = VenueRecord()
        return record

    def instrument(self, symbol: str) -> InstrumentRecord:
        """The record of an instrument by its own symbol."""
        record = self.instruments.get(symbol)
        if record is None:
            record = self.instruments[symbol] = InstrumentRecord()
        return record

    # -- inside

    async def _run(self) -> None:
        saved_s = time.monotonic()
        while True:
            await asyncio.sleep(STEP_S)
            try:
                await self.step(time.time_ns())
                if time.monotonic() - saved_s >= SAVE_S:
                    saved_s = time.monotonic()
                    await self._save()
            except ConfigError:
                # The engine has been left; closing saves.
                return
            except EngineError as error:
                log.warning("the observer could not go on for a moment: %s", error)

    async def step(self, now_ns: int) -> None:
        """One second's work, a little at a stretch."""
        world = self.engine.world
        async with self._turn:
            markets = list(world.markets.items())
            total, first = sum(len(market.listings) for _, market in markets), 0
            begin = now_ns // TURN_NS * DEEP_MAX
            for symbol, market in markets:
                deep = total <= DEEP_MAX or (first - begin) % total < DEEP_MAX
                self.look(symbol, market, world.tapes[symbol], now_ns, deep=deep)
                first += len(market.listings)
                await asyncio.sleep(0)
            await self._catch_up()
            self.markouts.settle(now_ns, self.mid_at)
            self.looks += 1

    def look(
        self,
        symbol: str,
        market: MarketBlock,
        tape: MarketTape,
        now_ns: int,
        *,
        deep: bool = True,
    ) -> None:
        """Books and prints of one instrument; only a deep look teaches of resting orders."""
        instrument = self.instrument(symbol)
        mid_x2 = market.mid_x2()
        if mid_x2:
            instrument.observe_mid(mid_x2, now_ns)
        traded = 0
        for v, listing in enumerate(market.listings):
            place = listing.venue, symbol
            record = self.venue(*place)
            sold, bought, volume = self._prints(place, v, tape)
            record.traded_1e8 += volume
            traded += volume
            if not market.healthy[v]:
                self._resting.pop(place, None)
                continue
            record.frame_age_s.add((now_ns - market.alive_ns[v]) / NS, now_ns)
            if not deep:
                self._resting.pop(place, None)
                continue
            bids, asks = market.levels(v, 0, LEVELS), market.levels(v, 1, LEVELS)
            if bids and asks:
                spread = 2e4 * (asks[0][0] - bids[0][0]) / (asks[0][0] + bids[0][0])
                record.spread_bps.add(spread, now_ns)
            seen = Look(bids, asks, sold, bought)
            for resting in self._resting.setdefault(place, (Resting(0), Resting(SELL))):
                resting.step(seen, record.hazard)
        instrument.observe_volume(traded, now_ns)

    def resting(self, venue: str, symbol: str, side: int) -> Resting | None:
        """The thought-of order of a side, with the circumstances it is in."""
        pair = self._resting.get((venue, symbol))
        return None if pair is None else pair[side]

    def _prints(
        self, place: Place, venue: int, tape: MarketTape
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]], int]:
        """Trades since the last look: those that hit bids, that hit asks, and their volume.

        One whose side the venue does not tell may have hit either.
        """
        ring = tape.rings.get(venue)
        if ring is None:
            return [], [], 0
        fresh = ring.count - self._printed.get(place, ring.count)
        self._printed[place] = ring.count
        sold: list[tuple[int, int]] = []
        bought: list[tuple[int, int]] = []
        volume = 0
        if fresh > 0:
            for _, price, qty, side, _ in ring.newest(min(fresh, PRINTS_MAX)).tolist():
                volume += qty
                if side != BOUGHT:
                    sold.append((price, qty))
                if side != SELL:
                    bought.append((price, qty))
        return sold, bought, volume

    async def _catch_up(self) -> None:
        """Take what came, in order; what the stream left out is read from the store."""
        head = self.engine.journal_parts[0].last_seq
        taken = 0
        while self._backlog:
            if self._backlog[0].seq > self.seq + 1:
                await self._read(self._backlog[0].seq - 1)
            entry = self._backlog.popleft()
            if entry.seq > self.seq:
                self._take(entry)
            taken += 1
            if taken % PORTION == 0:
                await asyncio.sleep(0)
        if self.seq < head and not taken:
            # Nothing came although there is something: a restarted stream has forgotten us.
            self.engine.tell(self.engine.world.stream, Unsubscribe(self))
            self.engine.tell(self.engine.world.stream, Subscribe(self, None, None))
            await self._read(head)

    async def _read(self, to_seq: int) -> None:
        if to_seq - self.seq > CATCH_UP_MAX:
            self.skipped += to_seq - self.seq - CATCH_UP_MAX
            self.seq = to_seq - CATCH_UP_MAX
        entries = self.engine.queries.entries(self.seq + 1, to_seq)
        while portion := list(islice(entries, PORTION)):
            for entry in portion:
                if entry.seq > self.seq:
                    self._take(entry)
            await asyncio.sleep(0)
        self.seq = max(self.seq, to_seq)

    def _take(self, entry: JournalEntry) -> None:
        self.seq = entry.seq
        if entry.environment is self.engine.environment:
            self.orders.take(entry)

    def _symbols_of(self, client_id: str, graph_id: str) -> dict[str, str]:
        stored = self.engine.queries.graph(client_id, self.engine.environment, graph_id)
        if stored is None:
            return {}
        nodes = stored.accepted.graph.nodes
        return {one.node_id: one.instrument.symbol for one in nodes}

    def _opened(self) -> ObservationsFile:
        """The file; a damaged one is set aside, since nothing else depends on it."""
        try:
            return ObservationsFile(self.folder)
        except AccessError as error:
            if self.folder is None or not is_damaged(error.__cause__):
                raise
            kept = set_aside(self.folder / OBSERVATIONS_NAME)
            log.warning("%s; it was kept as %s", error, kept)
            return ObservationsFile(self.folder)

    def _load(self, file: ObservationsFile) -> None:
        stored = file.load()
        for name, body in stored.records.items():
            try:
                symbol, bar, venue = name.rpartition("@")
                if symbol == ROUTER:
                    self._recall(venue, body)
                elif bar:
                    self.venues[venue, symbol] = decode_venue(body)
                else:
                    record = self.instruments[venue] = decode_instrument(body)
                    record.interrupted()
            except msgspec.MsgspecError as error:
                log.warning("what was learned of %s cannot be read: %s", name, error)
        head = self.engine.journal_parts[0].last_seq
        # A journal that was begun anew has other entries under the same numbers.
        self.seq = min(stored.seq, head)

    def _recall(self, symbol: str, body: bytes) -> None:
        costs = self._costs().get(symbol)
        if costs is not None:
            recall(costs.observations, costs.listings, decode_router(body), time.time_ns())

    def _costs(self) -> dict[str, CostModel]:
        """What each router knows, by symbol; not of one that has ended."""
        actors = {symbol: ref.actor for symbol, ref in self._routers.items()}
        return {name: one.costs for name, one in actors.items() if isinstance(one, RouterActor)}

    def _packed(self) -> Iterator[tuple[str, bytes]]:
        for (venue, symbol), one in list(self.venues.items()):
            yield f"{symbol}@{venue}", encode_record(one)
        for symbol, instrument in list(self.instruments.items()):
            yield symbol, encode_record(instrument)
        now_ns = time.time_ns()
        for symbol, costs in self._costs().items():
            kept = remembered(costs.observations, costs.listings, now_ns)
            yield f"{ROUTER}@{symbol}", encode_record(kept)

    async def _save(self) -> None:
        assert self._file is not None, "what was started has a file"
        packed: dict[str, bytes] = {}
        # Nothing is taken meanwhile, so that all records are of the same entry.
        async with self._turn:
            for name, body in self._packed():
                packed[name] = body
                await asyncio.sleep(0)
            seq = self.seq
        await asyncio.to_thread(self._file.save, packed, seq, time.time_ns())
