"""The records that are kept: of a venue in an instrument, and of an instrument.

A venue's record is about 3.5 kB, an instrument's 1.5 kB; there are at most as many as listings and
instruments, so that 1,000 of each are 5 MB.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import msgspec

from engine.intelligence.learned.fill_hazard import FillHazard
from engine.intelligence.learned.forgetting import DecayedMean, DecayedQuantiles, DecayedRate

__all__ = [
    "HORIZONS_NS",
    "SCALES_S",
    "SLOTS",
    "InstrumentRecord",
    "VenueRecord",
    "decode_instrument",
    "decode_venue",
    "encode_record",
]

NS: Final = 1_000_000_000
MS: Final = 1_000_000
HORIZONS_NS: Final = (100 * MS, NS, 5 * NS, 30 * NS, 60 * NS, 300 * NS)
SCALES_S: Final = (1.0, 10.0, 60.0)
HALF_LIVES_S: Final = (60.0, 600.0, 3_600.0)
SLOTS: Final = 48
SLOT_NS: Final = 1_800 * NS
NEW_DAY: Final = 0.2


def six_means() -> list[DecayedMean]:
    return [DecayedMean() for _ in HORIZONS_NS]


def three_means() -> list[DecayedMean]:
    return [DecayedMean(half_life_s=one) for one in HALF_LIVES_S]


class VenueRecord(msgspec.Struct, array_like=True):
    """One venue in one instrument.

    `answer_s` is from the order's intent to the venue's first answer, `frame_age_s` how old the
    newest word of its book was, looked at once a second. `rejects` are refusals out of orders,
    `fades` the share of an immediate order that was not there any more. Markouts are bps, + is
    good, of takes and of resting fills. `hazard` is for both sides of the book.
    """

    answer_s: DecayedQuantiles = msgspec.field(default_factory=DecayedQuantiles)
    frame_age_s: DecayedQuantiles = msgspec.field(default_factory=DecayedQuantiles)
    rejects: DecayedRate = msgspec.field(default_factory=DecayedRate)
    fades: DecayedRate = msgspec.field(default_factory=DecayedRate)
    taker_markouts: list[DecayedMean] = msgspec.field(default_factory=six_means)
    maker_markouts: list[DecayedMean] = msgspec.field(default_factory=six_means)
    hazard: FillHazard = msgspec.field(default_factory=FillHazard)
    spread_bps: DecayedMean = msgspec.field(default_factory=DecayedMean)
    traded_1e8: float = 0.0

    def markouts(self, maker: bool) -> list[DecayedMean]:
        """By horizon, of resting fills or of takes."""
        return self.maker_markouts if maker else self.taker_markouts


class InstrumentRecord(msgspec.Struct, array_like=True):
    """One instrument over all its venues: volatility at three scales and the day's volume curve.

    `volume_1e8` is what each half hour (UTC) usually brings, None until it was seen whole.
    """

    returns: list[DecayedMean] = msgspec.field(default_factory=three_means)
    last_x2: list[int] = msgspec.field(default_factory=lambda: [0] * len(SCALES_S))
    last_ns: list[int] = msgspec.field(default_factory=lambda: [0] * len(SCALES_S))
    volume_1e8: list[float | None] = msgspec.field(default_factory=lambda: [None] * SLOTS)
    slot: int = -1
    slot_1e8: float = 0.0
    whole: bool = False

    def observe_mid(self, mid_x2: int, now_ns: int) -> None:
        """The mid once a second; gaps of over three scales start a scale anew."""
        for i, scale in enumerate(SCALES_S):
            elapsed = (now_ns - self.last_ns[i]) / NS
            if self.last_x2[i] and elapsed < 0.95 * scale:
                continue
            if self.last_x2[i] and elapsed < 3.0 * scale:
                change = 1e4 * (mid_x2 - self.last_x2[i]) / self.last_x2[i]
                self.returns[i].add(change * change / elapsed, now_ns)
            self.last_x2[i], self.last_ns[i] = mid_x2, now_ns

    def observe_volume(self, qty_1e8: int, now_ns: int) -> None:
        """What traded since the last look; a half hour that is over goes into the curve."""
        slot = now_ns // SLOT_NS
        if slot != self.slot:
            if self.slot >= 0 and self.whole:
                cell = self.slot % SLOTS
                usual = self.volume_1e8[cell]
                fresh = self.slot_1e8
                self.volume_1e8[cell] = (
                    fresh if usual is None else usual + NEW_DAY * (fresh - usual)
                )
            # Only a half hour that was watched from its beginning counts.
            self.whole = self.slot >= 0 and slot == self.slot + 1
            self.slot, self.slot_1e8 = slot, 0.0
        self.slot_1e8 += qty_1e8

    def interrupted(self) -> None:
        """Nobody watched for a while: the half hour under way is not whole."""
        self.whole = False
        self.slot = -1
        self.slot_1e8 = 0.0
        self.last_x2 = [0] * len(SCALES_S)

    def sigma_bps(self, scale: int, prior: float, prior_weight: float = 20.0) -> float:
        """Volatility in bps per square root of a second, seen at one of the SCALES_S."""
        return sqrt(self.returns[scale].shrunk(prior * prior, prior_weight))

    def volume_shares(self) -> list[float] | None:
        """The share of each half hour in a day; None until all are known."""
        known = [one for one in self.volume_1e8 if one is not None]
        total = sum(known)
        return [one / total for one in known] if len(known) == SLOTS and total > 0.0 else None


encode_record = msgspec.msgpack.Encoder().encode
decode_venue = msgspec.msgpack.Decoder(VenueRecord).decode
decode_instrument = msgspec.msgpack.Decoder(InstrumentRecord).decode
