"""Small markets for tests of scenarios: two venues whose books are ladders around 100 USD."""

from __future__ import annotations

from engine.model.fees import FeeSchedule
from engine.model.graph import Policy, Urgency
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.service.scenario.setting import Plan, Setting, VenueStart

__all__ = ["COIN", "MID_1E9", "plan", "setting", "venue_start"]

COIN = 10**8
MID_1E9 = 100 * 10**9
CENT = 10**7
MS = 10**6


def venue_start(
    name: str = "alpha",
    index: int = 0,
    *,
    trades_per_s: float = 0.0,
    latency_ms: int = 20,
    levels: int = 12,
    taker_ppm: int = 1_000,
) -> VenueStart:
    """A venue with one coin a level, a cent apart, the touch a cent from the mid."""
    instrument = Instrument(symbol="AAA-USD", type=InstrumentType.SPOT, base="AAA", quote="USD")
    listing = Listing(
        venue=name,
        venue_symbol="AAA-USD",
        instrument=instrument,
        venue_index=index,
        tick_1e9=CENT,
        lot_1e8=COIN // 1_000,
        qty_min_1e8=COIN // 1_000,
        fees=FeeSchedule(taker_ppm=taker_ppm, maker_ppm=200),
        latency_prior_ns=latency_ms * MS,
    )
    bids = tuple((MID_1E9 - CENT * (1 + i), COIN) for i in range(levels))
    asks = tuple((MID_1E9 + CENT * (1 + i), COIN) for i in range(levels))
    sizes = (COIN // 2, COIN, 2 * COIN) if trades_per_s else ()
    rates = trades_per_s / 2, trades_per_s / 2
    return VenueStart(listing, (latency_ms * MS,), bids, asks, *rates, sizes, 1.0)


def setting(
    *,
    qty_1e8: int = 3 * COIN,
    side: int = 0,
    sigma_bps: float = 0.0,
    trades_per_s: float = 0.0,
    taker_ppm: int = 1_000,
) -> Setting:
    """Two such venues; without volatility and trades nothing moves."""
    venues = tuple(
        venue_start(name, index, trades_per_s=trades_per_s, taker_ppm=taker_ppm)
        for index, name in enumerate(("alpha", "beta"))
    )
    return Setting(
        venues=venues,
        side=side,
        qty_1e8=qty_1e8,
        mid_x2=2 * MID_1E9,
        sigma_bps=sigma_bps,
        collar_bps=100,
    )


def plan(
    policy: Policy = Policy.SOR,
    qty_1e8: int = 3 * COIN,
    urgency: Urgency = Urgency.HIGH,
    horizon_ms: int | None = None,
) -> Plan:
    """One policy for all of it."""
    return Plan(policy.value, ((policy, qty_1e8),), urgency, horizon_ms)
