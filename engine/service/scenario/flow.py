"""The other participants of a scenario: quotes that start as the live book, and fitted trades.

Every quote keeps its distance from a fair value, which walks with the market's own volatility.
Once set moving: quotes follow the fair value within a tenth of a second on average, what it has
passed is taken, taken quotes come back after a while, and others trade at market as often and as
large as the tape showed.
"""

from __future__ import annotations

import random
from math import exp
from typing import Final

from engine.model.orders import TimeInForce
from engine.model.units import Side, ceil_to, floor_to
from engine.service.scenario.setting import Levels, VenueStart
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.order_flow import FairValue

__all__ = ["LiveFlow"]

NS: Final = 1_000_000_000
FOLLOW_S: Final = 0.1
SLACK: Final = 8
PROTECTION_PPM: Final = 20_000
TRADES_A_TICK_MAX: Final = 50


class Quote:
    """One background quote: its distance from the fair value and usual size; number 0 is none."""

    __slots__ = ("away_1e9", "number", "price_1e9", "qty_1e8")

    def __init__(self, away_1e9: int, qty_1e8: int) -> None:
        self.away_1e9 = away_1e9
        self.qty_1e8 = qty_1e8
        self.number = 0
        self.price_1e9 = 0


class LiveFlow:
    """Others on one venue. Nothing moves until `moving` is set, so that lines can come up."""

    def __init__(
        self,
        exchange: SimulatedExchange,
        start: VenueStart,
        fair: FairValue,
        rng: random.Random,
    ) -> None:
        self.exchange = exchange
        self.start = start
        self.symbol = start.listing.venue_symbol
        self.fair = fair
        self.rng = rng
        self.moving = False
        self.last_ns: int | None = None
        self.trades = 0
        # How far the fair value has gone beyond the best of a side in the move under way.
        self.passed = [0, 0]
        mid = fair.start_1e9
        self.quotes: tuple[list[Quote], list[Quote]] = (
            quotes_of(start.bids, mid, 1),
            quotes_of(start.asks, mid, -1),
        )

    def run(self, now_ns: int) -> None:
        """Move the book on to this time; the first call fills it as it stood."""
        if self.last_ns is None:
            for side, levels in ((Side.BUY, self.start.bids), (Side.SELL, self.start.asks)):
                for quote, (price, qty) in zip(self.quotes[side], levels, strict=True):
                    self.place(side, quote, price, qty, now_ns)
        elapsed_s = 0.0 if self.last_ns is None else (now_ns - self.last_ns) / NS
        self.last_ns = now_ns
        if not self.moving or elapsed_s <= 0.0:
            return
        fair = self.fair.at(now_ns)
        self.follow(fair, elapsed_s, now_ns)
        self.arbitrage(fair, now_ns)
        for side, rate in ((Side.BUY, self.start.buys_per_s), (Side.SELL, self.start.sells_per_s)):
            for _ in range(self.count(rate * elapsed_s)):
                self.trade(side, now_ns)

    def follow(self, fair: int, elapsed_s: float, now_ns: int) -> None:
        """Quotes follow the fair value, and those that were taken come back."""
        rng, book = self.rng, self.exchange.books[self.symbol].book
        back = 1.0 - exp(-elapsed_s / self.start.refill_s)
        goes_along = 1.0 - exp(-elapsed_s / FOLLOW_S)
        for side in (Side.BUY, Side.SELL):
            for quote in self.quotes[side]:
                target = self.target(side, quote, fair)
                open_1e8 = book.open_qty(quote.number) if quote.number else 0
                if not open_1e8:
                    if rng.random() < back:
                        self.place(side, quote, target, self.size(quote), now_ns)
                elif (
                    # The deeper a quote, the less a small move concerns it.
                    abs(quote.price_1e9 - target) > quote.away_1e9 // SLACK
                    and rng.random() < goes_along
                ):
                    self.exchange.flow_cancel(self.symbol, quote.number)
                    self.place(side, quote, target, open_1e8, now_ns)

    def arbitrage(self, fair: int, now_ns: int) -> None:
        """What stands beyond the fair value is taken, ours too, as a move of that size would.

        A move takes the depth that usually stands in its way, once; the next one counts when the
        fair value has been back by as much as the touch is away.
        """
        book, tick = self.exchange.books[self.symbol].book, self.start.listing.tick_1e9
        for side in (Side.SELL, Side.BUY):
            best, quotes = book.best(side), self.quotes[side]
            if best is None or not quotes:
                continue
            beyond = (best - fair) * side.sign
            touch = quotes[0].away_1e9
            if beyond <= -max(touch, tick):
                self.passed[side] = 0
            elif beyond > self.passed[side]:
                done, self.passed[side] = self.passed[side], beyond
                qty = sum(one.qty_1e8 for one in quotes if done <= one.away_1e9 - touch < beyond)
                if qty and side is Side.SELL:
                    self.take(Side.BUY, floor_to(fair, tick), qty, now_ns)
                elif qty:
                    self.take(Side.SELL, ceil_to(fair, tick), qty, now_ns)

    def trade(self, side: Side, now_ns: int) -> None:
        """Somebody trades at market, as large as somebody did."""
        book = self.exchange.books[self.symbol].book
        limit = book.protected_limit(side, PROTECTION_PPM)
        sizes = self.start.sizes_1e8
        if limit is not None and sizes:
            self.trades += 1
            self.take(side, limit, sizes[int(self.rng.random() * len(sizes))], now_ns)

    def take(self, side: Side, limit_1e9: int, qty_1e8: int, now_ns: int) -> None:
        """An immediate order of others."""
        qty = max(floor_to(qty_1e8, self.start.listing.lot_1e8), self.start.listing.qty_min_1e8)
        if limit_1e9 > 0:
            self.exchange.flow_place(self.symbol, side, qty, limit_1e9, now_ns, TimeInForce.IOC)

    def place(self, side: Side, quote: Quote, price: int, qty: int, now_ns: int) -> None:
        """Show a quote, if its price is one and takes nothing."""
        quote.number = 0
        quote.price_1e9 = price
        most = self.start.listing.price_max_1e9
        if price <= 0 or (most and price >= most):
            return
        number, placed = self.exchange.flow_place(
            self.symbol, side, qty, price, now_ns, post_only=True
        )
        if placed.left_1e8 and self.exchange.books[self.symbol].book.open_qty(number):
            quote.number = number

    def target(self, side: Side, quote: Quote, fair: int) -> int:
        """Where a quote belongs: on the tick, never nearer than its distance."""
        tick = self.start.listing.tick_1e9
        if side is Side.BUY:
            return floor_to(fair - quote.away_1e9, tick)
        return ceil_to(fair + quote.away_1e9, tick)

    def size(self, quote: Quote) -> int:
        """Half to one and a half of the usual size, on the lot."""
        listing = self.start.listing
        qty = int(quote.qty_1e8 * (0.5 + self.rng.random()))
        return max(floor_to(qty, listing.lot_1e8), listing.qty_min_1e8)

    def count(self, expected: float) -> int:
        """A Poisson number of events, bounded."""
        threshold, product, count = exp(-min(expected, 20.0)), self.rng.random(), 0
        while product > threshold and count < TRADES_A_TICK_MAX:
            product *= self.rng.random()
            count += 1
        return count


def quotes_of(levels: Levels, mid_1e9: int, sign: int) -> list[Quote]:
    """Quotes from the levels of a side; a venue that stands through the mid keeps to it."""
    return [Quote(max(0, sign * (mid_1e9 - price)), qty) for price, qty in levels]
