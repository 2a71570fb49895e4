"""Fee schedules as data: what a venue charges for a fill, and how it rounds.

Two shapes are in use: a flat share of the notional (in ppm), and the quadratic fee of event
contracts, rate x contracts x (p(1-p))^exponent. An unknown fee is None on the listing and makes
it not routable: it is never taken for zero.
"""

from __future__ import annotations

import msgspec

from engine.model.units import PPM, PRICE_SCALE, QTY_SCALE, divide_up

__all__ = ["FeeSchedule", "fee_1e9", "fee_bps_at"]


class FeeSchedule(msgspec.Struct, frozen=True, gc=False, kw_only=True, forbid_unknown_fields=True):
    """Maker and taker rates in ppm.

    `quadratic` False: fee = rate x notional. True: fee = rate x contracts x (p(1-p))^exponent,
    p the price as a share of the 1 USD payoff. `asset` is what the fee is charged in,
    `rounding_1e9` the step to which the fee of one fill is rounded up (1 = 1e-9).
    """

    taker_ppm: int
    maker_ppm: int = 0
    quadratic: bool = False
    exponent: int = 1
    asset: str = "USD"
    rounding_1e9: int = 1

    def __post_init__(self) -> None:
        if not -PPM < self.maker_ppm < PPM or not 0 <= self.taker_ppm < PPM:
            raise ValueError("fee rates must lie within one million ppm")
        if self.exponent not in (1, 2) or self.rounding_1e9 < 1:
            raise ValueError("fee exponent must be 1 or 2 and its rounding step positive")


def fee_1e9(schedule: FeeSchedule, price_1e9: int, qty_1e8: int, *, maker: bool) -> int:
    """Fee of one fill in 1e-9 of the fee asset, rounded up to the schedule's step."""
    rate_ppm = schedule.maker_ppm if maker else schedule.taker_ppm
    if schedule.quadratic:
        shape = price_1e9 * (PRICE_SCALE - price_1e9)
        numerator = rate_ppm * qty_1e8 * shape**schedule.exponent
        denominator = PPM * QTY_SCALE * PRICE_SCALE ** (2 * schedule.exponent - 1)
    else:
        numerator = rate_ppm * qty_1e8 * price_1e9
        denominator = PPM * QTY_SCALE
    step = schedule.rounding_1e9
    return divide_up(numerator, denominator * step) * step


def fee_bps_at(schedule: FeeSchedule, price_1e9: int, *, maker: bool = False) -> float:
    """Fee as bps of the notional at `price_1e9`, for estimates (not for accounting)."""
    rate_ppm = schedule.maker_ppm if maker else schedule.taker_ppm
    if not schedule.quadratic:
        return rate_ppm / 100
    p = price_1e9 / PRICE_SCALE
    return rate_ppm / 100 * (p * (1 - p)) ** schedule.exponent / p if p > 0 else 0.0
