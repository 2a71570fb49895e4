"""TCA that sums: implementation shortfall in parts, each from its own definition, exact.

With s = +1 for a buy and -1 for a sell, X the quantity meant, Q what was filled, Pd the client's
decision price (else M0), M0 the mid at activation, Mi and Ti each fill's mid and touch, pi its
price, Mend the mid at the end:

    delay = s X (M0 - Pd)            timing = s sum q (Mi - M0)     spread = s sum q (Ti - Mi)
    impact = s sum q (pi - Ti)       opportunity = s (X - Q) (Mend - M0)      fees

    shortfall = s sum q (pi - Pd) + s (X - Q) (Mend - Pd) + fees

A taker's Mi and Ti are mid and far touch when its child was planned. A maker's are mid and own
touch just before its fill: of the market when the fill is booked, with the venue's book as it was
before our price vanished from it where it has, the own touch no worse than pi and the far touch a
tick beyond pi at least, and the middle of the two as the mid (`engine/decisions/fills.py` says
why). Where they are not known (a maker's fill told over 3 s late, a fill that came when its order
was no longer worked) the fill's whole price cost stands in `unattributed`.

Extends Perold (1988). Own permanent impact sits in timing, where it cannot be told apart. Prices
come doubled (x2) so that a mid on half a tick is an integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.model.units import QTY_SCALE, divide_half_even

__all__ = ["Execution", "Fill", "Shortfall", "attribute", "shortfall_1e9"]

UNIT: Final = 2 * QTY_SCALE


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One fill: price and quantity, fee, and the mid and touch that it is held against (x2).

    Both are 0 where they are not known.
    """

    price_1e9: int
    qty_1e8: int
    fee_1e9: int
    mid_x2: int
    touch_x2: int


class Execution(msgspec.Struct, frozen=True, gc=False):
    """What was meant and done. `end_x2` None: the mid at the end is not known.

    `decision_x2` None takes the arrival mid: the engine then saw the order at its decision.
    """

    sign: int
    qty_1e8: int
    arrival_x2: int
    fills: tuple[Fill, ...]
    end_x2: int | None = None
    decision_x2: int | None = None

    @property
    def filled_1e8(self) -> int:
        return sum(fill.qty_1e8 for fill in self.fills)

    @property
    def left_1e8(self) -> int:
        """What was not filled; 0 where more came than was meant."""
        return max(0, self.qty_1e8 - self.filled_1e8)


class Shortfall(msgspec.Struct, frozen=True, gc=False):
    """The parts in money of 1e-9, + is a cost; they sum to `shortfall_1e9` to the last unit.

    `opportunity_1e9` and `shortfall_1e9` are null while a rest is open or its mid at the end was
    not seen; `executed_1e9` is the sum of the other parts. `unattributed_1e9` is the price cost of
    fills whose mid and touch are not known. `delay_1e9` is the mid's way from decision to arrival;
    `timing_1e9` is its way from there to each fill; `spread_1e9` is from mid to touch; `impact_1e9`
    is from the touch to the price paid.
    """

    delay_1e9: int
    timing_1e9: int
    spread_1e9: int
    impact_1e9: int
    unattributed_1e9: int
    opportunity_1e9: int | None
    fees_1e9: int
    executed_1e9: int
    shortfall_1e9: int | None


def attribute(done: Execution) -> Shortfall:
    """The parts of an execution's shortfall.

    Each is computed exactly and the running sum is rounded, so that every part is within one
    unit of its own definition and together they are the rounded total.
    """
    sign, start = done.sign, done.arrival_x2
    known = [fill for fill in done.fills if fill.mid_x2 and fill.touch_x2]
    blind = [fill for fill in done.fills if not (fill.mid_x2 and fill.touch_x2)]
    meant = done.filled_1e8 + done.left_1e8
    decision = start if done.decision_x2 is None else done.decision_x2
    parts = [
        sign * meant * (start - decision),
        sign * sum(fill.qty_1e8 * (fill.mid_x2 - start) for fill in known),
        sign * sum(fill.qty_1e8 * (fill.touch_x2 - fill.mid_x2) for fill in known),
        sign * sum(fill.qty_1e8 * (2 * fill.price_1e9 - fill.touch_x2) for fill in known),
        sign * sum(fill.qty_1e8 * (2 * fill.price_1e9 - start) for fill in blind),
    ]
    left, end = done.left_1e8, done.end_x2
    parts.append(0 if not left or end is None else sign * left * (end - start))
    money = _rounded(parts)
    fees = sum(fill.fee_1e9 for fill in done.fills)
    opportunity = None if left and end is None else money[5]
    executed = sum(money[:5]) + fees
    whole = None if opportunity is None else executed + opportunity
    delay, timing, spread, impact, unattributed = money[:5]
    return Shortfall(
        delay, timing, spread, impact, unattributed, opportunity, fees, executed, whole
    )


def shortfall_1e9(done: Execution) -> int | None:
    """The shortfall from its own definition, apart from its parts; None as in `Shortfall`."""
    left, end = done.left_1e8, done.end_x2
    if left and end is None:
        return None
    decision = done.arrival_x2 if done.decision_x2 is None else done.decision_x2
    paid = sum(2 * fill.price_1e9 * fill.qty_1e8 for fill in done.fills)
    price = done.sign * (paid - decision * done.filled_1e8)
    if left and end is not None:
        price += done.sign * left * (end - decision)
    return divide_half_even(price, UNIT) + sum(fill.fee_1e9 for fill in done.fills)


def _rounded(parts: Sequence[int]) -> list[int]:
    """Parts in 1e-9 whose sum is the rounded sum."""
    money: list[int] = []
    running = before = 0
    for part in parts:
        running += part
        now = divide_half_even(running, UNIT)
        money.append(now - before)
        before = now
    return money
