"""What is learned of venues while trading: volatility, latency, misses, drift, own takes.

Everything starts at its prior and is updated by plain calls with the time as an argument. Takes
count equally up to `TAKES_WEIGHT`; from then on each counts for less with every later one, half
after `TAKES_HALF_LIFE`. State is a fixed number of cells a venue; latency keeps the last
`LATENCY_SAMPLES` measurements, and at most `DRIFTS_MAX` takes wait for the mid a second later.
`observations_memory` carries it over a restart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp, sqrt
from typing import Final

from engine.model.instruments import InstrumentType, Listing

__all__ = ["VenueObservations"]

NS: Final = 1_000_000_000
LATENCY_SAMPLES: Final = 64
LATENCY_PRIOR_WEIGHT: Final = 5
HALF_LIFE_S: Final = 60.0
SIGMA_FLOOR: Final = 0.3
SIGMA_PRIOR: Final = 1.0
SIGMA_PRIOR_OTHER: Final = 2.0
MAJORS: Final = frozenset({"BTC", "ETH"})
EVENT_HORIZON_PRIOR_S: Final = 7 * 86_400.0
MISS_PRIOR: Final = 2.0
HIT_PRIOR: Final = 98.0
OWN_TAKES_DECAY_S: Final = 5.0
DRIFT_NS: Final = NS
DRIFT_NS_MAX: Final = 5 * NS
DRIFTS_MAX: Final = 256
CENT_X2: Final = 20_000_000
DELTA_STEP: Final = 1.0 - 0.5 ** (1.0 / 200.0)
TAKES_HALF_LIFE: Final = 1_000
TAKES_WEIGHT: Final = 1.0 / (1.0 - 0.5 ** (1.0 / TAKES_HALF_LIFE))


class VenueObservations:
    """Observations of one market's venues, indexed by venue.

    `usable[v]` is True while the fee is known, the link is up and nobody barred the venue;
    `sigma` is the volatility in bps per square root of a second (not for events);
    `latency_root[v]` is the square root of the one-way latency in seconds.
    """

    __slots__ = (
        "barred",
        "close_ns",
        "delta_mean",
        "delta_n",
        "drift_all",
        "drift_all_n",
        "drift_mean",
        "drift_n",
        "drifting",
        "event",
        "fee_known",
        "hits",
        "last_mid_x2",
        "last_ns",
        "latency_ns",
        "latency_root",
        "link_up",
        "misses",
        "samples",
        "sigma",
        "takes",
        "takes_ns",
        "usable",
        "variance",
    )

    def __init__(self, listings: Sequence[Listing], *, close_ns: int | None = None) -> None:
        count = len(listings)
        instrument = listings[0].instrument
        prior = SIGMA_PRIOR if instrument.base in MAJORS else SIGMA_PRIOR_OTHER
        self.event = instrument.type is InstrumentType.PREDICTION
        self.close_ns = close_ns
        self.variance = prior * prior
        self.sigma = prior
        self.last_mid_x2 = 0
        self.last_ns = 0
        self.fee_known = [listing.fees is not None for listing in listings]
        self.link_up = [True] * count
        self.barred = [False] * count
        self.usable = list(self.fee_known)
        self.latency_ns = [listing.latency_prior_ns for listing in listings]
        self.latency_root = [sqrt(ns / NS) for ns in self.latency_ns]
        self.samples: list[deque[int]] = [
            deque([ns] * LATENCY_PRIOR_WEIGHT, LATENCY_SAMPLES) for ns in self.latency_ns
        ]
        self.misses = [MISS_PRIOR] * count
        self.hits = [HIT_PRIOR] * count
        self.drift_mean = [0.0] * count
        self.drift_n = [0.0] * count
        self.drift_all = 0.0
        self.drift_all_n = 0.0
        # (when it was, venue, +1 or -1, twice the mid then) of takes whose drift is still to come.
        self.drifting: deque[tuple[int, int, int, int]] = deque(maxlen=DRIFTS_MAX)
        self.delta_mean = [0.0] * count
        self.delta_n = [0] * count
        self.takes = [[0.0] * count, [0.0] * count]
        self.takes_ns = [[0] * count, [0] * count]

    def set_link(self, venue: int, up: bool) -> None:
        """The order line of a venue came up or went down."""
        self.link_up[venue] = up
        self._judge(venue)

    def set_barred(self, venue: int, barred: bool) -> None:
        """Keep a venue out of routing (halted market, no balance, reduce only)."""
        self.barred[venue] = barred
        self._judge(venue)

    def observe_mid(self, now_ns: int, mid_x2: int) -> None:
        """Sample the mid, once a second; for volatility closer samples are ignored."""
        if self.drifting:
            self._settle_drifts(now_ns, mid_x2)
        if not self.last_mid_x2:
            self.last_mid_x2, self.last_ns = mid_x2, now_ns
            return
        elapsed = (now_ns - self.last_ns) / NS
        if elapsed < 1.0:
            return
        change = 1e4 * (mid_x2 - self.last_mid_x2) / self.last_mid_x2
        keep = 0.5 ** (elapsed / HALF_LIFE_S)
        self.variance = keep * self.variance + (1.0 - keep) * change * change / elapsed
        self.sigma = max(SIGMA_FLOOR, sqrt(self.variance))
        self.last_mid_x2, self.last_ns = mid_x2, now_ns

    def observe_latency(self, venue: int, one_way_ns: int) -> None:
        """One measured one-way latency; the median of the last ones is used."""
        samples = self.samples[venue]
        samples.append(one_way_ns)
        self.latency_ns[venue] = sorted(samples)[len(samples) // 2]
        self.latency_root[venue] = sqrt(self.latency_ns[venue] / NS)

    def observe_take(
        self,
        venue: int,
        side: int,
        qty_1e8: int,
        hit: bool,
        now_ns: int,
        mid_x2: int | None = None,
    ) -> None:
        """The outcome of one IOC take: it filled (hit) or missed.

        With the mid of this moment, what it does in the next second becomes the venue's drift.
        """
        if qty_1e8 > 0 and mid_x2:
            self.drifting.append((now_ns, venue, 1 - 2 * side, mid_x2))
        self._fade(venue)
        if hit:
            self.hits[venue] += 1.0
            self.takes[side][venue] = self.own_takes(venue, side, now_ns) + qty_1e8
            self.takes_ns[side][venue] = now_ns
        else:
            self.misses[venue] += 1.0

    def observe_drift(self, venue: int, drift_bps: float) -> None:
        """Mid drift in the second after a take, less the mean of all venues."""
        self.drift_n[venue] = min(self.drift_n[venue] + 1.0, TAKES_WEIGHT)
        self.drift_mean[venue] += (drift_bps - self.drift_mean[venue]) / self.drift_n[venue]

    def observe_cost(self, venue: int, realised_less_predicted_bps: float) -> None:
        """How far a leg's cost was from its prediction (V3)."""
        self.delta_n[venue] += 1
        self.delta_mean[venue] += DELTA_STEP * (
            realised_less_predicted_bps - self.delta_mean[venue]
        )

    def sigma_at(self, mid_x2: int | None, now_ns: int) -> float:
        """Volatility: bps per square root of a second (events: cents)."""
        if self.event:
            p = (mid_x2 or 0) / 2e9
            seconds = EVENT_HORIZON_PRIOR_S
            if self.close_ns is not None:
                seconds = max((self.close_ns - now_ns) / NS, 1.0)
            return 100.0 * sqrt(max(p * (1.0 - p), 0.0) / seconds)
        return self.sigma

    def miss_rate(self, venue: int) -> float:
        """Mean of the venue's Beta posterior."""
        return self.misses[venue] / (self.misses[venue] + self.hits[venue])

    def adverse(self, venue: int, shrink: float) -> float:
        """Drift against us after our takes: minus the mean, shrunk by n / (n + shrink)."""
        n = self.drift_n[venue]
        return -self.drift_mean[venue] * n / (n + shrink)

    def delta(self, venue: int, shrink: float) -> float:
        """Shrunk mean of realised less predicted cost."""
        n = self.delta_n[venue]
        return self.delta_mean[venue] * n / (n + shrink)

    def own_takes(self, venue: int, side: int, now_ns: int) -> float:
        """Own recent takes, decayed e^(-t / 5 s)."""
        held = self.takes[side][venue]
        if not held:
            return 0.0
        return held * exp(-(now_ns - self.takes_ns[side][venue]) / NS / OWN_TAKES_DECAY_S)

    def _settle_drifts(self, now_ns: int, mid_x2: int) -> None:
        """Drifts of takes at least a second old, in our favour +, in bps (events: cents)."""
        drifting = self.drifting
        while drifting and now_ns - drifting[0][0] >= DRIFT_NS:
            at_ns, venue, sign, then_x2 = drifting.popleft()
            if now_ns - at_ns > DRIFT_NS_MAX:
                # There was no mid for a while; what it did since says nothing of the take.
                continue
            moved = mid_x2 - then_x2
            drift = sign * (moved / CENT_X2 if self.event else 1e4 * moved / then_x2)
            self.drift_all_n = min(self.drift_all_n + 1.0, TAKES_WEIGHT)
            self.drift_all += (drift - self.drift_all) / self.drift_all_n
            self.observe_drift(venue, drift - self.drift_all)

    def _fade(self, venue: int) -> None:
        """Make room for one more take."""
        hits, misses = self.hits[venue] - HIT_PRIOR, self.misses[venue] - MISS_PRIOR
        over = hits + misses + 1.0
        if over > TAKES_WEIGHT:
            share = (TAKES_WEIGHT - 1.0) / (over - 1.0)
            self.hits[venue] = HIT_PRIOR + share * hits
            self.misses[venue] = MISS_PRIOR + share * misses

    def _judge(self, venue: int) -> None:
        known = self.fee_known[venue] and self.link_up[venue]
        self.usable[venue] = known and not self.barred[venue]
