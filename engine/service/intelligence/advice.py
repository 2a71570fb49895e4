"""What to do about an order now: go elsewhere, be more aggressive, wait, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.intelligence.pace import Pace
from engine.intelligence.picture import MarketPicture
from engine.intelligence.venue_health import FADES, SLOW, VenueHealth, deteriorating
from engine.model.orders import TimeInForce
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.views import Advice, InFlightCost

__all__ = ["HeldBack", "advise", "held_back"]

CENT_1E9: Final = 10_000_000


class HeldBack(msgspec.Struct, frozen=True):
    """How far the best price that may be taken is beyond an order's limit, in words and figures.

    In bps of the limit, of event contracts in cents, which are the same on both sides.
    """

    text: str
    value: float
    unit: str


def held_back(facts: OrderFacts, seen: MarketPicture) -> HeldBack | None:
    """Whether its limit price keeps an order that works from taking now; None where it does not.

    `seen` has just looked at its side of the market.
    """
    limit = facts.node.limit_price_1e9
    touch = seen.market.best(1 - seen.side)
    if facts.terminal or limit is None or touch is None or seen.sign * (touch - limit) <= 0:
        return None
    away = seen.sign * (touch - limit)
    value, unit = (away / CENT_1E9, "cents") if seen.event else (1e4 * away / limit, "bps")
    return HeldBack(f"the best price to take is {value:.2f} {unit} beyond its limit", value, unit)


def advise(
    facts: OrderFacts,
    pace: Pace,
    tca: InFlightCost,
    health: tuple[VenueHealth, ...],
    held: HeldBack | None = None,
) -> tuple[Advice, ...]:
    """What to do, each with its reason and number; `none` when there is nothing."""
    if facts.terminal:
        return (Advice(action="none", reason="the order has ended", value=None),)
    found = _reroute(facts, health)
    late = _late(facts, pace, held)
    if late is not None:
        found.append(late)
    elif tca.drift_bps is not None and pace.filled_share < 1.0 and tca.remaining_cost_bps:
        if tca.drift_bps > tca.remaining_cost_bps > 0:
            text = (
                f"the mid has moved {tca.drift_bps:.2f} bps against it, more than the rest costs "
                f"from now on ({tca.remaining_cost_bps:.2f} bps)"
            )
            value = tca.drift_bps
            found.append(Advice(action="more_aggressive", reason=text, value=value, unit="bps"))
    if not found:
        found.append(Advice(action="none", reason=_calm(pace), value=None))
    return tuple(found)


def _reroute(facts: OrderFacts, health: Sequence[VenueHealth]) -> list[Advice]:
    """Away from the venue with the worst concern of those that hold a part of it."""
    resting: dict[str, bool] = {}
    for one in facts.children:
        if not one.state.terminal:
            rests = one.tif is TimeInForce.GTC
            resting[one.venue] = resting.get(one.venue, True) and rests
    # What is sent there at once and finds nothing says nothing of an order that rests.
    holding = [
        one
        for one in health
        if one.venue in resting and not (resting[one.venue] and one.severity == FADES)
    ]
    worst = deteriorating(tuple(holding))
    if worst is None or worst.severity < SLOW:
        return []
    others = [one.venue for one in health if one.routable and one.venue != worst.venue]
    if not others:
        return []
    text = f"{worst.venue} holds part of this order and {worst.concern}; {others[0]} is up"
    value, unit = worst.concern_value, worst.concern_unit
    return [Advice(action="reroute", reason=text, value=value, unit=unit)]


def _late(facts: OrderFacts, pace: Pace, held: HeldBack | None) -> Advice | None:
    """What to do about an order that is behind."""
    if pace.status != "behind" or pace.expected_share is None:
        return None
    gap = 100 * (pace.expected_share - pace.filled_share)
    if held is not None:
        text = f"it is {gap:.0f} % of its quantity behind and its limit holds it back: {held.text}"
        return Advice(action="wait", reason=text, value=held.value, unit=held.unit)
    if facts.node.execution.urgency.value != "high":
        text = f"it is {gap:.0f} % of its quantity behind ({pace.reason})"
        return Advice(action="more_aggressive", reason=text, value=gap, unit="%")
    text = f"it is {gap:.0f} % behind and already as urgent as it can be"
    return Advice(action="wait", reason=text, value=gap, unit="%")


def _calm(pace: Pace) -> str:
    """How it goes where nothing is to be done."""
    if pace.status == "unknown":
        return pace.reason
    if pace.status == "ahead" and pace.released_share is not None:
        more = 100 * (pace.filled_share - pace.released_share)
        return f"it is {more:.0f} % of its quantity ahead ({pace.reason})"
    return "it goes as expected"
