"""One picture of each instrument of a running engine, and the forecast and simulation off it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from actors.router import RouterActor
from engine.decisions.admission import InstrumentHandle
from engine.decisions.placeable import on_lot_1e8
from engine.errors import Reason
from engine.intelligence.calibration import Calibration
from engine.intelligence.forecast import forecast, off_lot
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import DEFAULT_PRIORS
from engine.intelligence.strategies import STANDARD, STRATEGIES, Strategy, estimate
from engine.model.instruments import InstrumentType
from engine.model.units import PRICE_SCALE, QTY_SCALE, Side, format_qty
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.learned_costs import (
    Learned,
    learned_forecast,
    learned_strategy,
    version_of,
)
from engine.service.intelligence.learned_fills import hazards_of
from engine.service.intelligence.views import BookAge, ForecastView, SimulationView

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine
    from engine.service.intelligence.observer import Observer

__all__ = ["QTY_MAX_1E8", "RANKS", "Pictures"]

MS: Final = 1_000_000
# Ten times as much still fits 64 bits.
QTY_MAX_1E8: Final = 10**17
RANKS: Final = {"low": 0, "medium": 1, "high": 2}


class Pictures:
    """Pictures by symbol, made when first asked for; at most one an instrument of the engine."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self.engine = engine
        # What scored forecasts have taught; None is the prior.
        self.calibration: Calibration | None = None
        # Who learns of resting orders; without one their chances are the prior's.
        self.observer: Observer | None = None
        self._made: dict[str, MarketPicture] = {}

    def handle(self, symbol: str) -> InstrumentHandle:
        """The instrument; ApiError 404 for a symbol never seen."""
        found = self.engine.world.symbols.get(symbol)
        if found is None:
            text = f"no venue of this engine lists {symbol!r:.80}; GET /v1/symbols tells them"
            raise ApiError(ErrorCode.NOT_FOUND, text)
        return found

    def picture(self, symbol: str) -> MarketPicture:
        """The picture of an instrument by its own symbol, with the router's observations."""
        made, world = self._made.get(symbol), self.engine.world
        market = world.markets[symbol]
        # A market that was listed anew, or whose fees changed, is another picture.
        if made is None or made.market is not market or made.listings is not market.listings:
            router = world.system.actor_of(world.routers[symbol])
            assert isinstance(router, RouterActor), "a router of that name"
            costs = router.costs
            made = self._made[symbol] = MarketPicture(
                market,
                costs.observations,
                world.tapes[symbol],
                costs.coefficients,
                fresh_only=costs.fresh_only,
            )
            made.hazards = hazards_of(self.observer, symbol, market)
        return made

    def look(
        self,
        symbol: str,
        side: Side,
        urgency: str = "medium",
        exclude: frozenset[str] = frozenset(),
    ) -> MarketPicture:
        """The picture of this moment; ApiError for a symbol or an urgency that there is not."""
        rank = rank_of(urgency)
        seen = self.picture(self.handle(symbol).symbol)
        seen.look(int(side), time.time_ns(), rank, exclude)
        return seen

    def forecast(self, symbol: str, side: Side, qty_1e8: int, urgency: str) -> ForecastView:
        """The forecast of an immediate order over all venues.

        It is of what is on the lot of `qty_1e8`; `missing` says what was left out.
        """
        check_qty(qty_1e8)
        seen = self.look(symbol, side, urgency)
        made = forecast(seen, qty_1e8, parameters=self.engine.config.policies)
        usable = on_lot_1e8(seen.listings, qty_1e8) or qty_1e8
        learned = learned_forecast(seen, made, usable, urgency, self.calibration)
        return _forecast_view(seen, learned, side, usable, urgency)

    def simulate(
        self,
        symbol: str,
        side: Side,
        qty_1e8: int,
        *,
        urgency: str = "medium",
        exclude_venues: Sequence[str] = (),
        passive_only: bool = False,
        max_cost_bps: float | None = None,
        strategies: Sequence[str] = STANDARD,
    ) -> SimulationView:
        """Strategies side by side, cheapest first; what the filters took out is named.

        They are of what is on the lot of `qty_1e8`; `missing` says what was left out.
        """
        check_qty(qty_1e8)
        self._check_names(strategies, exclude_venues)
        seen = self.look(symbol, side, urgency, frozenset(exclude_venues))
        loose = off_lot(seen, qty_1e8)
        qty_1e8 = on_lot_1e8(seen.listings, qty_1e8) or qty_1e8
        kept: list[Strategy] = []
        dropped: dict[str, str] = {}
        parameters = self.engine.config.policies
        for name in dict.fromkeys(strategies):
            one = estimate(seen, qty_1e8, name, RANKS[urgency], parameters=parameters)
            one = learned_strategy(seen, one, qty_1e8, self.calibration)
            if passive_only and not one.posts_only:
                dropped[name] = "passive_only: it may take"
            elif max_cost_bps is not None and one.est_cost_bps is None:
                dropped[name] = f"max_cost_bps: {one.reason}"
            elif max_cost_bps is not None and (one.est_cost_bps or 0.0) > max_cost_bps:
                dropped[name] = f"max_cost_bps: it costs {one.est_cost_bps:.3f}"
            else:
                kept.append(one)
        kept.sort(key=lambda one: (one.est_cost_bps is None, one.est_cost_bps or 0.0))
        missing = {one.reason for one in kept if one.reason}
        return SimulationView(
            symbol=seen.market.instrument.symbol,
            side=side.text,
            qty=qty_1e8 / QTY_SCALE,
            qty_1e8=qty_1e8,
            method="closed_form",
            mid=None if not seen.mid_x2 else seen.mid_x2 / 2 / PRICE_SCALE,
            strategies=tuple(kept),
            dropped=dropped,
            excluded_venues=tuple(sorted(exclude_venues)),
            as_of_ns=seen.now_ns,
            model_version=version_of(self.calibration),
            missing=(*loose, *sorted(missing), *_left_out(seen)),
        )

    def _check_names(self, strategies: Sequence[str], venues: Sequence[str]) -> None:
        """ApiError naming the first strategy or venue that is not known."""
        for name in strategies:
            if name not in STRATEGIES:
                text = f"there is no strategy {name!r:.80}; use {', '.join(STRATEGIES)}"
                raise ApiError(ErrorCode.INVALID_PARAMS, text, [("strategies", text)])
        known = self.engine.world.feeds
        for name in venues:
            if name not in known:
                text = f"there is no venue {name!r:.80}; this engine has {', '.join(known)}"
                raise ApiError(ErrorCode.INVALID_PARAMS, text, [("exclude_venues", text)])


