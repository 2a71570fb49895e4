"""One side of a market at one moment, as estimates need it: books, fees, latency, volatility.

A `MarketPicture` belongs to one instrument and is reused: `look` fills it, everything else reads
it until the next look. It owns its terms and its splitter, so that it never disturbs the router's.
Costs are bps of the mid, + is a cost; `cents_per_bp` turns those of event contracts into cents.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.decisions.cost_model import Coefficients, CostModel, RoutingTerms
from engine.decisions.market import NO_ASK, NO_BID, MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.placeable import finest_lot_1e8
from engine.decisions.posts import Posts
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.errors import Reason
from engine.intelligence.merged import merged_costs
from engine.intelligence.others_books import OthersBooks
from engine.intelligence.priors import HORIZONS_S
from engine.intelligence.rest_plan import Hazards
from engine.kernels.capacity import ELIGIBLE, FEE_RATE, PENALTY, TERM_WIDTH, capacity_curve
from engine.kernels.curve_table import TABLE_ROWS, whole_curve
from engine.kernels.fill_odds import FRONTIER_ROWS
from engine.kernels.landed import ACTIVE, CONSTANT
from engine.kernels.venue_walks import WALK_WIDTH, venue_walks
from engine.model.fees import fee_1e9, fee_bps_at
from engine.model.units import PPM, PRICE_SCALE, QTY_SCALE

__all__ = ["CURVE_POINTS", "DAY_NS", "MarketPicture", "Sweep", "VenueWalk"]

DAY_NS: Final = 86_400_000_000_000
NS: Final = 1_000_000_000
CENT_1E9: Final = 10_000_000
CURVE_POINTS: Final = 32
# Below so many values a loop is quicker than three calls of numpy.
FEW: Final = 12


VenueWalk = tuple[int, float | None]


class Sweep(msgspec.Struct, frozen=True, gc=False):
    """An immediate sweep: exact sums of its legs, and its cost in bps of what it places.

    `price_times_qty` is sum(price_1e9 x qty_1e8), `fees_1e9` by each venue's own schedule and
    rounding. `legs` are (venue index, qty_1e8, price_times_qty, worst price).
    """

    qty_1e8: int
    price_times_qty: int
    fees_1e9: int
    book_bps: float
    fee_bps: float
    latency_bps: float
    latency_s: float
    legs: tuple[tuple[int, int, int, int], ...]
    reason: Reason

    @property
    def cost_bps(self) -> float:
        return self.book_bps + self.fee_bps + self.latency_bps


class MarketPicture:
    """See the module. `side` 0 buys, 1 sells; `mid` is in 1e-9, `half_bps` at least 0.

    `sigma_bps` is per square root of a second, `day_volume_1e8` None while the tape knows none.
    `books` is the market without our own resting orders on the side that is taken: they are no
    more liquidity here than they are to the router. Mid and half-spread are those of all orders.
    `finest_1e8` is the step of its quantities. `level_terms` are what the capacity kernel takes of
    each venue. `hazards` is what was learned of resting orders, None for the prior alone; `only`
    the one venue that `exclude` left, to which a resting order is bound.
    """

    __slots__ = (
        "_active",
        "_constants",
        "_model",
        "_others",
        "_points",
        "_rates",
        "_sizes",
        "_sizes_read",
        "_splitter",
        "_table",
        "_terms",
        "_walks",
        "books",
        "day_volume_1e8",
        "event",
        "finest_1e8",
        "flat",
        "half_bps",
        "hazards",
        "level_terms",
        "listings",
        "lot_1e8",
        "market",
        "mid",
        "mid_x2",
        "now_ns",
        "observations",
        "only",
        "posts",
        "room",
        "side",
        "sigma_bps",
        "sign",
        "tape",
        "terms",
        "tick_1e9",
        "touch_bps",
        "urgency",
    )

    def __init__(
        self,
        market: MarketBlock,
        observations: VenueObservations,
        tape: MarketTape,
        coefficients: Coefficients | None = None,
        *,
        points_max: int = 64,
        fresh_only: bool = True,
    ) -> None:
        self.market, self.observations, self.tape = market, observations, tape
        self.listings = market.listings
        self._model = CostModel(market, observations, coefficients, fresh_only=fresh_only)
        self._splitter = Splitter(market)
        self._others = OthersBooks(self._splitter)
        self.posts = Posts(market)
        self.hazards: Hazards | None = None
        self.only: int | None = None
        self.tick_1e9 = min(one.tick_1e9 for one in market.listings)
        self.books: MarketBlock = market
        self.event = self._model.event
        self.finest_1e8 = finest_lot_1e8(market.listings)
        self.lot_1e8 = min(max(one.lot_1e8, one.qty_min_1e8) for one in market.listings)
        self.flat = all(one.fees is None or not one.fees.quadratic for one in market.listings)
        venues = len(market.listings)
        self._terms: NDArray[np.float64] = np.zeros((venues, TERM_WIDTH))
        for v, one in enumerate(market.listings):
            self._terms[v, FEE_RATE] = 0.0 if one.fees is None else one.fees.taker_ppm / PPM
        # Flat fees of taker and maker in bps of the price; None where they bend with it.
        self._rates = [
            None
            if one.fees is None or one.fees.quadratic
            else (one.fees.taker_ppm / 100, one.fees.maker_ppm / 100)
            for one in market.listings
        ]
        self.level_terms = read_only(self._terms)
        # What a frontier is worked out in: sizes, costs and the table.
        times = len(HORIZONS_S)
        self.room = np.zeros(times, np.int64), np.zeros(times), np.zeros((FRONTIER_ROWS, times))
        self._sizes: NDArray[np.int64] = np.zeros(points_max, np.int64)
        self._sizes_read = read_only(self._sizes)
        self._points: NDArray[np.float64] = np.zeros(points_max)
        self._walks: NDArray[np.float64] = np.zeros((venues, WALK_WIDTH))
        self._table: NDArray[np.float64] = np.zeros((TABLE_ROWS, CURVE_POINTS))
        self.terms: RoutingTerms = self._model.terms_made
        inputs = np.frombuffer(self.terms.inputs, np.int64)
        self._active = inputs[ACTIVE : ACTIVE + venues]
        self._constants = inputs[CONSTANT : CONSTANT + venues]
        self.mid_x2: int | None = None
        self.mid = self.half_bps = self.touch_bps = self.sigma_bps = 0.0
        self.side, self.sign, self.now_ns, self.urgency = 0, 1, 0, 1
        self.day_volume_1e8: int | None = None

    def look(
        self, side: int, now_ns: int, urgency: int = 1, exclude: frozenset[str] = frozenset()
    ) -> bool:
        """Take the market in; False when it has no mid or no venue that may be used."""
        self.side, self.sign, self.now_ns = side, 1 - 2 * side, now_ns
        self.urgency = urgency
        terms = self._model.terms(side, now_ns, urgency)
        self.only = None
        if exclude:
            left = [v for v, one in enumerate(self.listings) if one.venue not in exclude]
            self.only = left[0] if len(left) == 1 else None
            for v, one in enumerate(self.listings):
                if one.venue in exclude:
                    terms.active[v] = 0
                    terms.reasons[v] = Reason.PINNED_ELSEWHERE
        mid_x2 = self.mid_x2 = terms.mid_x2
        volume = self.tape.volume_ahead(now_ns, now_ns + DAY_NS)
        self.day_volume_1e8 = volume or None
        if not mid_x2:
            return False
        self.mid = mid = mid_x2 * 0.5
        market = self.market
        bid, ask = market.best(0), market.best(1)
        assert bid is not None, "a mid has two sides"
        assert ask is not None, "a mid has two sides"
        self.half_bps = max(0.0, 5e3 * (ask - bid) / mid)
        sigma = self.observations.sigma_at(mid_x2, now_ns)
        self.sigma_bps = 1e4 * sigma * CENT_1E9 / mid if self.event else sigma
        values = self._terms
        values[:, ELIGIBLE] = self._active
        values[:, PENALTY] = self._constants
        books = self.books = self._others.of(1 - side)
        tops = books.best_ask if side == 0 else books.best_bid
        none = NO_ASK if side == 0 else NO_BID
        active = terms.active.tolist()
        usable = [top for top, on in zip(tops, active, strict=True) if on and top != none]
        if not usable:
            return False
        touch = max(usable) if side else min(usable)
        self.touch_bps = 1e4 * self.sign * (touch - mid) / mid
        return True

    def cents_per_bp(self) -> float | None:
        """Cents of the 1 USD payoff in one bp of the mid; None where prices are no odds."""
        return self.mid * 1e-4 / CENT_1E9 if self.event else None

    def sweep(self, qty_1e8: int) -> Sweep:
        """What an immediate order for `qty_1e8` would take now, by the router's own split."""
        plan = self._splitter.plan(self.side, qty_1e8, None, self.terms, leg_slack=False)
        paid, fees, placed = 0, 0, plan.planned_qty_1e8
        late, seconds = 0, 0.0
        listings, constants = self.listings, self.terms.constants
        latency = self.observations.latency_ns
        legs = []
        for leg in plan.legs:
            v, qty, money = leg.venue_index, leg.qty_1e8, leg.price_times_qty
            schedule = listings[v].fees
            assert schedule is not None, "a venue of unknown fees is not routable"
            if schedule.quadratic:
                fees += self._event_fee(v, qty)
            else:
                fees += -(-schedule.taker_ppm * money // (PPM * QTY_SCALE))
            paid += money
            late += constants[v] * qty
            seconds += latency[v] * qty
            legs.append((v, qty, money, leg.worst_planned_1e9))
        unit = self.mid * placed
        if not placed:
            return Sweep(0, 0, 0, 0.0, 0.0, 0.0, 0.0, (), plan.reason)
        return Sweep(
            placed,
            paid,
            fees,
            # Exact until the last division: the mid is a half at worst.
            1e4 * self.sign * (2 * paid - (self.mid_x2 or 0) * placed) / (2 * unit),
            1e4 * fees * QTY_SCALE / unit,
            1e4 * late / unit,
            seconds / placed / NS,
            tuple(legs),
            plan.reason,
        )

    def averages(self, sizes: list[int]) -> list[float | None]:
        """All-in cost in bps of sweeping each of the rising `sizes`; None beyond the books."""
        count = len(sizes)
        sign, mid = self.sign, self.mid
        if not self.flat:
            found = merged_costs(self.books, self.side, self.terms, sizes)
            return [
                None if cost < 0.0 else 1e4 * sign * (cost / (size * mid) - 1.0)
                for cost, size in zip(found, sizes, strict=True)
            ]
        self._sizes[:count] = sizes
        points = self._points[:count]
        taken = self._sizes_read[:count]
        reached = capacity_curve(self.books.view, self.side, self.level_terms, taken, points)
        unit, base = 1e4 * sign / mid, 1e4 * sign
        costs: list[float | None]
        if count <= FEW:
            costs = [
                cost / size * unit - base for cost, size in zip(points.tolist(), sizes, strict=True)
            ]
        else:
            # The same operations in the same order, so that both ways agree to the bit.
            points /= taken
            points *= unit
            points -= base
            costs = points.tolist()
        if reached < count:
            costs[reached:] = [None] * (count - reached)
        return costs

    def curve(
        self, low: int, high: int, held: int, floor_bps: float, law: float
    ) -> tuple[list[int], list[list[float]], int]:
        """CURVE_POINTS sizes from `low` to `high`, their QTY, USD and COST, and how many are held.

        All venues have flat fees. `held` is all that the books show; beyond it each unit costs what
        the dearest shown does, and a size at least `floor_bps` + `law` * sqrt(size).
        """
        count = CURVE_POINTS + 1
        sizes, costs, table = self._sizes[:count], self._points[:count], self._table
        where = self.books.view, self.side, self.level_terms
        usd = self.mid / PRICE_SCALE / QTY_SCALE
        ends = low, high, held
        place = whole_curve(*where, *ends, self.mid, floor_bps, law, usd, sizes, costs, table)
        shown: list[int] = sizes.tolist()
        del shown[place]
        return shown, table.tolist(), place

    def venues_alone(self, qty_1e8: int) -> list[VenueWalk]:
        """Each venue by itself: quantity it shows, and book cost in bps of as much of `qty_1e8`.

        The cost is None where it shows nothing.
        """
        venue_walks(self.books.view, self.side, qty_1e8, self._walks)
        sign, mid = self.sign, self.mid
        found: list[VenueWalk] = []
        for visible, money in self._walks.tolist():
            taken = min(visible, float(qty_1e8))
            cost = 1e4 * sign * (money / (taken * mid) - 1.0) if taken and mid else None
            found.append((int(visible), cost))
        return found

    def venue_fee_bps(self, venue: int, price_1e9: float, *, maker: bool = False) -> float:
        """Fee in bps of the mid of trading at `price_1e9` on one venue."""
        rates = self._rates[venue]
        if rates is not None:
            return rates[maker] * price_1e9 / self.mid
        schedule = self.listings[venue].fees
        assert schedule is not None, "a venue of unknown fees is not routable"
        return fee_bps_at(schedule, round(price_1e9), maker=maker) * price_1e9 / self.mid

    def latency_bps(self, venue: int) -> float:
        """What the router expects to lose while an order travels to one venue."""
        return 1e4 * self.terms.constants[venue] / self.mid

    def worst_bps(self) -> float:
        """All-in cost of the dearest visible unit of the venues that may be used."""
        worst, mid, sign = -float("inf"), self.mid, self.sign
        constants, rates = self.terms.constants, self._rates
        cells, step = self.books.cells, 2 * (self.books.depth + 1)
        for v, on in enumerate(self.terms.active.tolist()):
            base = (2 * v + 1 - self.side) * step
            if on and cells[base]:
                price = cells[base + 2]
                cost = 1e4 * (sign * (price - mid) + constants[v]) / mid
                rate = rates[v]
                fee = self.venue_fee_bps(v, price) if rate is None else rate[0] * price / mid
                if cost + fee > worst:
                    worst = cost + fee
        return worst

    def _event_fee(self, venue: int, qty_1e8: int) -> int:
        """Fee of taking `qty_1e8` level by level, each its own fill."""
        schedule = self.listings[venue].fees
        assert schedule is not None, "a venue of unknown fees is not routable"
        total, left = 0, qty_1e8
        for price, qty in self.books.levels(venue, 1 - self.side, self.books.depth):
            part = min(qty, left)
            total += fee_1e9(schedule, price, part, maker=False)
            left -= part
            if not left:
                break
        return total


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same memory, not to be written through this name."""
    view = values.view()
    view.flags.writeable = False
    return view
