"""Mids of every instrument over time, sampled on the event loop while the engine runs.

Costs a few microseconds ten times a second. What was before the first sample is not known, and
answers say so.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from engine.errors import ConfigError
from engine.intelligence.benchmarks import Print
from engine.intelligence.observations import MidHistory

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["MarketHistory"]

STEP_S: Final = 0.1
STEP_NS: Final = 100_000_000


class MarketHistory:
    """Starts at its first `start` inside a running loop, ends with `close` or the engine."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self.engine = engine
        self.mids: dict[str, MidHistory] = {}
        self.began_ns: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to sample; further calls do nothing."""
        if self._timer is None and not self._closed:
            self.began_ns = time.time_ns()
            self._sample()

    def close(self) -> None:
        """Stop; what was seen stays readable."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def mid_x2_at(self, symbol: str, when_ns: int) -> int | None:
        """Twice the mid of an instrument at a time, None where it was not seen."""
        history = self.mids.get(symbol)
        return None if history is None else history.at(when_ns)

    def prints(self, symbol: str, from_ns: int) -> tuple[list[Print], str]:
        """Public trades of all venues from a time on, oldest first; else why some are missing."""
        if self.began_ns is None or from_ns < self.began_ns:
            return [], "the tape was not watched from the start of the order"
        found: list[Print] = []
        for ring in self.engine.world.tapes[symbol].rings.values():
            if ring.since_ns > from_ns:
                return [], f"the tape keeps {len(ring.rows)} trades a venue and has forgotten some"
            rows = ring.newest(len(ring.rows)).tolist()
            found += [Print(row[0], row[1], row[2]) for row in rows if row[0] >= from_ns]
        found.sort(key=lambda one: one.at_ns)
        return found, ""

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
            history.observe(now_ns, market.mid_x2())
        self._timer = asyncio.get_running_loop().call_later(STEP_S, self._sample)
