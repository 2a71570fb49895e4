"""Where to rest an order: the venues of best passive value, on their grids, never crossing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.placeable import best_price_1e9, size_denial
from engine.errors import Reason
from engine.model.instruments import Listing
from engine.model.orders import RouteIntent
from engine.model.units import Side, floor_to, notional_1e9, round_passive

__all__ = ["PostChoice", "Posts"]

Place = tuple[int, int, int]


class PostChoice(msgspec.Struct, frozen=True, gc=False):
    """(venue index, qty_1e8, price_1e9) of each resting order, and what found no place."""

    places: tuple[Place, ...]
    unplaced_qty_1e8: int
    reason: Reason


class Posts:
    """Chooses venues to rest on, by maker fee, then in the configured order."""

    __slots__ = ("_market",)

    def __init__(self, market: MarketBlock) -> None:
        self._market = market

    def rest(
        self, side: Side, qty_1e8: int, price_1e9: int, reasons: Sequence[Reason]
    ) -> Place | None:
        """The one venue for the rest of a limit order; it may take where it crosses."""
        for venue in self._by_fee(reasons):
            place = self._fit(venue, side, qty_1e8, price_1e9)
            if place is not None:
                return place
        return None

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
        """Post-only places for an intent: equal parts on at most `post_venues` venues.

        A venue whose other side stands at or through the price is left out, as it would refuse;
        where that leaves none the reason is POST_ONLY.
        """
        side, qty = intent.side, intent.qty_1e8
        price = worst_1e9 if worst_1e9 is not None else intent.limit_price_1e9
        assert price is not None, "a post has a price"
        crossing = 0
        free: list[int] = []
        for venue in self._by_fee(reasons):
            if self._crosses(venue, side, price):
                crossing += 1
            else:
                free.append(venue)
        if not free:
            reason = Reason.POST_ONLY if crossing else _first(reasons)
            return PostChoice((), qty, reason)
        for count in range(min(intent.post_venues, len(free)), 0, -1):
            places = self._divide(free[:count], side, qty, price)
            if places:
                left = qty - sum(place[1] for place in places)
                return PostChoice(places, left, Reason.NONE if not left else Reason.BELOW_MINIMUM)
        for venue in free[1:]:
            place = self._fit(venue, side, qty, price)
            if place is not None:
                left = qty - place[1]
                return PostChoice((place,), left, Reason.NONE if not left else Reason.BELOW_MINIMUM)
        return PostChoice((), qty, Reason.BELOW_MINIMUM)

    def _divide(self, venues: Sequence[int], side: Side, qty: int, price: int) -> tuple[Place, ...]:
        """Equal parts, the first takes the odd lots; nothing unless every part fits its venue."""
        places: list[Place] = []
        left = qty
        for number, venue in enumerate(reversed(venues)):
            share = left if number == len(venues) - 1 else qty // len(venues)
            place = self._fit(venue, side, share, price)
            if place is None:
                return ()
            places.append(place)
            left -= place[1]
        return tuple(reversed(places))

    def _by_fee(self, reasons: Sequence[Reason]) -> list[int]:
        """Venues that may be used, cheapest maker fee first."""
        listings = self._market.listings
        usable = [
            (listing.fees.maker_ppm, venue)
            for venue, listing in enumerate(listings)
            if reasons[venue] is Reason.NONE and listing.fees is not None
        ]
        return [venue for _, venue in sorted(usable)]

    def _crosses(self, venue: int, side: Side, price: int) -> bool:
        market = self._market
        if side is Side.BUY:
            return market.best_ask[venue] <= price
        return market.best_bid[venue] >= price

    def _fit(self, venue: int, side: Side, qty: int, price: int) -> Place | None:
        """The order on the venue's grid, None below its minimums."""
        listing: Listing = self._market.listings[venue]
        on_tick = round_passive(price, listing.tick_1e9, side)
        on_lot = floor_to(qty, listing.lot_1e8)
        if on_lot < listing.qty_min_1e8 or on_tick <= 0:
            return None
        if notional_1e9(on_tick, on_lot) < listing.notional_min_1e9:
            return None
        return venue, on_lot, on_tick


def _first(reasons: Sequence[Reason]) -> Reason:
    return next((reason for reason in reasons if reason is not Reason.NONE), Reason.NO_LIQUIDITY)
