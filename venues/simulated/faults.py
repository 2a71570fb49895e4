"""Seeded faults of the way between engine and venue, in both directions, off by default.

Requests may be lost, delayed, doubled, overtaken, held up, or processed with their answers lost;
frames likewise; a connection may break, or stay up and carry heartbeats only. What is lost looks
like silence to either side. The weather at the venue itself is here too: storms of refusals, and
a clock that jumps.
"""

from __future__ import annotations

import random
from enum import IntEnum
from typing import Protocol, runtime_checkable

import msgspec

__all__ = [
    "NO_FAULTS",
    "Direction",
    "FaultModel",
    "FaultRates",
    "Passage",
    "Storm",
    "Weathered",
    "Windows",
]

PPM = 1_000_000


class Direction(IntEnum):
    """Which way a payload goes."""

    TO_VENUE = 0
    TO_ENGINE = 1


class Storm(IntEnum):
    """What every place is answered while it lasts."""

    NONE = 0
    RATE = 1
    ERROR = 2


class FaultRates(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How often (parts per million of payloads) each fault strikes, and how badly.

    `lost_answer_ppm` concerns requests only: processed, but no answer of it arrives. `silence_ppm`
    of data frames begin a silence of their session, in which only heartbeats pass. `late_cancel_*`
    delays cancels alone, so that fills come first. Storms and clock jumps come once in each period
    of `*_every_ns` (0: never), at a drawn time; a jump is up to `clock_jump_max_ns` either way.
    """

    loss_ppm: int = 0
    delay_ppm: int = 0
    delay_max_ns: int = 200_000_000
    duplicate_ppm: int = 0
    reorder_ppm: int = 0
    clog_ppm: int = 0
    clog_ns: int = 2_000_000_000
    disconnect_ppm: int = 0
    down_ns: int = 1_000_000_000
    lost_answer_ppm: int = 0
    silence_ppm: int = 0
    silence_max_ns: int = 10_000_000_000
    late_cancel_ppm: int = 0
    late_cancel_max_ns: int = 1_000_000_000
    rate_storm_every_ns: int = 0
    rate_storm_ns: int = 2_000_000_000
    error_storm_every_ns: int = 0
    error_storm_ns: int = 2_000_000_000
    clock_jump_every_ns: int = 0
    clock_jump_ns: int = 5_000_000_000
    clock_jump_max_ns: int = 3_000_000_000


NO_FAULTS = FaultRates()


class Passage(msgspec.Struct, frozen=True, gc=False):
    """Fate of one payload: a delay for each copy that arrives (none: lost).

    `overtaken` frees it from the order of its line.
    """

    delays_ns: tuple[int, ...]
    overtaken: bool = False
    answers_lost: bool = False
    disconnect: bool = False


CLEAN = Passage((0,))


class Windows:
    """One window in each period of `every_ns`, at a drawn place in it; none where that is 0.

    A period's draw depends on seed and period alone: whoever asks, and when, does not change it.
    """

    __slots__ = ("draw", "every_ns", "length_ns", "period", "seed", "start_ns")

    def __init__(self, every_ns: int, length_ns: int, seed: str) -> None:
        assert every_ns == 0 or 0 < length_ns <= every_ns, "a window fits its period"
        self.every_ns = every_ns
        self.length_ns = length_ns
        self.seed = seed
        self.period = -1
        self.start_ns = 0
        self.draw = 0

    def open(self, now_ns: int) -> bool:
        """Whether a window is open; then `draw` is its own number of 32 bits."""
        if not self.every_ns:
            return False
        period = now_ns // self.every_ns
        if period != self.period:
            rng = random.Random(f"{self.seed} {period}")  # sim-ok: seeded by an argument
            self.period = period
            spare = self.every_ns - self.length_ns
            self.start_ns = period * self.every_ns + rng.randrange(spare + 1)
            self.draw = rng.getrandbits(32)
        return self.start_ns <= now_ns < self.start_ns + self.length_ns


class FaultModel:
    """Draws the fate of each payload; while switched off it draws nothing.

    Silences are kept for each session that has one, so connections bound them.
    """

    def __init__(self, rates: FaultRates, rng: random.Random) -> None:
        self.rates = rates
        self.rng = rng
        self.on = rates != NO_FAULTS
        self.clogged_until_ns = [0, 0]
        self.silent_until_ns: dict[int, int] = {}
        windows = rates.rate_storm_every_ns, rates.error_storm_every_ns, rates.clock_jump_every_ns
        seed = rng.getrandbits(64) if any(windows) else 0
        self.rate_storms = Windows(windows[0], rates.rate_storm_ns, f"{seed} rate")
        self.error_storms = Windows(windows[1], rates.error_storm_ns, f"{seed} error")
        self.clock_jumps = Windows(windows[2], rates.clock_jump_ns, f"{seed} clock")

    def heal(self) -> None:
        """Every fault off, every clog, silence, storm and jump over."""
        self.on = False
        self.clogged_until_ns = [0, 0]
        self.silent_until_ns.clear()

    def storm(self, now_ns: int) -> Storm:
        """What every place is answered now."""
        if self.on and self.rate_storms.open(now_ns):
            return Storm.RATE
        if self.on and self.error_storms.open(now_ns):
            return Storm.ERROR
        return Storm.NONE

    def venue_ns(self, now_ns: int) -> int:
        """What the venue's clock shows; it may go back."""
        if not (self.on and self.clock_jumps.open(now_ns)):
            return now_ns
        reach = self.rates.clock_jump_max_ns
        return max(0, now_ns + self.clock_jumps.draw % (2 * reach + 1) - reach)

    def silenced(self, session: int, now_ns: int, *, heartbeat: bool) -> bool:
        """Whether a frame to the engine vanishes because its session is silent."""
        if not self.on or heartbeat:
            return False
        if now_ns < self.silent_until_ns.get(session, 0):
            return True
        if not self.strikes(self.rates.silence_ppm):
            return False
        pause = 1 + self.rng.randrange(self.rates.silence_max_ns)
        self.silent_until_ns[session] = now_ns + pause
        return True

    def connected(self, session: int) -> None:
        """A fresh connection is not silent."""
        self.silent_until_ns.pop(session, None)

    def passage(self, direction: Direction, now_ns: int, *, cancel: bool = False) -> Passage:
        """The fate of a payload that leaves now; `cancel` says that it is a cancel request."""
        if not self.on:
            return CLEAN
        rates = self.rates
        if self.strikes(rates.disconnect_ppm):
            return Passage((), disconnect=True)
        if self.strikes(rates.loss_ppm):
            return Passage(())
        delay = 0
        if self.strikes(rates.clog_ppm):
            self.clogged_until_ns[direction] = now_ns + rates.clog_ns
        delay += max(0, self.clogged_until_ns[direction] - now_ns)
        if self.strikes(rates.delay_ppm):
            delay += self.rng.randrange(rates.delay_max_ns + 1)
        overtaken = self.strikes(rates.reorder_ppm)
        if overtaken:
            delay += self.rng.randrange(rates.delay_max_ns + 1)
        if cancel and self.strikes(rates.late_cancel_ppm):
            # It leaves its line, or it would hold up the places behind it as well.
            delay += self.rng.randrange(rates.late_cancel_max_ns + 1)
            overtaken = True
        delays: tuple[int, ...] = (delay,)
        if self.strikes(rates.duplicate_ppm):
            delays = (delay, delay + self.rng.randrange(rates.delay_max_ns + 1))
        lost = direction is Direction.TO_VENUE and self.strikes(rates.lost_answer_ppm)
        return Passage(delays, overtaken, lost)

    def strikes(self, ppm: int) -> bool:
        """Whether a fault of that rate happens now."""
        return ppm > 0 and self.rng.randrange(PPM) < ppm


@runtime_checkable
class Weathered(Protocol):
    """An exchange that feels storms and clock jumps, once it is told of them."""

    weather: FaultModel | None
