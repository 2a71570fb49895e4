"""Where an order rests, from each venue's rules and touch alone: what the journal can redo."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.errors import Reason
from engine.model.records import PostRules
from engine.model.units import QTY_SCALE, Side, notional_1e9, round_passive

__all__ = ["Place", "Places", "PostChoice"]

Place = tuple[int, int, int]


class PostChoice(msgspec.Struct, frozen=True, gc=False):
    """(venue index, qty_1e8, price_1e9) of each resting order, and what found no place."""

    places: tuple[Place, ...]
    unplaced_qty_1e8: int
    reason: Reason


class Places:
    """The choice of one set of rules: by maker fee, then in the order of the venues.

    Every sequence that is asked for has one value a venue, in that order.
    """

    __slots__ = ("cheapest", "rules")

    def __init__(self, rules: Sequence[PostRules]) -> None:
        self.rules = tuple(rules)
        # Sorted once for each set of rules, not for each order.
        known = [(one.maker_ppm, v) for v, one in enumerate(rules) if one.maker_ppm is not None]
        self.cheapest = tuple(venue for _, venue in sorted(known))

    def spread(
        self,
        side: Side,
        qty: int,
        price: int,
        venues_max: int,
        reasons: Sequence[Reason],
        far: Sequence[int],
    ) -> PostChoice:
        """Post-only: equal parts on at most `venues_max` venues.

        A venue whose other side (`far`) stands at or through the price is left out, as it would
        refuse; where that leaves none the reason is POST_ONLY.
        """
        none = Reason.NONE
        # A loop over plain lists: estimates ask this for every forecast.
        if side is Side.BUY:
            free = [v for v in self.cheapest if reasons[v] is none and far[v] > price]
        else:
            free = [v for v in self.cheapest if reasons[v] is none and far[v] < price]
        if not free:
            reason = Reason.POST_ONLY if self.by_fee(reasons) else _first(reasons)
            return PostChoice((), qty, reason)
        for count in range(min(venues_max, len(free)), 0, -1):
            places = self._divide(free[:count], side, qty, price)
            if places:
                left = qty
                for place in places:
                    left -= place[1]
                return PostChoice(places, left, Reason.NONE if not left else Reason.BELOW_MINIMUM)
        for venue in free[1:]:
            one = self.fit(venue, side, qty, price)
            if one is not None:
                left = qty - one[1]
                return PostChoice((one,), left, Reason.NONE if not left else Reason.BELOW_MINIMUM)
        return PostChoice((), qty, Reason.BELOW_MINIMUM)

    def rest(
        self,
        side: Side,
        qty: int,
        price: int,
        reasons: Sequence[Reason],
        meets_own: Sequence[bool],
    ) -> PostChoice:
        """The one venue for the rest of a limit order; it may take where it crosses.

        Not where it would meet one of our own orders: the venue's self-trade prevention would end
        one of the two, which would then come back and end the other. It waits instead.
        """
        usable = self.by_fee(reasons)
        reason = Reason.BELOW_MINIMUM if usable else _first(reasons)
        for venue in usable:
            place = self.fit(venue, side, qty, price)
            if place is None:
                continue
            if not meets_own[venue]:
                left = qty - place[1]
                return PostChoice((place,), left, Reason.NONE if not left else Reason.BELOW_MINIMUM)
            reason = Reason.OWN_ORDER
        return PostChoice((), qty, reason)

    def by_fee(self, reasons: Sequence[Reason]) -> list[int]:
        """Venues that may be used, cheapest maker fee first."""
        none = Reason.NONE
        return [venue for venue in self.cheapest if reasons[venue] is none]

    def fit(self, venue: int, side: Side, qty: int, price: int) -> Place | None:
        """The order on the venue's grid, None below its minimums."""
        rules = self.rules[venue]
        on_tick = round_passive(price, rules.tick_1e9, side) if price % rules.tick_1e9 else price
        on_lot = qty - qty % rules.lot_1e8
        least = rules.notional_min_1e9
        if on_lot < rules.qty_min_1e8 or on_tick <= 0:
            return None
        # Rounding never takes money below a whole unit that it has, so that few are rounded.
        small = least and on_tick * on_lot < least * QTY_SCALE
        if small and notional_1e9(on_tick, on_lot) < least:
            return None
        return venue, on_lot, on_tick

    def _divide(self, venues: Sequence[int], side: Side, qty: int, price: int) -> tuple[Place, ...]:
        """Equal parts, the first takes the odd lots; nothing unless every part fits its venue."""
        places: list[Place] = []
        left, part = qty, qty // len(venues)
        for venue in venues[1:]:
            place = self.fit(venue, side, part, price)
            if place is None:
                return ()
            places.append(place)
            left -= place[1]
        first = self.fit(venues[0], side, left, price)
        return () if first is None else (first, *places)


def _first(reasons: Sequence[Reason]) -> Reason:
    return next((reason for reason in reasons if reason is not Reason.NONE), Reason.NO_LIQUIDITY)
