"""Parents whose lots and minimums bind: a few minimum sizes, venues of different lots and fees."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from engine.decisions.market import MarketBlock
from engine.decisions.split import SplitPlan, Splitter
from engine.model.instruments import Listing
from tests.support.markets import TICK, Levels, instrument, listing, market_of, plain_terms
from tests.support.milp_split import allowed, exact_cost, milp_split

UNIT = 1_000
SHAPES = ((4, 0.02), (4, 0.15), (4, 0.30), (8, 0.15))


@dataclass
class MinimumCase:
    """One parent and its market; `books` are the levels to take, best first."""

    listings: list[Listing]
    books: list[Levels]
    market: MarketBlock
    constants: list[int]
    qty: int
    side: int = 0


@dataclass
class Comparison:
    """The engine's split beside the exact one; `gap` is relative to the landed cost."""

    filled: int
    exact_fills: bool
    gap: float | None
    plan: SplitPlan


def minimum_case(seed: int, venues: int, share: float, fee_step_ppm: int = 100) -> MinimumCase:
    """A random parent of which `share` is each venue's minimum notional."""
    random = Random(seed * 1_000 + venues)
    of = instrument()
    lots = [random.choice((1, 10, 100, 1_000)) * UNIT for _ in range(venues)]
    fees = [random.randrange(1, 9) * fee_step_ppm for _ in range(venues)]
    books: list[Levels] = []
    for _ in range(venues):
        price = 6_400_000 + random.randrange(40)
        side = []
        for _ in range(20):
            price += random.randrange(1, 5)
            side.append((price * TICK, max(1, int(random.lognormvariate(11, 1.2))) * UNIT))
        books.append(side)
    constants = [random.randrange(3 * TICK) for _ in range(venues)]
    keyed = sorted(
        (price * (1 + fees[v] / 1e6) + constants[v], qty)
        for v, side in enumerate(books)
        for price, qty in side
    )
    depth = 3 + seed % 14 + 20
    qty = sum(q for _, q in keyed[:depth]) - keyed[depth - 1][1] // 3
    qty = max(1_000 * UNIT, qty // (1_000 * UNIT) * 1_000 * UNIT)
    minimum = int(qty * 64_000 * share) * 10
    listings = [
        listing(
            v,
            of,
            fee_ppm=fees[v],
            tick_1e9=TICK,
            lot_1e8=lots[v],
            qty_min_1e8=10 * lots[v],
            notional_min_1e9=minimum,
        )
        for v in range(venues)
    ]
    market = market_of(listings, [((), side) for side in books], depth=64)
    return MinimumCase(listings, books, market, constants, qty)


def compare(case: MinimumCase) -> Comparison:
    """Split with both, check the engine's legs, and cost both exactly."""
    side = case.side
    terms = plain_terms(case.market, side, constants=case.constants)
    plan = Splitter(case.market).plan(side, case.qty, None, terms)
    quantities = [0] * len(case.listings)
    for leg in plan.legs:
        quantities[leg.venue_index] = leg.qty_1e8
    for rules, levels, qty in zip(case.listings, case.books, quantities, strict=True):
        assert allowed(rules, levels, qty), "the engine broke a lot or a minimum"
    exact = milp_split(case.listings, case.books, side, case.qty, case.constants, UNIT)
    gap = None
    if exact is not None and plan.planned_qty_1e8 == case.qty:
        ours = exact_cost(case.listings, case.books, side, quantities, case.constants)
        best = exact_cost(case.listings, case.books, side, exact, case.constants)
        gap = float((ours - best) / abs(best))
    return Comparison(plan.planned_qty_1e8, exact is not None, gap, plan)
