"""Preview, routing and slippage of one engine: an ask becomes a node, and the node a dry walk."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

from actors.router import RouterActor
from engine.decisions.admission import resolve_node
from engine.decisions.cost_model import RoutingVersion
from engine.decisions.market import MarketBlock
from engine.errors import GraphError, Reason
from engine.model.graph import Graph, Node, Quantity, SimpleOrder, graph_of
from engine.model.instruments import InstrumentType
from engine.model.intake import parse_graph
from engine.model.mirror import PAYOFF_1E9, mirror_faults, mirror_graph, mirror_price
from engine.model.units import (
    INT64_MAX,
    PRICE_SCALE,
    QTY_SCALE,
    Side,
    floor_to,
    parse_side,
    price_1e9,
)
from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.asked import Asked
from engine.service.quotes.chain import BookChain, frozen_market
from engine.service.quotes.depth import usable
from engine.service.quotes.views import Source
from engine.service.quotes.walk import DryRouter, Walk, collar_price, mirror
from engine.service.quotes.walk_views import Preview, RoutingView, SlippagePoint, SlippageView
from engine.service.wiring import World

__all__ = ["SIZES_MAX", "SideWord", "Walks", "parse_sizes"]

SideWord = Literal["buy", "sell"]
SNAPSHOT_DEPTH: Final = 1_000
SIZES_MAX: Final = 20
USD_MAX: Final = 10**9
FIELDS: Final = (("quantity", "qty"), ("price", "price"), ("venue", "venue"), ("symbol", "symbol"))


class Walks:
    """Dry walks over one engine's markets; `collar_bps` is the account's.

    The working memory of a market's walks is made on first use and kept, one a market.
    """

    def __init__(self, world: World, chain: BookChain, collar_bps: int | None) -> None:
        self._world = world
        self._chain = chain
        self._collar_bps = collar_bps
        self._kept: dict[str, DryRouter] = {}

    async def preview(
        self,
        asked: Asked,
        side: SideWord,
        qty: Decimal,
        price: Decimal | None,
        venue: str | None,
        now_ns: int,
    ) -> Preview:
        """What the order would cost; ApiError VALIDATION_ERROR for one that would be refused."""
        order = SimpleOrder(symbol=asked.given, side=side, qty=qty, price=price, venue=venue)
        node, at, qty_1e8 = self._node(asked, order)
        source, dry = await self._dry(asked.market, now_ns)
        worst = collar_price(node, at, dry.market, self._collar_bps)
        walk = dry.walk(at, qty_1e8, worst, now_ns, pinned=venue)
        return _preview(
            asked, side, source, _told(asked, walk), price, _price(asked, worst), now_ns
        )

    async def routing(self, asked: Asked, side: SideWord, qty: Decimal, now_ns: int) -> RoutingView:
        """The split of a market order of this size."""
        order = SimpleOrder(symbol=asked.given, side=side, qty=qty)
        node, at, qty_1e8 = self._node(asked, order)
        source, dry = await self._dry(asked.market, now_ns)
        worst = collar_price(node, at, dry.market, self._collar_bps)
        walk = _told(asked, dry.walk(at, qty_1e8, worst, now_ns))
        plan = walk.plan
        return RoutingView(
            symbol=asked.given,
            canonical=asked.canonical,
            mirrored=asked.mirrored,
            side=side,
            source=source,
            routing_version=int(RoutingVersion.V1),
            qty=qty_1e8 / QTY_SCALE,
            qty_1e8=qty_1e8,
            planned_qty_1e8=plan.planned_qty_1e8,
            unplaced_qty_1e8=plan.unplaced_qty_1e8,
            reason=plan.reason.value if plan.unplaced_qty_1e8 else None,
            worst_price_1e9=_price(asked, worst),
            est_cost_bps=_est_cost_bps(asked, walk),
            est_cost_cents=_est_cost_cents(asked, walk),
            legs=walk.legs,
            candidates=list(walk.candidates),
            ts_ns=now_ns,
        )

    async def slippage(
        self, asked: Asked, side: SideWord, sizes: Sequence[Decimal], now_ns: int
    ) -> SlippageView:
        """Cost by size in USD at the mid; the curve is empty where there is no mid."""
        source, dry = await self._dry(asked.market, now_ns)
        at = parse_side(side)
        at = at.opposite if asked.mirrored else at
        market = dry.market
        mid_x2 = market.mid_x2()
        told_x2 = 2 * PAYOFF_1E9 - mid_x2 if mid_x2 and asked.mirrored else mid_x2
        curve: list[SlippagePoint] = []
        if told_x2:
            node = graph_of(SimpleOrder(symbol=asked.canonical, side=side), Quantity(), None)
            collar = collar_price(node.nodes[0], at, market, self._collar_bps)
            lot = min(listing.lot_1e8 for listing in market.listings)
            for usd in sizes:
                qty_1e8 = floor_to(2 * price_1e9(usd) * QTY_SCALE // told_x2, lot)
                if qty_1e8 > INT64_MAX // 2:
                    text = f"{usd} USD is more than can be counted at this price"
                    raise ApiError(ErrorCode.INVALID_PARAMS, text, [("sizes", text)])
                walk = dry.walk(at, qty_1e8, None, now_ns) if qty_1e8 else None
                curve.append(_point(asked, usd, walk, collar))
        return SlippageView(
            symbol=asked.given,
            canonical=asked.canonical,
            mirrored=asked.mirrored,
            side=side,
            source=source,
            mid=told_x2 / (2 * PRICE_SCALE) if told_x2 else None,
            curve=curve,
            ts_ns=now_ns,
        )

    def _node(self, asked: Asked, order: SimpleOrder) -> tuple[Node, Side, int]:
        """The node that the order would become, its side in the engine's terms, its quantity."""
        try:
            graph: Graph = parse_graph(order)
        except GraphError as error:
            faults = [_fault(path, text) for path, text in error.details]
            raise ApiError(ErrorCode.VALIDATION_ERROR, str(error), faults) from None
        resolutions = {asked.given: asked.resolved}
        found = list(mirror_faults(graph, resolutions))
        if not found:
            node = mirror_graph(graph, resolutions).nodes[0]
            bound = resolve_node(node, "order", self._world.symbols)
            if not isinstance(bound, Sequence):
                return bound.node, bound.side, bound.qty_1e8
            found = list(bound)
        faults = [_fault(path, text) for path, text in found]
        raise ApiError(ErrorCode.VALIDATION_ERROR, faults[0][1], faults)

    async def _dry(self, market: MarketBlock, now_ns: int) -> tuple[Source, DryRouter]:
        """Where books are from, and a dry router on them."""
        symbol = market.instrument.symbol
        found = await self._chain.books(market, 1 if usable(market, 1) else SNAPSHOT_DEPTH)
        if found.source not in (Source.EDGE_NBBO, Source.UNAVAILABLE):
            frozen = frozen_market(market, found.books, now_ns)
            return found.source, DryRouter(self._router(symbol), frozen)
        dry = self._kept.get(symbol)
        if dry is None:
            dry = self._kept[symbol] = DryRouter(self._router(symbol))
        return found.source, dry

    def _router(self, symbol: str) -> RouterActor:
        actor = self._world.system.actor_of(self._world.routers[symbol])
        assert isinstance(actor, RouterActor), "a router ref leads to a router"
        return actor


