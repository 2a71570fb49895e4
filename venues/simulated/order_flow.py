"""Seeded order flow that keeps simulated books alive around a slowly moving fair value.

Every book has a ladder of background quotes a side. Each tick: quotes and strangers' orders that
the fair value has passed are taken (the arbitrage that holds venues together), some quotes are
renewed, holes are refilled, and now and then somebody trades at market.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import msgspec

from engine.model.instruments import Listing
from engine.model.orders import TimeInForce
from engine.model.units import PPM, Side, ceil_to, floor_to
from venues.simulated.exchange import SimulatedExchange

__all__ = ["DepthProfile", "FairValue", "OrderFlow"]

NS_PER_S = 1_000_000_000
STEPS_MAX = 1_000
EVENTS_MAX = 200


class DepthProfile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How one book looks and moves.

    Quote i of a side stands `half_spread_1e9 + i x step_1e9 x (1 + i x widening_ppm/1e6)` from
    the fair value with about `qty_1e8 x (1 + i x growth_ppm/1e6)`. Events are renewals of single
    quotes; `market_ppm` of them are market orders of up to two touch sizes.
    """

    levels: int
    half_spread_1e9: int
    step_1e9: int
    qty_1e8: int
    growth_ppm: int = 60_000
    widening_ppm: int = 50_000
    events_per_s: int = 200
    market_ppm: int = 20_000


