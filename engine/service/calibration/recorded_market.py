"""Recorded markets for calibration: captures played through the real codecs, books and engine.

The clock is the recordings' own. What was recorded at the same time is played at the same time, in
one world, so that no forecast learns from what was only to come elsewhere; what follows comes
after. One pass a recording, so that no two orders of it share a moment. Latencies of 50 ms and
more are drawn for each; fees are set here, since captures do not tell them. What is left out:
recordings too short for a horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from engine.decisions.policies.parameters import PolicyParameters
from engine.errors import ConfigError
from engine.intelligence.calibration import Calibration
from engine.messages import Subscribe
from engine.model.fees import FeeSchedule
from engine.service.calibration.orders import EndWatch, Lane, check_sound
from engine.service.intelligence.calibrator import Calibrator
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow
from engine.service.replay import Feed, Replay, ReplayOptions, open_feeds

__all__ = [
    "FAMILIES",
    "Family",
    "RecordedMarket",
    "Recording",
    "open_recordings",
    "recorded_orders",
    "stretches",
]

NS: Final = 1_000_000_000
MS: Final = 1_000_000
LATENCIES_MS: Final = (50, 120)
WARM_UP_NS: Final = 15 * NS
# No order starts that could not end: the longest horizon and its proof.
TAIL_NS: Final = 36 * NS
CRYPTO: Final = FeeSchedule(taker_ppm=500, maker_ppm=200)
EVENTS: Final = FeeSchedule(taker_ppm=70_000, quadratic=True)
GOLDS: Final = ("101800-00", "101830-30", "101900-00", "101930-30", "102000-00", "102130-30")
GOLD: Final = "kalshi_gold15m/events/KXGOLD15M-26AUG"


class Family(msgspec.Struct, frozen=True):
    """Recordings of one market, or of markets of one kind.

    `files` are (venue, symbol, path below the data folder).
    """

    name: str
    fees: FeeSchedule
    files: tuple[tuple[str, str, str], ...]


FAMILIES: Final = (
    Family("btc-spot", CRYPTO, (("binance", "BTCUSDT", "binance_2024/spot"),)),
    Family("btc-usdm", CRYPTO, (("binance-usdm", "BTCUSDT", "binance_2024/usdm"),)),
    Family("btc-coinm", CRYPTO, (("binance-coinm", "BTCUSD_PERP", "binance_2024/cm"),)),
    Family(
        "gold-15m",
        EVENTS,
        tuple(("kalshi", f"KXGOLD15M-26AUG{name}", f"{GOLD}{name}") for name in GOLDS),
    ),
)


class Recording(msgspec.Struct, frozen=True):
    """One recording, open: `name` is that of its orders."""

    name: str
    feed: Feed
    latency_ns: int

    @property
    def first_ns(self) -> int:
        return self.feed.capture.first_ns

    @property
    def last_ns(self) -> int:
        return self.feed.capture.last_ns


class RecordedMarket(Replay):
    """A replay of recordings with a stream of orders in each; `run` plays them to their end."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        seed: int,
        log: ForecastLog,
        calibration: Calibration,
        scored: Callable[[ScoredRow], None],
    ) -> None:
        self.recordings = recordings
        latency_ns = {one.feed.listing.venue: one.latency_ns for one in recordings}
        if len(latency_ns) < len(recordings):
            names = ", ".join(one.name for one in recordings)
            raise ConfigError(
                f"of {names} two are of one venue and one time; leave one of them out"
            )
        options = ReplayOptions(latency_ns=latency_ns)
        feeds = [one.feed for one in recordings]
        super().__init__(feeds, min(one.first_ns for one in recordings), options)
        self.calibrator = Calibrator(
            self.world,
            log,
            lambda: self.driver.now_ns,
            calibration=calibration,
            parameters=PolicyParameters(resweep=False),
            scored=scored,
            seed=seed,
        )
        self.lanes = [
            Lane(
                self.driver,
                self.world,
                one.feed.listing.instrument.symbol,
                Random(f"{one.name} {seed}"),
                one.name,
            )
            for one in recordings
        ]
        self.driver.tell(self.world.stream, Subscribe(self.calibrator, None, None))
        self.driver.tell(self.world.stream, Subscribe(EndWatch(self.lanes), None, None))

    def run(self) -> None:
        """Play every frame in the order of their times; RuntimeFault when trading halts."""
        spans = [(one.first_ns + WARM_UP_NS, one.last_ns - TAIL_NS) for one in self.recordings]
        for now_ns, index, frame in self._merged():
            self.driver.run_until(now_ns)
            first_ns, last_ns = spans[index]
            if first_ns <= now_ns <= last_ns:
                self.lanes[index].turn()
            self._feed(index, now_ns, frame)
            self.driver.run_until_idle()
            # What is recorded is scored off the stream and not needed again.
            self.sinks[0].entries.clear()
        check_sound(self.system)


def recorded_orders(
    families: Sequence[Family],
    data: Path,
    seed: int,
    log: ForecastLog,
    calibration: Calibration,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[ScoredRow]:
    """The scored orders of all families, in the order they ended; CaptureError without a file."""
    found: list[ScoredRow] = []
    worlds = stretches(open_recordings(families, data, seed))
    for number, recordings in enumerate(worlds):
        RecordedMarket(recordings, seed, log, calibration, found.append).run()
        if progress is not None:
            progress(number + 1, len(worlds))
        yield from found
        found.clear()


def open_recordings(families: Sequence[Family], data: Path, seed: int) -> list[Recording]:
    """All recordings of the families below `data`, each with its fees and a drawn latency."""
    opened = []
    for family in families:
        for number, (venue, symbol, path) in enumerate(family.files):
            (feed,), _, _ = open_feeds([(venue, symbol, str(data / path))], ReplayOptions())
            latency_ns = Random(f"latency {symbol} {seed}").randrange(*LATENCIES_MS) * MS
            plain = feed.listing
            # One symbol at several venues may be several instruments, such as coin and future.
            instrument = msgspec.structs.replace(plain.instrument, symbol=f"{venue} {symbol}")
            listing = msgspec.structs.replace(
                plain, instrument=instrument, fees=family.fees, latency_prior_ns=latency_ns
            )
            feed = msgspec.structs.replace(feed, listing=listing)
            opened.append(Recording(f"{family.name}-{number}", feed, latency_ns))
    return opened


def stretches(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Recordings that share a time, also by way of a third, together; in the order of time."""
    found: list[list[Recording]] = []
    until_ns = -1
    for one in sorted(recordings, key=lambda one: one.first_ns):
        if not found or one.first_ns > until_ns:
            found.append([])
        found[-1].append(one)
        until_ns = max(until_ns, one.last_ns)
    return found
