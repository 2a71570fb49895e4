"""What the observer learned of resting orders, as the pictures of one instrument ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.intelligence.learned.fill_hazard import FillHazard
from engine.intelligence.rest_plan import Hazards

if TYPE_CHECKING:
    from engine.decisions.market import MarketBlock
    from engine.service.intelligence.observer import Observer

__all__ = ["hazards_of"]


def hazards_of(observer: Observer | None, symbol: str, market: MarketBlock) -> Hazards | None:
    """The records of a symbol (the engine's own name) by venue index and side; None of nobody.

    A venue that is not looked at, or where nothing was seen to fill, has none.
    """
    if observer is None:
        return None
    seen, names = observer, [one.venue for one in market.listings]

    def learned(venue: int, side: int) -> tuple[FillHazard, float] | None:
        resting = seen.resting(names[venue], symbol, side)
        record = seen.venues.get((names[venue], symbol))
        if resting is None or record is None or not record.hazard.fills:
            return None
        return record.hazard, resting.outflow_1e8

    return learned