class FairValue:
    """One instrument's common fair value: a slow walk that is pulled back to its start.

    It steps on its own clock and with its own generator, so whoever asks, and in which order,
    does not change it. After a long pause it moves at most 1,000 steps.
    """

    def __init__(
        self,
        start_1e9: int,
        rng: random.Random,
        sigma_ppm: int = 100,
        pull_s: int = 600,
        step_ns: int = 200_000_000,
        bounds_1e9: tuple[int, int] | None = None,
    ) -> None:
        assert start_1e9 > 0
        self.start_1e9 = start_1e9
        self.value_1e9 = start_1e9
        self.rng = rng
        self.step_ns = step_ns
        self.bounds_1e9 = bounds_1e9 or (start_1e9 // 2, start_1e9 * 2)
        share = step_ns / NS_PER_S
        # One exact draw a step: uniform whole numbers, so that every platform repeats it.
        self.reach_1e9 = max(1, int(start_1e9 * sigma_ppm * math.sqrt(3 * share)) // PPM)
        self.pull_steps = max(1, int(pull_s / share))
        self.at_ns: int | None = None

    def at(self, now_ns: int) -> int:
        """The fair value at a time not before the last one asked for."""
        if self.at_ns is None:
            self.at_ns = now_ns
        steps = (now_ns - self.at_ns) // self.step_ns
        if steps > 0:
            self.at_ns += steps * self.step_ns
        low, high = self.bounds_1e9
        for _ in range(min(steps, STEPS_MAX)):
            move = self.rng.randrange(-self.reach_1e9, self.reach_1e9 + 1)
            pull = (self.start_1e9 - self.value_1e9) // self.pull_steps
            self.value_1e9 = min(high, max(low, self.value_1e9 + move + pull))
        return self.value_1e9


class OrderFlow:
    """The other participants of one exchange. `rng` is theirs alone."""

    def __init__(
        self,
        exchange: SimulatedExchange,
        fair_values: Mapping[str, FairValue],
        profiles: Mapping[str, DepthProfile],
        rng: random.Random,
    ) -> None:
        """`fair_values` and `profiles` by venue symbol; a symbol without them stays as it is."""
        self.ladders = [
            Ladder(exchange, listing, fair_values[symbol], profiles[symbol], rng)
            for symbol, listing in exchange.listings.items()
            if symbol in profiles
        ]
        self.last_ns: int | None = None

    def run(self, now_ns: int) -> None:
        """Move every book on to this time; the first call fills them."""
        elapsed_ns = now_ns - self.last_ns if self.last_ns is not None else 0
        self.last_ns = now_ns
        for ladder in self.ladders:
            ladder.run(now_ns, elapsed_ns)


class Ladder:
    """Background quotes of one book: one order number a rung and side, 0 where there is none."""

    __slots__ = (
        "credit",
        "exchange",
        "fair",
        "filled",
        "listing",
        "profile",
        "rng",
        "rungs",
        "symbol",
    )

    def __init__(
        self,
        exchange: SimulatedExchange,
        listing: Listing,
        fair: FairValue,
        profile: DepthProfile,
        rng: random.Random,
    ) -> None:
        self.exchange = exchange
        self.listing = listing
        self.symbol = listing.venue_symbol
        self.fair = fair
        self.profile = profile
        self.rng = rng
        self.rungs = ([0] * profile.levels, [0] * profile.levels)
        self.credit = 0
        self.filled = False

    def run(self, now_ns: int, elapsed_ns: int) -> None:
        """One tick of this book."""
        if not self.exchange.books[self.symbol].open:
            return
        fair = self.fair.at(now_ns)
        if not self.filled:
            self.filled = True
            for rung in range(self.profile.levels):
                self.renew(Side.BUY, rung, fair, now_ns)
                self.renew(Side.SELL, rung, fair, now_ns)
            return
        self.arbitrage(fair, now_ns)
        self.credit += elapsed_ns * self.profile.events_per_s
        events, self.credit = divmod(self.credit, NS_PER_S)
        for _ in range(min(events, EVENTS_MAX)):
            self.event(fair, now_ns)

    def event(self, fair: int, now_ns: int) -> None:
        """One thing that somebody does: a renewed quote, seldom a market order."""
        rng, profile = self.rng, self.profile
        side = Side.BUY if rng.randrange(2) else Side.SELL
        if rng.randrange(PPM) < profile.market_ppm:
            self.market_order(side, now_ns)
            return
        # The smaller of two draws: quotes near the touch are renewed more often.
        rung = min(rng.randrange(profile.levels), rng.randrange(profile.levels))
        self.renew(side, rung, fair, now_ns)

    def renew(self, side: Side, rung: int, fair: int, now_ns: int) -> None:
        """Cancel the quote of a rung and place it anew around the present fair value."""
        numbers = self.rungs[side]
        if numbers[rung]:
            self.exchange.flow_cancel(self.symbol, numbers[rung])
            numbers[rung] = 0
        price = self.price_of(side, rung, fair)
        if price <= 0 or (self.listing.price_max_1e9 and price >= self.listing.price_max_1e9):
            return
        qty = self.size(rung)
        number, placed = self.exchange.flow_place(
            self.symbol, side, qty, price, now_ns, post_only=True
        )
        if placed.left_1e8 and self.exchange.books[self.symbol].book.open_qty(number):
            numbers[rung] = number

    def arbitrage(self, fair: int, now_ns: int) -> None:
        """Take, at once, whatever stands on the wrong side of the fair value by half a spread."""
        book = self.exchange.books[self.symbol].book
        edge = self.profile.half_spread_1e9 // 2
        ask, bid = book.best(Side.SELL), book.best(Side.BUY)
        if ask is not None and ask <= fair - edge:
            self.take(Side.BUY, fair - edge, now_ns)
        if bid is not None and bid >= fair + edge:
            self.take(Side.SELL, fair + edge, now_ns)
        for side in (Side.BUY, Side.SELL):
            for rung in range(min(2, self.profile.levels)):
                if not book.open_qty(self.rungs[side][rung]) and self.rng.randrange(2):
                    self.renew(side, rung, fair, now_ns)

    def take(self, side: Side, limit: int, now_ns: int) -> None:
        """An IOC of a few touch sizes."""
        tick = self.listing.tick_1e9
        limit = floor_to(limit, tick) if side is Side.BUY else ceil_to(limit, tick)
        if limit > 0:
            qty = self.lots(self.profile.qty_1e8 * 4)
            self.exchange.flow_place(self.symbol, side, qty, limit, now_ns, TimeInForce.IOC)

    def market_order(self, side: Side, now_ns: int) -> None:
        """Somebody trades up to two touch sizes, at most the depth of the ladder away."""
        limit = self.exchange.books[self.symbol].book.protected_limit(side, 20_000)
        if limit is not None:
            qty = self.lots(self.rng.randrange(1, 2 * self.profile.qty_1e8))
            self.exchange.flow_place(self.symbol, side, qty, limit, now_ns, TimeInForce.IOC)

    def price_of(self, side: Side, rung: int, fair: int) -> int:
        """Where a rung stands: on the tick, never more aggressive than its distance."""
        profile = self.profile
        stretched = rung * (PPM + rung * profile.widening_ppm)
        away = profile.half_spread_1e9 + profile.step_1e9 * stretched // PPM
        tick = self.listing.tick_1e9
        if side is Side.BUY:
            return floor_to(fair - away, tick)
        return ceil_to(fair + away, tick)

    def size(self, rung: int) -> int:
        """Half to one and a half of the rung's usual size."""
        usual = self.profile.qty_1e8 * (PPM + rung * self.profile.growth_ppm) // PPM
        return self.lots(usual // 2 + self.rng.randrange(max(1, usual)))

    def lots(self, qty: int) -> int:
        """On the lot, at least the minimum."""
        return max(floor_to(qty, self.listing.lot_1e8), self.listing.qty_min_1e8)
