"""What the closed form says of an order that starts now, and of the rest of one that ends now.

One picture an instrument, its own: it never disturbs the router's or that of the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from actors.router import RouterActor
from engine.decisions.policies.parameters import DEFAULT_PARAMETERS, PolicyParameters
from engine.intelligence.calibration import Estimate
from engine.intelligence.distribution import P90
from engine.intelligence.frontier import impact_bps
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import DEFAULT_PRIORS
from engine.intelligence.residuals import Bucket, liquidity_of, size_of
from engine.intelligence.strategies import STRATEGIES, estimate
from engine.model.graph import Node
from engine.model.units import QTY_SCALE, Side
from engine.service.intelligence.learned_fills import hazards_of
from engine.service.wiring import World

if TYPE_CHECKING:
    from engine.service.intelligence.observer import Observer

__all__ = [
    "RANKS",
    "Estimates",
    "Started",
    "bucket_of",
    "depth_near",
    "realised_bps",
    "unit_of",
]

RANKS: Final = {"low": 0, "medium": 1, "high": 2}
LEVELS_MAX: Final = 256
NEAR_BPS: Final = 10
NEAR_TICKS: Final = 5


class Started(msgspec.Struct, frozen=True, gc=False):
    """An order at its start: what was estimated, and what the two baselines say, in bps.

    `walk_bps` is the sweep's books and fees alone; `law_bps` half-spread, fee and two thirds of
    the square-root law, null where no volume is known. `why` names what is missing when
    `estimate` is null.
    """

    estimate: Estimate | None
    mid_x2: int = 0
    walk_bps: float = 0.0
    law_bps: float | None = None
    latency_ns: int = 0
    why: str = ""
    time_ms: int | None = None
    fill_rate: float | None = None


class Estimates:
    """Pictures by symbol over one running cast; as many as it has instruments.

    `observer` is whose records of resting orders they share with the answers, so that what is
    scored is what was shown; None, as in a calibration run, is the prior.
    """

    def __init__(self, world: World, parameters: PolicyParameters = DEFAULT_PARAMETERS) -> None:
        self.world = world
        self.parameters = parameters
        self.observer: Observer | None = None
        self._pictures: dict[str, MarketPicture] = {}

    def at_start(self, node: Node, qty_1e8: int, now_ns: int) -> Started:
        """The estimate of a node that begins to work `qty_1e8` now."""
        how = node.execution
        if node.order_type != "market":
            return Started(None, why="a limit price is no part of the closed forms")
        if how.pacing is not None:
            return Started(None, why="a paced order has no closed form")
        if how.max_slippage_bps is not None:
            return Started(None, why="a slippage cap is no part of the closed forms")
        if how.policy.value not in STRATEGIES or qty_1e8 <= 0:
            return Started(None, why=f"there is no closed form of {how.policy.value}")
        picture = self._picture(node.instrument.symbol)
        if picture is None:
            return Started(None, why="the symbol is not listed")
        rank = RANKS[how.urgency.value]
        side = 0 if node.side == "buy" else 1
        away = frozenset[str]()
        if node.instrument.venue is not None:
            names = {one.venue for one in picture.listings}
            away = frozenset(names - {node.instrument.venue})
        if not picture.look(side, now_ns, rank, away):
            return Started(None, why="there is no mid, or no venue that may be used")
        made = estimate(
            picture,
            qty_1e8,
            how.policy.value,
            rank,
            parameters=self.parameters,
            horizon_ms=how.horizon_ms,
        )
        if made.p50_cost_bps is None or made.p90_cost_bps is None:
            return Started(None, why=made.reason)
        swept = picture.sweep(qty_1e8)
        law = impact_bps(picture, qty_1e8, DEFAULT_PRIORS)
        bucket = bucket_of(picture, qty_1e8, how.policy.value, how.urgency.value)
        latency = picture.observations.latency_ns
        spread = (made.p90_cost_bps - made.p50_cost_bps) / P90
        walk = swept.book_bps + swept.fee_bps
        return Started(
            Estimate(made.p50_cost_bps, spread, walk, bucket, unit_of(picture)),
            picture.mid_x2 or 0,
            walk,
            None if law is None else picture.half_bps + swept.fee_bps + law,
            max((latency[leg[0]] for leg in swept.legs), default=0),
            time_ms=made.time_to_complete_ms,
            fill_rate=made.fill_rate,
        )

    def rest_price(self, symbol: str, side: Side, qty_1e8: int, now_ns: int) -> float | None:
        """Landed price (1e-9, taker fee in) of sweeping a rest now; None where none can be told.

        A rest below every venue's least order is priced at the touch and the fee there.
        """
        picture = self._picture(symbol)
        if picture is None or not picture.look(int(side), now_ns):
            return None
        swept = picture.sweep(qty_1e8)
        if swept.qty_1e8:
            if swept.qty_1e8 < qty_1e8 and qty_1e8 - swept.qty_1e8 >= picture.lot_1e8:
                return None
            cost = swept.book_bps + swept.fee_bps
        else:
            if qty_1e8 >= picture.lot_1e8:
                return None
            touch = picture.mid * (1.0 + 1e-4 * picture.sign * picture.touch_bps)
            fees = [
                picture.venue_fee_bps(v, touch)
                for v, on in enumerate(picture.terms.active.tolist())
                if on
            ]
            cost = picture.touch_bps + min(fees)
        return picture.mid * (1.0 + 1e-4 * picture.sign * cost)

    def _picture(self, symbol: str) -> MarketPicture | None:
        handle = self.world.symbols.get(symbol)
        if handle is None:
            return None
        made = self._pictures.get(handle.symbol)
        if made is None:
            world = self.world
            router = world.system.actor_of(world.routers[handle.symbol])
            assert isinstance(router, RouterActor), "a router of that name"
            costs = router.costs
            made = self._pictures[handle.symbol] = MarketPicture(
                world.markets[handle.symbol],
                costs.observations,
                world.tapes[handle.symbol],
                costs.coefficients,
                fresh_only=costs.fresh_only,
            )
            made.hazards = hazards_of(self.observer, handle.symbol, made.market)
        return made


def bucket_of(picture: MarketPicture, qty_1e8: int, policy: str, urgency: str) -> Bucket:
    """The kind of an order on the market that the picture looked at."""
    size = size_of(qty_1e8, depth_near(picture))
    return Bucket(policy, urgency, size, liquidity_of(picture.half_bps, picture.event))


def unit_of(picture: MarketPicture) -> float:
    """What residuals are counted in, in bps: a cent for event contracts."""
    cents = picture.cents_per_bp()
    return 1.0 if cents is None else 1.0 / cents


def depth_near(picture: MarketPicture) -> int:
    """Quantity in 1e-8 of others that stands within 10 bps (events: 5 ticks) of a venue's best."""
    market, side, depth = picture.books, 1 - picture.side, 0
    for v, on in enumerate(picture.terms.active.tolist()):
        if not on:
            continue
        best = market.best_ask[v] if side else market.best_bid[v]
        window = best * NEAR_BPS // 10_000
        if picture.event:
            window = NEAR_TICKS * picture.listings[v].tick_1e9
        for price, qty in market.levels(v, side, LEVELS_MAX):
            if abs(price - best) > window:
                break
            depth += qty
    return depth


def realised_bps(
    sign: int,
    mid_x2: int,
    qty_1e8: int,
    filled: tuple[int, int, int],
    rest_1e9: float,
) -> float:
    """All-in cost in bps of the whole `qty_1e8` against the mid, + is a cost.

    `filled` is (quantity, sum of price x quantity, fees in 1e-9); what is left is priced at
    `rest_1e9`, fee in.
    """
    done, paid, fees = filled
    left = qty_1e8 - done
    exact = sign * (2 * paid - mid_x2 * done) + 2 * fees * QTY_SCALE
    rest: float = sign * left * (2.0 * rest_1e9 - mid_x2) if left > 0 else 0.0
    return 1e4 * (float(exact) + rest) / float(mid_x2 * qty_1e8)
