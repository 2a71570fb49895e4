"""Recorded markets for calibration: captures played through the real codecs, books and engine.

One pass a recording, so that no two orders of it share a moment. Latencies of 50 ms and more are
drawn for each; fees are set here, since captures do not tell them. What is left out: recordings
too short for a horizon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from engine.decisions.policies.parameters import PolicyParameters
from engine.errors import RuntimeFault
from engine.intelligence.calibration import Calibration
from engine.messages import Subscribe
from engine.model.fees import FeeSchedule
from engine.service.calibration.orders import EndWatch, Lane
from engine.service.intelligence.calibrator import Calibrator
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow
from engine.service.replay import Feed, Replay, ReplayOptions, open_feeds

__all__ = ["FAMILIES", "Family", "RecordedMarket", "recorded_orders"]

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
    """Recordings of one market, or of markets of one kind that follow each other in time.

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


class RecordedMarket(Replay):
    """A replay with a stream of orders instead of one; `run` plays it to its end."""

    def __init__(
        self,
        feed: Feed,
        origin_ns: int,
        options: ReplayOptions,
        name: str,
        seed: int,
        log: ForecastLog,
        calibration: Calibration,
        scored: Callable[[ScoredRow], None],
    ) -> None:
        super().__init__([feed], origin_ns, options)
        self.calibrator = Calibrator(
            self.world,
            log,
            lambda: self.driver.now_ns,
            calibration=calibration,
            parameters=PolicyParameters(resweep=False),
            scored=scored,
            seed=seed,
        )
        symbol = feed.listing.instrument.symbol
        self.lane = Lane(self.driver, self.world, symbol, Random(f"{name} {seed}"), name)
        self.driver.tell(self.world.stream, Subscribe(self.calibrator, None, None))
        self.driver.tell(self.world.stream, Subscribe(EndWatch([self.lane]), None, None))

    def run(self) -> None:
        """Play every frame; RuntimeFault when trading halts."""
        capture = self.feeds[0].capture
        first_ns = capture.first_ns + self.feeds[0].offset_ns + WARM_UP_NS
        last_ns = capture.last_ns + self.feeds[0].offset_ns - TAIL_NS
        for now_ns, index, frame in self._merged():
            self.driver.run_until(now_ns)
            if first_ns <= now_ns <= last_ns:
                self.lane.turn()
            self._feed(index, now_ns, frame)
            self.driver.run_until_idle()
            # What is recorded is scored off the stream and not needed again.
            self.sinks[0].entries.clear()
        if self.system.halted is not None:
            raise RuntimeFault(f"the recording came to a halt: {self.system.halted}")


def recorded_orders(
    family: Family,
    data: Path,
    seed: int,
    log: ForecastLog,
    calibration: Calibration,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[ScoredRow]:
    """The scored orders of a family, in the order of its recordings; CaptureError without them."""
    for number, (venue, symbol, path) in enumerate(family.files):
        rng = Random(f"latency {symbol} {seed}")
        latency_ns = rng.randrange(*LATENCIES_MS) * MS
        options = ReplayOptions(latency_ns={venue: latency_ns})
        feeds, origin_ns, _ = open_feeds([(venue, symbol, str(data / path))], options)
        listing = msgspec.structs.replace(feeds[0].listing, fees=family.fees)
        feed = msgspec.structs.replace(feeds[0], listing=listing)
        found: list[ScoredRow] = []
        name = f"{family.name}-{number}"
        market = RecordedMarket(
            feed, origin_ns, options, name, seed, log, calibration, found.append
        )
        market.run()
        if progress is not None:
            progress(number + 1, len(family.files))
        yield from found
