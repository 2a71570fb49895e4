"""What the public tape tells policies: the usual spread, the volume so far, and when volume comes.

Written by the tape actors of one instrument, read by its nodes in the same turn order. Bounds:
300 spreads (one a second for five minutes), 1,440 minutes of volume and as many bars (24 hours of
trading), and one ring of prints a venue.
"""

from __future__ import annotations

from collections import deque
from statistics import median_low
from typing import Final

from engine.decisions.print_ring import PrintRing

__all__ = ["MINUTES_MAX", "MINUTE_NS", "SPREADS_MAX", "Bar", "MarketTape"]

SPREADS_MAX: Final = 300
MINUTES_MAX: Final = 1_440
MINUTE_NS: Final = 60_000_000_000
UNKNOWN: Final = -1

Bar = tuple[int, int, int]
"""When a minute began in ns, its last trade price in 1e-9 and its volume in 1e-8."""


class MarketTape:
    """Spreads and volume of one instrument; `event` says that its prices are probabilities.

    `began_ns` is when it was first written, 0 before. `traded_1e8` is all public volume since the
    start in 1e-8 and never falls. A minute counts as known once it is over and the tape was being
    written when it began.
    """

    __slots__ = (
        "_bars",
        "_buckets",
        "_close_1e9",
        "_first_minute",
        "_high_1e9",
        "_known_count",
        "_known_sum",
        "_low_1e9",
        "_median",
        "_minute",
        "_minute_1e8",
        "_spreads",
        "began_ns",
        "event",
        "last_price_1e9",
        "rings",
        "traded_1e8",
    )

    def __init__(self, event: bool = False) -> None:
        self.event = event
        self.began_ns = 0
        self.traded_1e8 = 0
        self.last_price_1e9 = 0
        self._low_1e9 = 0
        self._high_1e9 = 0
        self._spreads: deque[int] = deque(maxlen=SPREADS_MAX)
        self._median: int | None = None
        # One cell a minute of the day, UNKNOWN until that minute was seen whole.
        self._buckets = [UNKNOWN] * MINUTES_MAX
        self._known_sum = 0
        self._known_count = 0
        self._first_minute = UNKNOWN
        self._minute = UNKNOWN
        self._minute_1e8 = 0
        # Minutes that are over and had a trade, oldest first.
        self._bars: deque[Bar] = deque(maxlen=MINUTES_MAX)
        self._close_1e9 = 0
        self.rings: dict[int, PrintRing] = {}

    def ring_of(self, venue_index: int, prints_max: int) -> PrintRing:
        """The prints of one venue; the ring outlives the actor that writes it."""
        return self.rings.setdefault(venue_index, PrintRing(prints_max))

    def bars(self) -> list[Bar]:
        """Minutes with a trade, oldest first; the last one may still be going on."""
        made = list(self._bars)
        if self._minute_1e8:
            made.append((self._minute * MINUTE_NS, self._close_1e9, self._minute_1e8))
        return made

    def observe_spread(self, spread_1e9: int) -> None:
        """One sample of the consolidated spread, once a second; negative while venues cross."""
        self._spreads.append(spread_1e9)
        self._median = None

    def observe_price(self, price_1e9: int) -> None:
        """The price of one public trade."""
        self.last_price_1e9 = price_1e9
        if not self._high_1e9 or price_1e9 > self._high_1e9:
            self._high_1e9 = price_1e9
        if not self._low_1e9 or price_1e9 < self._low_1e9:
            self._low_1e9 = price_1e9

    def take_extremes(self) -> tuple[int, int] | None:
        """Lowest and highest trade price since the last time this was asked; None without one."""
        low, high = self._low_1e9, self._high_1e9
        self._low_1e9 = self._high_1e9 = 0
        return (low, high) if high else None

    def observe_trade(self, now_ns: int, qty_1e8: int) -> None:
        """One public trade."""
        self.observe_time(now_ns)
        self.traded_1e8 += qty_1e8
        self._minute_1e8 += qty_1e8
        self._close_1e9 = self.last_price_1e9

    def observe_time(self, now_ns: int) -> None:
        """The clock went on: minutes that are over become known, quiet ones with no volume."""
        minute = now_ns // MINUTE_NS
        if minute == self._minute:
            return
        if self._minute == UNKNOWN:
            self._first_minute = self._minute = minute
            self.began_ns = now_ns
            return
        if minute < self._minute:
            return
        if self._minute_1e8:
            self._bars.append((self._minute * MINUTE_NS, self._close_1e9, self._minute_1e8))
        # The minute in which the tape began was not seen whole.
        if self._minute > self._first_minute:
            self._keep(self._minute, self._minute_1e8)
        for quiet in range(max(self._minute + 1, minute - MINUTES_MAX), minute):
            self._keep(quiet, 0)
        self._minute, self._minute_1e8 = minute, 0

    def traded_by(self, when_ns: int) -> int:
        """Volume in 1e-8 up to a moment; up to its minute's beginning where that is over."""
        minute = when_ns // MINUTE_NS
        if minute >= self._minute:
            return self.traded_1e8
        since = minute * MINUTE_NS
        return self.traded_1e8 - self._minute_1e8 - sum(q for at, _, q in self._bars if at >= since)

    def usual_spread_1e9(self) -> int | None:
        """Median of the spreads of the last five minutes; computed at most once a sample."""
        if self._median is None and self._spreads:
            self._median = median_low(self._spreads)
        return self._median

    def spread_share(self, percent: int) -> float:
        """How often of late the spread was at most `percent` of its usual one; 0 without one."""
        usual = self.usual_spread_1e9()
        if usual is None:
            return 0.0
        most = usual * percent
        return sum(100 * one <= most for one in self._spreads) / len(self._spreads)

    def volume_ahead(self, from_ns: int, until_ns: int) -> int:
        """Volume in 1e-8 to be expected from `from_ns` until `until_ns`, 0 when nothing is known.

        Each minute is expected to bring what the same minute of the day brought when last seen,
        the mean of the known minutes where it was not. At most 24 hours are looked at.
        """
        if not self._known_count or until_ns <= from_ns:
            return 0
        until_ns = min(until_ns, from_ns + MINUTES_MAX * MINUTE_NS)
        mean = self._known_sum // self._known_count
        if until_ns - from_ns == MINUTES_MAX * MINUTE_NS:
            # A whole day holds every minute once, the two parts of one cell taken together.
            return self._known_sum + (MINUTES_MAX - self._known_count) * mean
        first, last = from_ns // MINUTE_NS, (until_ns - 1) // MINUTE_NS
        # Summed over nanoseconds, so that the parts of a window add up to the window.
        total = 0
        for minute in range(first, last + 1):
            begin, end = minute * MINUTE_NS, (minute + 1) * MINUTE_NS
            volume = self._buckets[minute % MINUTES_MAX]
            share_ns = min(end, until_ns) - max(begin, from_ns)
            total += share_ns * (mean if volume == UNKNOWN else volume)
        return total // MINUTE_NS

    def _keep(self, minute: int, volume: int) -> None:
        cell = minute % MINUTES_MAX
        old = self._buckets[cell]
        if old == UNKNOWN:
            self._known_count += 1
            old = 0
        self._known_sum += volume - old
        self._buckets[cell] = volume
