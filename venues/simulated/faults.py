"""Seeded faults of the way between engine and venue, in both directions, off by default.

Requests may be lost, delayed, doubled, overtaken, held up, or processed with their answers lost;
frames likewise; a connection may break. What is lost looks like silence to either side.
"""

from __future__ import annotations

import random
from enum import IntEnum

import msgspec

__all__ = ["NO_FAULTS", "Direction", "FaultModel", "FaultRates", "Passage"]

PPM = 1_000_000


class Direction(IntEnum):
    """Which way a payload goes."""

    TO_VENUE = 0
    TO_ENGINE = 1


class FaultRates(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """How often (parts per million of payloads) each fault strikes, and how badly.

    `lost_answer_ppm` concerns requests only: processed, but no answer of it arrives.
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


class FaultModel:
    """Draws the fate of each payload; while switched off it draws nothing."""

    def __init__(self, rates: FaultRates, rng: random.Random) -> None:
        self.rates = rates
        self.rng = rng
        self.on = rates != NO_FAULTS
        self.clogged_until_ns = [0, 0]

    def heal(self) -> None:
        """Every fault off, every clog gone."""
        self.on = False
        self.clogged_until_ns = [0, 0]

    def passage(self, direction: Direction, now_ns: int) -> Passage:
        """The fate of a payload that leaves now."""
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
        delays: tuple[int, ...] = (delay,)
        if self.strikes(rates.duplicate_ppm):
            delays = (delay, delay + self.rng.randrange(rates.delay_max_ns + 1))
        lost = direction is Direction.TO_VENUE and self.strikes(rates.lost_answer_ppm)
        return Passage(delays, overtaken, lost)

    def strikes(self, ppm: int) -> bool:
        """Whether a fault of that rate happens now."""
        return ppm > 0 and self.rng.randrange(PPM) < ppm
