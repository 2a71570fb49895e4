"""Names of event outcomes as positions carry them, and what resolved markets pay.

Kalshi outcomes are `TICKER:YES` and `TICKER:NO`, polymarket's are token ids. Inside there is one
signed position a market: NO contracts are a negative quantity of YES.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.units import PRICE_SCALE
from venues.simulated.event_markets import EVENT_MARKETS, EventMarket

__all__ = ["EventNames"]


class EventNames:
    """Looks up outcomes of the markets given; the sandbox's by default."""

    def __init__(self, markets: Sequence[EventMarket] = EVENT_MARKETS) -> None:
        self._markets = {(one.venue, one.slug): one for one in markets}
        self._tokens: dict[tuple[str, str], tuple[str, bool]] = {}
        for one in markets:
            self._tokens[one.venue, one.yes_token_id] = (one.slug, True)
            self._tokens[one.venue, one.no_token_id] = (one.slug, False)

    def symbol(self, venue: str, slug: str, *, yes: bool) -> str:
        """How an outcome is called in a position's row."""
        market = self._markets.get((venue, slug))
        if market is not None and venue == "polymarket":
            return market.yes_token_id if yes else market.no_token_id
        return f"{slug}:{'YES' if yes else 'NO'}"

    def read(self, venue: str, symbol: str) -> tuple[str, bool] | None:
        """(market, whether YES) of a token id, `MARKET:YES`, `MARKET:NO` or `MARKET`, or None."""
        found = self._tokens.get((venue, symbol)) if venue == "polymarket" else None
        if found is not None:
            return found
        name, _, outcome = symbol.partition(":")
        side = {"": True, "YES": True, "NO": False}.get(outcome.upper())
        if side is None or (venue, name) not in self._markets:
            return None
        return name, side

    def payoff_1e9(self, venue: str, slug: str) -> int | None:
        """What a YES contract pays once the market is resolved; None before, or where unknown."""
        market = self._markets.get((venue, slug))
        if market is None or market.resolved is None:
            return None
        return PRICE_SCALE if market.resolved == market.outcomes[0] else 0