def _left_out(seen: MarketPicture) -> list[str]:
    """The venues that may not be used now, each with its reason, but for those excluded."""
    return [
        f"{one.venue}: {reason}"
        for one, reason, active in zip(
            seen.listings, seen.terms.reasons, seen.terms.active.tolist(), strict=True
        )
        if not active and reason is not Reason.PINNED_ELSEWHERE
    ]


def rank_of(urgency: str) -> int:
    """The urgency as a number; ApiError naming the choices for what is none."""
    rank = RANKS.get(urgency)
    if rank is None:
        text = f"there is no urgency {urgency!r:.80}; use {', '.join(RANKS)}"
        raise ApiError(ErrorCode.INVALID_PARAMS, text, [("urgency", text)])
    return rank


def check_qty(qty_1e8: int) -> None:
    """ApiError unless the quantity is positive and ten times as much is still a number."""
    if not 0 < qty_1e8 <= QTY_MAX_1E8:
        text = f"qty is above 0 and at most {format_qty(QTY_MAX_1E8)}"
        raise ApiError(ErrorCode.INVALID_PARAMS, text, [("qty", text)])


def _forecast_view(
    seen: MarketPicture, learned: Learned, side: Side, qty_1e8: int, urgency: str
) -> ForecastView:
    made = learned.forecast
    cents, market = seen.cents_per_bp() if made.mid else None, seen.market
    expected, downside = made.expected_cost_bps, made.downside_cost_bps
    usd = None
    if expected is not None and made.mid is not None:
        usd = expected * 1e-4 * made.mid * qty_1e8 / QTY_SCALE
    ages = tuple(
        BookAge(
            venue=one.venue,
            healthy=market.healthy[v],
            age_ms=max(0, seen.now_ns - market.alive_ns[v]) // MS if market.alive_ns[v] else None,
        )
        for v, one in enumerate(market.listings)
    )
    event = market.instrument.type is InstrumentType.PREDICTION
    return ForecastView(
        symbol=market.instrument.symbol,
        side=side.text,
        qty=qty_1e8 / QTY_SCALE,
        qty_1e8=qty_1e8,
        policy="sor",
        urgency=urgency,
        mid=made.mid,
        expected_cost_bps=expected,
        mean_cost_bps=made.mean_cost_bps,
        downside_cost_bps=downside,
        expected_cost_cents=None if expected is None or cents is None else expected * cents,
        downside_cost_cents=None if downside is None or cents is None else downside * cents,
        expected_cost_usd=usd,
        at_least=made.at_least,
        completion_probability=made.completion_probability,
        expected_horizon_ms=made.expected_horizon_ms,
        fill_confidence=made.fill_confidence,
        capacity_curve=made.capacity_curve,
        size_at_cost=made.size_at_cost,
        venue_ranking=made.venue_ranking,
        urgency_tradeoff=made.urgency_tradeoff,
        book=made.book,
        sigma_bps=made.sigma_bps,
        day_volume_1e8=made.day_volume_1e8,
        source="event_books" if event else "live_books",
        books=ages,
        as_of_ns=seen.now_ns,
        model_version=learned.model_version,
        priors_id=DEFAULT_PRIORS.id,
        coefficients_id=seen.terms.coefficients_id,
        sample_size=learned.sample_size,
        observed_coverage=learned.observed_coverage,
        missing=made.missing,
        beyond_books=made.beyond_books,
    )
