"""Prices at which the portfolio values what is held: the mids of the engine's own books."""

from __future__ import annotations

from collections.abc import Mapping

from engine.decisions.market import MarketBlock
from engine.model.units import divide_half_even
from engine.service.portfolio.accounting import PEGGED, Key, key_of

__all__ = ["Marks"]


class Marks:
    """Consolidated mids by holding. A book that is out for a while leaves its last mid standing.

    A holding whose instrument is not listed, or whose market never had a mid, has no price.
    """

    def __init__(self, markets: Mapping[str, MarketBlock]) -> None:
        self._markets: dict[Key, MarketBlock] = {}
        self._last: dict[Key, int] = {}
        for market in markets.values():
            if market.instrument.quote in PEGGED:
                for listing in market.listings:
                    self._markets.setdefault(key_of(listing), market)

    def mark_1e9(self, key: Key) -> int | None:
        """The mid in 1e-9, rounded half to even, or the last one seen, or None."""
        market = self._markets.get(key)
        mid = market.mid_x2() if market is not None else None
        if mid is not None:
            self._last[key] = divide_half_even(mid, 2)
        return self._last.get(key)