def parse_sizes(text: str) -> list[Decimal]:
    """Sizes in USD out of a comma list; ApiError INVALID_PARAMS for anything else."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    sizes = []
    for word in words:
        try:
            usd = price_1e9(word)
        except ValueError as error:
            raise _bad_sizes(f"sizes: {error}") from None
        if not 0 < usd <= USD_MAX * PRICE_SCALE:
            raise _bad_sizes(f"a size lies above 0 and is at most {USD_MAX} USD")
        sizes.append(Decimal(word))
    if not 0 < len(sizes) <= SIZES_MAX:
        raise _bad_sizes(f"give 1 to {SIZES_MAX} sizes in USD, with commas between them")
    return sizes


def _preview(
    asked: Asked,
    side: SideWord,
    source: Source,
    walk: Walk,
    price: Decimal | None,
    worst_1e9: int | None,
    now_ns: int,
) -> Preview:
    plan = walk.plan
    left = plan.unplaced_qty_1e8
    resting = left if price is not None else 0
    fee, slippage, avg = walk.fee_1e9, walk.slippage_1e9, walk.avg_price_1e9
    total = None if slippage is None else fee + slippage
    slip_bps, fee_bps = walk.slippage_bps, walk.fee_bps
    known = slip_bps is not None and fee_bps is not None
    return Preview(
        symbol=asked.given,
        canonical=asked.canonical,
        mirrored=asked.mirrored,
        side=side,
        order_type="market" if price is None else "limit",
        source=source,
        qty=walk.qty_1e8 / QTY_SCALE,
        qty_1e8=walk.qty_1e8,
        planned_qty_1e8=plan.planned_qty_1e8,
        resting_qty_1e8=resting,
        unplaced_qty_1e8=left - resting,
        reason=plan.reason.value if left > resting else None,
        mid=None if plan.mid_x2 is None else plan.mid_x2 / (2 * PRICE_SCALE),
        avg_price=None if avg is None else avg / PRICE_SCALE,
        avg_price_1e9=avg,
        worst_price_1e9=worst_1e9,
        notional_1e9=walk.notional_1e9,
        estimated_fee_1e9=fee,
        estimated_slippage_1e9=slippage,
        estimated_total_cost_1e9=total,
        estimated_fee_usd=fee / PRICE_SCALE,
        estimated_slippage_usd=None if slippage is None else slippage / PRICE_SCALE,
        estimated_total_cost_usd=None if total is None else total / PRICE_SCALE,
        estimated_fee_bps=fee_bps,
        estimated_slippage_bps=slip_bps,
        estimated_total_cost_bps=(slip_bps or 0.0) + (fee_bps or 0.0) if known else None,
        legs=walk.legs,
        candidate_venues=list(walk.candidates),
        ts_ns=now_ns,
    )


def _point(asked: Asked, usd: Decimal, walk: Walk | None, collar: int | None) -> SlippagePoint:
    """One size; `walk` is in the engine's terms, None where the size is below one lot."""
    if walk is None:
        return SlippagePoint(
            size_usd=float(usd),
            qty_1e8=0,
            planned_qty_1e8=0,
            complete=False,
            reason=Reason.BELOW_MINIMUM.value,
            inside_collar=None,
            avg_price_1e9=None,
            slippage_bps=None,
            fee_bps=None,
            total_cost_bps=None,
            venues=[],
        )
    plan, sign = walk.plan, walk.side.sign
    inside = None
    if collar is not None and not plan.unplaced_qty_1e8:
        inside = all((leg.worst_planned_1e9 - collar) * sign <= 0 for leg in plan.legs)
    told = _told(asked, walk)
    slip, fee = told.slippage_bps, told.fee_bps
    return SlippagePoint(
        size_usd=float(usd),
        qty_1e8=walk.qty_1e8,
        planned_qty_1e8=plan.planned_qty_1e8,
        complete=not plan.unplaced_qty_1e8,
        reason=plan.reason.value if plan.unplaced_qty_1e8 else None,
        inside_collar=inside,
        avg_price_1e9=told.avg_price_1e9,
        slippage_bps=slip,
        fee_bps=fee,
        total_cost_bps=None if slip is None or fee is None else slip + fee,
        venues=[leg.venue for leg in told.legs],
    )


