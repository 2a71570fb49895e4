"""The market pump: ticks the books that somebody follows, and shares each frame."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Final

from engine.service.rest.stream.frames import event
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.market_feeds import MarketFeed
from engine.service.rest.stream.reader import Reader

__all__ = ["MarketPump"]

TURN_S: Final = 0.002
NAP_S: Final = 0.001


class Followed:
    """A feed with its readers by the channel names under which they follow it."""

    __slots__ = ("channels", "due", "feed")

    def __init__(self, feed: MarketFeed) -> None:
        self.feed = feed
        self.channels: dict[str, dict[Reader, None]] = {}
        self.due = 0.0

    def share(self) -> None:
        """One frame a channel name, offered to all its readers."""
        feed = self.feed
        assert feed.data is not None, "only a feed that ticked is shared"
        for channel, readers in self.channels.items():
            frame = event(channel, feed.data)
            for reader in readers:
                reader.offer((channel, feed.slot), frame)


class MarketPump:
    """Ticks each feed at its own pace while it has readers; without any it does not run.

    A reader that does not keep up gets the newest frame of each feed once it reads again.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self.limits = limits
        self.frames = 0
        self._followed: dict[Hashable, Followed] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def feeds(self) -> int:
        """How many feeds have readers."""
        return len(self._followed)

    def join(self, reader: Reader, channel: str, feed: MarketFeed) -> None:
        """Follow a feed under a channel name; its state goes out at once."""
        followed = self._followed.get(feed.slot)
        if followed is None:
            followed = self._followed[feed.slot] = Followed(feed)
        feed = followed.feed
        if feed.tick():
            followed.share()
            self.frames += 1
        assert feed.data is not None, "a feed that ticked has data"
        followed.channels.setdefault(channel, {})[reader] = None
        reader.offer((channel, feed.slot), event(channel, feed.data))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="market pump")
            self._task.add_done_callback(self._fail)

    def leave(self, reader: Reader, channel: str) -> None:
        """Stop following every feed of a channel."""
        for slot, followed in tuple(self._followed.items()):
            readers = followed.channels.get(channel)
            if readers is not None and reader in readers:
                del readers[reader]
                if not readers:
                    del followed.channels[channel]
                if not followed.channels:
                    del self._followed[slot]
        reader.withdraw(channel)
        if not self._followed:
            self.stop()

    def stop(self) -> None:
        """End the ticks."""
        if self._task is not None:
            self._task.remove_done_callback(self._fail)
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            turn_began = now = loop.time()
            for followed in tuple(self._followed.values()):
                if followed.due <= now:
                    followed.due = now + followed.feed.tick_s
                    if followed.feed.tick():
                        followed.share()
                        self.frames += 1
                    if loop.time() - turn_began > TURN_S:
                        await asyncio.sleep(0)
                        turn_began = loop.time()
            next_due = min(followed.due for followed in self._followed.values())
            await asyncio.sleep(max(NAP_S, next_due - loop.time()))

    def _fail(self, task: asyncio.Task[None]) -> None:
        """The pump broke: its readers must not wait for what never comes."""
        self._task = None
        error = None if task.cancelled() else task.exception()
        for followed in tuple(self._followed.values()):
            for readers in tuple(followed.channels.values()):
                for reader in tuple(readers):
                    reader.fail(f"the market stream failed: {error}")
