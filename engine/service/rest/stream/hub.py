"""The hub: one environment's readers, what they may follow, and the pumps that feed them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec import UNSET

from engine.errors import EngineError
from engine.model.instruments import InstrumentType
from engine.service.access.scopes import Caller
from engine.service.api_error import ApiError, ErrorCode
from engine.service.engine import ExecutionEngine
from engine.service.quotes.asked import Asked, not_listed, plainly
from engine.service.quotes.funding import rates_of
from engine.service.rest.stream.frames import Ack, ClientFrame, encoded, framed
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.market_feeds import (
    BookFeed,
    FairPriceFeed,
    FundingFeed,
    MarketFeed,
    MarketRef,
    PriceFeed,
    has_funding,
)
from engine.service.rest.stream.market_pump import MarketPump
from engine.service.rest.stream.order_pump import OrderPump, Resume
from engine.service.rest.stream.reader import GOING_AWAY, POLICY_VIOLATION, Ending, Reader
from engine.service.rest.stream.topics import Topic, TopicKind, parse_topic

__all__ = ["Asks", "Hub", "StreamStats"]

CLOSING_S: Final = 5.0
NO_FUNDING: Final = "no venue here publishes funding rates; the sandbox has them on hyperliquid"


class Asks(Protocol):
    """Who knows what a symbol means; the quotes service does."""

    async def asked(self, symbol: str) -> Asked:
        """The instrument behind a symbol, or ApiError."""
        ...


class StreamStats(msgspec.Struct, frozen=True):
    """Counts for the metrics: since the start, except `readers`, `feeds` and `backlog`, of now."""

    readers: int
    feeds: int
    backlog: int
    conflated: int
    cut_off: int
    replays: int
    market_frames: int


class Hub:
    """Readers come with `admit` and go with `leave`; `handle` does what a client's frame asks.

    `quotes` resolves symbols; without it only the engine's own and their aliases are known.
    Nothing runs while nobody reads.
    """

    def __init__(
        self,
        engine: ExecutionEngine,
        quotes: Asks | None = None,
        *,
        limits: StreamLimits | None = None,
    ) -> None:
        self.engine = engine
        self.quotes = quotes
        self.limits = limits or StreamLimits()
        self.orders = OrderPump(engine, self.limits)
        self.markets = MarketPump(self.limits)
        self.stopping = False
        self._readers: dict[Reader, None] = {}
        self._ppm = rates_of(engine.sandbox_venues)
        self._conflated = 0
        self._cut_off = 0
        self._empty = asyncio.Event()
        # As the engine's own driver has it: unix time at the start, monotonic from there on.
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    # -- readers

    def admit(self, caller: Caller) -> Reader:
        """A new connection; ApiError when there are too many, or the server is stopping."""
        if self.stopping:
            text = "the server is stopping; connect again once it is back"
            raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, text, retryable=True)
        own = sum(one.caller.client_id == caller.client_id for one in self._readers)
        limits = self.limits
        if len(self._readers) >= limits.readers or own >= limits.readers_of_client:
            text = f"too many streams are open ({own} of yours); close one, or try again later"
            raise ApiError(ErrorCode.RATE_LIMITED, text, retryable=True, retry_after_ms=1_000)
        reader = Reader(caller, limits)
        self._readers[reader] = None
        return reader

    def leave(self, reader: Reader) -> None:
        """The connection is over; idempotent."""
        if reader not in self._readers:
            return
        for topic in tuple(reader.topics.values()):
            self._drop(reader, topic)
        del self._readers[reader]
        self._conflated += reader.conflated
        self._cut_off += reader.was_cut_off
        if not self._readers:
            self._empty.set()

    @property
    def key_ids(self) -> frozenset[str]:
        """The keys that connections are open with."""
        return frozenset(one.caller.key_id for one in self._readers)

    def end_key(self, key_id: str) -> int:
        """Close every connection of a key that is no longer valid, with 1008; how many."""
        found = [one for one in self._readers if one.caller.key_id == key_id]
        for reader in found:
            reader.end(Ending(POLICY_VIOLATION, "the key is no longer valid"))
        return len(found)

    @property
    def stats(self) -> StreamStats:
        """What happens here."""
        readers = tuple(self._readers)
        return StreamStats(
            readers=len(readers),
            feeds=self.markets.feeds,
            backlog=sum(one.backlog for one in readers),
            conflated=self._conflated + sum(one.conflated for one in readers),
            cut_off=self._cut_off + sum(one.was_cut_off for one in readers),
            replays=self.orders.replays,
            market_frames=self.markets.frames,
        )

    async def stop(self) -> None:
        """Close every connection with 1001 and wait until they are gone; before the engine ends."""
        self.stopping = True
        self._empty.clear()
        for reader in tuple(self._readers):
            reader.end(Ending(GOING_AWAY, "the server is stopping"))
        if self._readers:
            try:
                async with asyncio.timeout(self.limits.close_timeout_s + CLOSING_S):
                    await self._empty.wait()
            except TimeoutError:
                for reader in tuple(self._readers):
                    self.leave(reader)
        self.orders.stop()
        self.markets.stop()

    # -- what a client asks

    async def handle(self, reader: Reader, frame: ClientFrame) -> Resume | None:
        """Do what the frame says and queue its ack; a replay to run where one is due.

        ApiError for a resume that cannot be; what was subscribed in the same frame stands.
        """
        gone, rejected, reasons = self._unsubscribe(reader, frame.unsubscribe or ())
        wanted: dict[str, tuple[Topic, Sequence[MarketFeed]]] = {}
        for channel in dict.fromkeys(frame.subscribe or ()):
            reason = await self._admit_channel(reader, channel, wanted)
            if reason is not None:
                rejected.append(channel)
                reasons[channel] = reason
        if reader.ending is not None:
            return None
        if frame.resume_from is not UNSET:
            reader.resume_from = frame.resume_from
        ordered = any(topic.ordered for topic, _ in wanted.values()) or bool(reader.joined)
        for topic, _ in wanted.values():
            if topic.ordered:
                self._follow(reader, topic, ())
        resume = None
        refused = None
        if ordered and reader.resume_from is not None:
            after, reader.resume_from = reader.resume_from, None
            try:
                resume = self.orders.resume(reader, after)
            except ApiError as error:
                refused = error
        ack = Ack(
            subscribed=list(wanted),
            rejected=rejected,
            reasons=reasons,
            unsubscribed=gone if frame.unsubscribe else UNSET,
            resumed_from=UNSET if resume is None else resume.after,
            resumed_to=UNSET if resume is None else resume.live,
        )
        reader.push(framed(encoded(ack)))
        for topic, feeds in wanted.values():
            if not topic.ordered:
                self._follow(reader, topic, feeds)
        if refused is not None:
            raise refused
        return resume

    def _unsubscribe(
        self, reader: Reader, channels: Sequence[str]
    ) -> tuple[list[str], list[str], dict[str, str]]:
        gone: list[str] = []
        rejected: list[str] = []
        reasons: dict[str, str] = {}
        for channel in dict.fromkeys(channels):
            topic = reader.topics.get(channel)
            if topic is None:
                rejected.append(channel)
                reasons[channel] = "it is not subscribed"
            else:
                self._drop(reader, topic)
                gone.append(channel)
        return gone, rejected, reasons

    async def _admit_channel(
        self,
        reader: Reader,
        channel: str,
        wanted: dict[str, tuple[Topic, Sequence[MarketFeed]]],
    ) -> str | None:
        """Put the channel among `wanted`, or say why not."""
        taken = len(reader.topics.keys() | wanted.keys() | {channel})
        if taken > self.limits.channels:
            return f"a connection follows at most {self.limits.channels} channels; open another"
        topic = parse_topic(channel, reader.caller)
        if isinstance(topic, str):
            return topic
        feeds: Sequence[MarketFeed] = ()
        if not topic.ordered:
            try:
                feeds = await self._feeds(topic)
            except EngineError as error:
                return str(error)
        wanted[channel] = (topic, feeds)
        return None

    def _follow(self, reader: Reader, topic: Topic, feeds: Sequence[MarketFeed]) -> None:
        if topic.channel in reader.topics:
            return
        reader.topics[topic.channel] = topic
        if topic.ordered:
            self.orders.join(reader, topic)
        for feed in feeds:
            self.markets.join(reader, topic.channel, feed)

    def _drop(self, reader: Reader, topic: Topic) -> None:
        if topic.ordered:
            self.orders.leave(reader, topic)
        else:
            self.markets.leave(reader, topic.channel)
        del reader.topics[topic.channel]

    # -- feeds

    async def _feeds(self, topic: Topic) -> Sequence[MarketFeed]:
        """The feeds of a market topic; ApiError for what is not listed or not published."""
        if topic.kind is TopicKind.FUNDING:
            return await self._funding(topic)
        if topic.kind is TopicKind.FAIR_PRICE:
            return await self._fair_prices(topic.name)
        ref = await self._ref(topic.name)
        if topic.kind is TopicKind.PRICES:
            return (PriceFeed(ref, self._tick_s(ref)),)
        return (BookFeed(ref, self._tick_s(ref), by_venue=topic.by_venue),)

    async def _ref(self, symbol: str) -> MarketRef:
        asked = await self._asked(symbol)
        return MarketRef(asked.market, asked.mirrored)

    async def _asked(self, symbol: str) -> Asked:
        if self.quotes is not None:
            return await self.quotes.asked(symbol)
        handle = self.engine.world.symbols.get(symbol)
        if handle is None:
            raise not_listed(symbol)
        return plainly(symbol, handle)

    async def _fair_prices(self, underlying: str) -> Sequence[MarketFeed]:
        """Of every market, of those with this base, or of the one with this symbol."""
        refs = [
            MarketRef(market)
            for market in self.engine.world.markets.values()
            if underlying in ("", market.instrument.base)
        ]
        if not refs:
            refs = [await self._ref(underlying)]
        return [FairPriceFeed(ref, self._tick_s(ref)) for ref in refs]

    async def _funding(self, topic: Topic) -> Sequence[MarketFeed]:
        if not self._ppm:
            raise ApiError(ErrorCode.NOT_IMPLEMENTED, NO_FUNDING)
        refs = [MarketRef(market) for market in self.engine.world.markets.values()]
        if topic.name:
            refs = [await self._ref(topic.name)]
        feeds = [
            FundingFeed(ref, venue, self._ppm, self._now_ns)
            for ref in refs
            for venue in self._ppm
            if topic.venue in ("", venue) and has_funding(ref, venue)
        ]
        if not feeds:
            known = ", ".join(self._ppm)
            text = f"nothing there has funding; perpetuals of {known} have"
            raise ApiError(ErrorCode.NOT_FOUND, text)
        return feeds

    def _tick_s(self, ref: MarketRef) -> float:
        prediction = ref.market.instrument.type is InstrumentType.PREDICTION
        return self.limits.prediction_tick_s if prediction else self.limits.tick_s

    def _now_ns(self) -> int:
        return max(time.monotonic_ns() + self._offset_ns, self.engine.world.system.now_ns)
