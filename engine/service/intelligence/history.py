"""Mids and prints of every instrument over time, watched on the event loop while the engine runs.

Costs a few microseconds ten times a second and, with a data folder, about 0.2 ms more for writing
one instrument each time. What was watched then survives a restart (see `price_file.py` for the
bound); what was not, such as the time between two runs, is not known, and answers say so.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.errors import ConfigError
from engine.intelligence.benchmarks import Print
from engine.intelligence.observations import MidHistory
from engine.service.intelligence.price_file import MIDS, PRICES_NAME, PRINTS, PriceFile

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["STEP_NS", "MarketHistory"]

STEP_S: Final = 0.1
STEP_NS: Final = 100_000_000
NOT_WATCHED: Final = "the tape was not watched from the start of the order"


class Unwritten:
    """What of one instrument is not in the file yet."""

    __slots__ = ("counts", "from_ns", "mids", "prints_from_ns", "value")

    def __init__(self, now_ns: int) -> None:
        self.from_ns = self.prints_from_ns = now_ns
        self.value = 0
        self.mids: list[tuple[int, int]] = []
        self.counts: dict[int, int] = {}


class MarketHistory:
    """Starts at its first `start` inside a running loop, ends with `close` or the engine."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self.engine = engine
        self.mids: dict[str, MidHistory] = {}
        self.began_ns: int | None = None
        self._file: PriceFile | None = None
        self._unwritten: dict[str, Unwritten] = {}
        self._round = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to sample; further calls do nothing."""
        if self._timer is None and not self._closed:
            self.began_ns = time.time_ns()
            folder = self.engine.config.data_dir
            if folder is not None:
                self._file = PriceFile(Path(folder) / PRICES_NAME)
            self._sample()

    def close(self) -> None:
        """Stop; what was seen stays readable, here and in the file."""
        if self._file is not None and not self._closed:
            for symbol in list(self._unwritten):
                self._write(symbol, self._file)
            self._file.close()
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def mid_x2_at(self, symbol: str, when_ns: int) -> int | None:
        """Twice the mid of an instrument at a time, None where it was not seen."""
        history = self.mids.get(symbol)
        since_ns = None if history is None else history.since_ns
        if history is not None and since_ns is not None and when_ns >= since_ns:
            return history.at(when_ns)
        return None if self._file is None else self._file.value_at(symbol, when_ns, STEP_NS)

    def mean_x2(self, symbol: str, from_ns: int, to_ns: int) -> float | None:
        """Time average of twice the mid over a window, None unless all of it was watched."""
        history = self.mids.get(symbol)
        if history is None:
            return None
        if history.since_ns is not None and from_ns >= history.since_ns:
            return history.mean_x2(from_ns, to_ns)
        if self._file is None:
            return None
        self._write(symbol, self._file)
        found = self._file.stretch(symbol, MIDS, from_ns, to_ns)
        if found is None or found.to_ns + STEP_NS < to_ns:
            return None
        again = MidHistory(STEP_NS, len(found.rows) + 1)
        for at_ns, value in found.rows.tolist():
            again.observe(at_ns, value)
        again.seen_ns = found.to_ns
        return again.mean_x2(from_ns, to_ns)

    def prints(
        self, symbol: str, from_ns: int, to_ns: int | None = None
    ) -> tuple[list[Print], str]:
        """Public trades of all venues from a time on, oldest first; else why some are missing.

        After a restart they end with the run that saw `from_ns`, which must have seen `to_ns`.
        """
        tape = self.engine.world.tapes.get(symbol)
        if tape is None or self.began_ns is None:
            return [], NOT_WATCHED
        rings = tape.rings.values()
        if from_ns >= self.began_ns and all(ring.since_ns <= from_ns for ring in rings):
            found: list[Print] = []
            for ring in rings:
                rows = ring.newest(len(ring.rows)).tolist()
                found += [Print(row[0], row[1], row[2]) for row in rows if row[0] >= from_ns]
            found.sort(key=lambda one: one.at_ns)
            return found, ""
        if self._file is not None:
            self._write(symbol, self._file)
            seen = self._file.stretch(symbol, PRINTS, from_ns, time.time_ns())
            if seen is not None and seen.to_ns + STEP_NS >= (to_ns or from_ns):
                # Trades of one moment stay in the order in which they came.
                kept = [row for row in seen.rows.tolist() if row[0] >= from_ns]
                kept.sort(key=lambda row: row[0])
                return [Print(*row) for row in kept], ""
        if from_ns < self.began_ns:
            return [], NOT_WATCHED
        most = max(len(ring.rows) for ring in rings)
        return [], f"the tape keeps {most} trades a venue and has forgotten some"

    def _sample(self) -> None:
        try:
            markets = self.engine.world.markets
        except ConfigError:
            # The engine has been left; there is nothing to look at any more.
            self.close()
            return
        now_ns = time.time_ns()
        for symbol, market in markets.items():
            history = self.mids.get(symbol)
            if history is None:
                history = self.mids[symbol] = MidHistory(STEP_NS)
            value = market.mid_x2()
            history.observe(now_ns, value)
            if self._file is not None:
                self._remember(symbol, now_ns, value or 0)
        if self._file is not None and markets:
            # One instrument a turn, so that no turn is long.
            names = list(markets)
            self._round += 1
            self._write(names[self._round % len(names)], self._file)
        self._timer = asyncio.get_running_loop().call_later(STEP_S, self._sample)

    def _remember(self, symbol: str, now_ns: int, value: int) -> None:
        held = self._unwritten.get(symbol)
        if held is None:
            held = self._unwritten[symbol] = Unwritten(now_ns)
            rings = self.engine.world.tapes[symbol].rings
            held.counts = {venue: ring.count for venue, ring in rings.items()}
            held.value = value
            held.mids.append((now_ns, value))
        elif held.value != value:
            held.value = value
            held.mids.append((now_ns, value))

    def _write(self, symbol: str, file: PriceFile) -> None:
        """Put what was seen of an instrument into the file, up to its last sample."""
        held, history = self._unwritten.get(symbol), self.mids.get(symbol)
        if held is None or history is None:
            return
        now_ns = history.seen_ns
        if now_ns > held.from_ns or held.mids:
            rows = np.array(held.mids, np.int64).reshape(-1, 2)
            file.append(symbol, MIDS, held.from_ns, now_ns, rows)
            held.from_ns, held.mids = now_ns, []
        try:
            rings = self.engine.world.tapes[symbol].rings
        except ConfigError:
            return
        fresh = []
        whole = True
        for venue, ring in rings.items():
            new = ring.count - held.counts.get(venue, 0)
            held.counts[venue] = ring.count
            whole = whole and new <= len(ring.rows)
            fresh.append(ring.newest(new)[:, :3])
        until_ns = max(now_ns, *(int(rows[-1, 0]) for rows in fresh if len(rows)), 0)
        prints = np.concatenate(fresh) if fresh else np.zeros((0, 3), np.int64)
        prints = prints[np.argsort(prints[:, 0], kind="stable")]
        if whole:
            file.append(symbol, PRINTS, held.prints_from_ns, until_ns, prints)
        held.prints_from_ns = until_ns
