"""Where to rest an order: the venues of best passive value, on their grids, never crossing."""

from __future__ import annotations

from collections.abc import Sequence

from engine.decisions.market import MarketBlock
from engine.decisions.placeable import best_price_1e9, size_denial
from engine.decisions.places import Places, PostChoice
from engine.errors import Reason
from engine.model.instruments import Listing
from engine.model.orders import RouteIntent
from engine.model.records import PostRules
from engine.model.units import Side

__all__ = ["Posts", "asked_price_1e9"]


class Posts:
    """Chooses venues of a market to rest on, by maker fee, then in the configured order."""

    __slots__ = ("_listings", "_market", "_places")

    def __init__(self, market: MarketBlock) -> None:
        self._market = market
        self._listings: Sequence[Listing] = ()
        self._places = Places(())

    def rest(
        self, side: Side, qty_1e8: int, price_1e9: int, reasons: Sequence[Reason]
    ) -> PostChoice:
        """The one venue for the rest of a limit order; it may take where it crosses."""
        meets = self.meets_own(side, price_1e9)
        return self.places().rest(side, qty_1e8, price_1e9, reasons, meets)

    def too_small(self, intent: RouteIntent) -> bool:
        """Whether none of the venues that the intent may go to could ever take so little."""
        market, pinned = self._market, intent.venue
        listings = [
            one
            for one in market.listings
            if pinned in (None, one.venue) and one.venue not in intent.avoid
        ]
        if not listings:
            return False
        price = best_price_1e9(market, intent.side, intent.limit_price_1e9)
        return size_denial(listings, intent.qty_1e8, price) is not None

    def choose(
        self, intent: RouteIntent, worst_1e9: int | None, reasons: Sequence[Reason]
    ) -> PostChoice:
        """Post-only places for an intent: equal parts on at most `post_venues` venues."""
        price = asked_price_1e9(intent, worst_1e9)
        return self.spread(intent.side, intent.qty_1e8, price, intent.post_venues, reasons)

    def spread(
        self, side: Side, qty: int, price: int, venues_max: int, reasons: Sequence[Reason]
    ) -> PostChoice:
        """`choose` for a quantity at a price: what estimates ask as well, so that both agree."""
        market = self._market
        far = market.best_bid if side else market.best_ask
        return self.places().spread(side, qty, price, venues_max, reasons, far)

    def meets_own(self, side: Side, price_1e9: int) -> tuple[bool, ...]:
        """Of each venue whether an order at this price would meet one of our own there."""
        own, count = self._market.own, len(self._market.listings)
        return tuple([own.meets(venue, side, price_1e9) for venue in range(count)])

    def places(self) -> Places:
        """The choice under the rules of now, which change as a whole."""
        listings = self._market.listings
        if listings is not self._listings:
            self._listings = listings
            self._places = Places([_rules(one) for one in listings])
        return self._places


def asked_price_1e9(intent: RouteIntent, worst_1e9: int | None) -> int:
    """The price that an intent is to rest at, before any venue's tick."""
    price = worst_1e9 if worst_1e9 is not None else intent.limit_price_1e9
    assert price is not None, "a post has a price"
    return price


def _rules(listing: Listing) -> PostRules:
    fees = listing.fees
    return PostRules(
        listing.venue,
        None if fees is None else fees.maker_ppm,
        fees.exponent if fees is not None and fees.quadratic else 0,
        listing.tick_1e9,
        listing.lot_1e8,
        listing.qty_min_1e8,
        listing.notional_min_1e9,
    )