def _est_cost_bps(asked: Asked, told: Walk) -> float | None:
    """The plan's estimate in bps of the mid: that of an event contract is made in bps of the
    payoff, which are the same on both of its sides."""
    plan = told.plan
    if not plan.legs or plan.est_cost_bps is None or not _is_event(asked):
        return plan.est_cost_bps if plan.legs else None
    return plan.est_cost_bps * 2 * PAYOFF_1E9 / plan.mid_x2 if plan.mid_x2 else None


def _est_cost_cents(asked: Asked, told: Walk) -> float | None:
    """The same in cents of the 1 USD payoff; only event contracts have one."""
    plan = told.plan
    if not plan.legs or plan.est_cost_bps is None or not _is_event(asked):
        return None
    return plan.est_cost_bps / 100


def _is_event(asked: Asked) -> bool:
    return asked.market.instrument.type is InstrumentType.PREDICTION


def _told(asked: Asked, walk: Walk) -> Walk:
    return mirror(walk) if asked.mirrored else walk


def _price(asked: Asked, price: int | None) -> int | None:
    return mirror_price(price) if asked.mirrored and price is not None else price


def _fault(path: str, text: str) -> tuple[str, str]:
    """The field of the ask that a fault of the graph is about."""
    for part, field in FIELDS:
        if part in path:
            return field, text
    return path, text


def _bad_sizes(text: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_PARAMS, text, [("sizes", text)])
