"""What a scenario is made of, as data: a market's start, the order, and the plans to try."""

from __future__ import annotations

import msgspec

from engine.decisions.policies.parameters import PolicyParameters
from engine.model.graph import Policy, Urgency
from engine.model.instruments import Listing

__all__ = ["LEVELS_MAX", "SIZES_MAX", "Outcome", "Plan", "Setting", "Task", "VenueStart"]

LEVELS_MAX = 128
SIZES_MAX = 64

Levels = tuple[tuple[int, int], ...]
"""(price_1e9, qty_1e8), best first."""


class VenueStart(msgspec.Struct, frozen=True):
    """One venue as it stands, and how others trade there.

    `latencies_ns` are one way, as last measured; a run draws one. `buys_per_s` and `sells_per_s`
    are market orders of others by the side that takes; their sizes are drawn from `sizes_1e8`,
    what the tape showed. A quote that was taken comes back after `refill_s` on average.
    """

    listing: Listing
    latencies_ns: tuple[int, ...]
    bids: Levels
    asks: Levels
    buys_per_s: float
    sells_per_s: float
    sizes_1e8: tuple[int, ...]
    refill_s: float


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The market and the order. `sigma_bps` is the volatility per square root of a second.

    `mid_x2` is twice the mid in 1e-9 at the start, `collar_bps` the cap of a market order.
    """

    venues: tuple[VenueStart, ...]
    side: int
    qty_1e8: int
    mid_x2: int
    sigma_bps: float
    collar_bps: int | None
    policies: PolicyParameters = PolicyParameters()


class Plan(msgspec.Struct, frozen=True):
    """A strategy: parts of the quantity, each worked by a policy at the same time."""

    name: str
    parts: tuple[tuple[Policy, int], ...]
    urgency: Urgency
    horizon_ms: int | None = None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker does: `runs` seeded runs of every plan."""

    setting: Setting
    plans: tuple[Plan, ...]
    runs: int
    seed: int


class Outcome(msgspec.Struct, frozen=True):
    """One run of one plan. `cost_bps` is all in and for the whole quantity: what was not filled is
    swept at the end with the taker's fee. `fault` says why a run has no number."""

    plan: int
    seed: int
    cost_bps: float
    fill_rate: float
    time_ms: int
    venues: tuple[str, ...]
    fault: str = ""
