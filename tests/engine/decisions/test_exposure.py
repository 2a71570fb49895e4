"""The bound on what a graph can hold one-sided: never passed, and tight where it should be."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from msgspec.structs import replace

from engine.decisions.admission import InstrumentHandle, ResolvedNode
from engine.decisions.exposure import worst_case
from engine.model.fees import FeeSchedule
from engine.model.graph import Edge, EdgeAction, Graph, NotionalAmount, Quantity, Sizing
from engine.model.instruments import Instrument, InstrumentType
from engine.model.units import parse_side
from tests.support.builders import listing, market, node

QTY = 10**8
USD = 10**9
PRICE = 2_325 * USD
BOOK = {"alpha": ([(PRICE, QTY)], [(PRICE, QTY)])}


def resolved(
    name: str,
    side: str,
    qty: int | None,
    *,
    base: str = "ETH",
    limit: int | None = None,
    event: bool = False,
) -> ResolvedNode:
    kind = InstrumentType.PREDICTION if event else InstrumentType.SPOT
    instrument = Instrument(symbol=f"{base}-USD", type=kind, base=base, quote="USD")
    fees = FeeSchedule(taker_ppm=0)
    at = limit if event and limit is not None else PRICE
    book = {"alpha": ([(at - 1, QTY)], [(at, QTY)])}
    handle = InstrumentHandle(
        instrument.symbol, (listing(instrument=instrument, fees=fees),), market(book), 1
    )
    plain = replace(node(qty or QTY, side=side, limit_1e9=limit), node_id=name)
    if qty is None:
        plain = replace(plain, quantity="derived")
    return ResolvedNode(plain, handle, parse_side(side), qty or 0)


def edge(source: str, target: str, ratio: str = "1", of: str = "cumulative") -> Edge:
    sizing = Sizing(ratio=Decimal(ratio), of=of)  # type: ignore[arg-type]  # a literal
    return Edge(from_node=source, to_node=target, trigger="on_fill", sizing=sizing)


def graph_of(nodes: list[ResolvedNode], edges: list[Edge]) -> Graph:
    return Graph(nodes=tuple(one.node for one in nodes), edges=tuple(edges))


def test_the_references_own_example_is_within_its_limit() -> None:
    nodes = [resolved("spot", "buy", 200 * QTY), resolved("hedge", "sell", 200 * QTY)]
    found = worst_case(graph_of(nodes, [edge("spot", "hedge")]), nodes, 100)
    assert found.larger_side_1e9 == 200 * PRICE * 101 // 100 < 500_000 * USD
    assert found.one_sided[0][:3] == ("ETH", 200 * QTY, 200 * QTY)
    assert found.gross_1e9 == 200 * PRICE * 201 // 100 - 200


def test_a_derived_hedge_is_never_short_alone() -> None:
    nodes = [resolved("spot", "buy", 2 * QTY), resolved("hedge", "sell", None)]
    found = worst_case(graph_of(nodes, [edge("spot", "hedge")]), nodes, None)
    assert found.one_sided == (("ETH", 2 * QTY, 0, 2 * PRICE),)
    assert found.short_1e9 == 0
    half_more = worst_case(graph_of(nodes, [edge("spot", "hedge", "1.5")]), nodes, None)
    assert half_more.one_sided[0][:3] == ("ETH", 2 * QTY, QTY)


def test_an_escalation_of_the_unfilled_rest_counts_once() -> None:
    nodes = [resolved("slow", "buy", 2 * QTY), resolved("fast", "buy", None)]
    found = worst_case(graph_of(nodes, [edge("slow", "fast", of="unfilled")]), nodes, None)
    assert found.one_sided[0][1] == 2 * QTY


@pytest.mark.parametrize("qty", [QTY, None])
def test_exits_with_one_allowance_count_once(qty: int | None) -> None:
    nodes = [resolved("in", "buy", QTY)] + [resolved(one, "sell", qty) for one in ("tp", "sl")]
    edges = [edge("in", "tp"), edge("in", "sl")]
    apart = worst_case(graph_of(nodes, edges), nodes, None)
    assert apart.one_sided[0][2] == (2 if qty else 1) * QTY
    pair = [replace(edge(*ends), action=EdgeAction.REDUCE) for ends in (("tp", "sl"), ("sl", "tp"))]
    shared = worst_case(graph_of(nodes, edges + pair), nodes, None)
    assert shared.one_sided[0][2] == (QTY if qty else 0)
    cancels = [replace(one, action=EdgeAction.CANCEL) for one in pair]
    assert worst_case(graph_of(nodes, edges + cancels), nodes, None) == apart


def test_events_count_their_largest_loss_and_no_is_the_other_side_of_yes() -> None:
    cent = USD // 100
    yes = resolved("yes", "buy", 100 * QTY, base="rain:yes", limit=60 * cent, event=True)
    no = resolved("no", "buy", 100 * QTY, base="rain:no", limit=30 * cent, event=True)
    short = resolved("short", "sell", 100 * QTY, base="rain:yes", limit=90 * cent, event=True)
    assert worst_case(graph_of([yes], []), [yes], None).larger_side_1e9 == 60 * USD
    assert worst_case(graph_of([short], []), [short], None).larger_side_1e9 == 10 * USD
    both = worst_case(graph_of([yes, no], []), [yes, no], None)
    assert both.one_sided == (("rain", 100 * QTY, 100 * QTY, 60 * USD),)


def test_notional_quantities_count_as_given_and_unpriced_nodes_are_named() -> None:
    one = resolved("order", "buy", QTY)
    amount = Quantity(notional=NotionalAmount(usd_1e9=500 * USD))
    money = ResolvedNode(replace(one.node, quantity=amount), one.handle, one.side, 0)
    bound = worst_case(graph_of([money], []), [money], 100).larger_side_1e9
    assert 500 * USD <= bound <= 500 * USD + PRICE * 2 // QTY
    blank = InstrumentHandle(one.handle.symbol, one.handle.listings, market({"alpha": ([], [])}), 1)
    bare = ResolvedNode(one.node, blank, one.side, one.qty_1e8)
    assert worst_case(graph_of([bare], []), [bare], 100).unpriced == (0,)


def draw(rng: random.Random) -> tuple[list[ResolvedNode], list[Edge]]:
    nodes: list[ResolvedNode] = []
    edges: list[Edge] = []
    for index in range(rng.randrange(1, 6)):
        derived = index > 0 and rng.random() < 0.6
        qty = None if derived else rng.randrange(1, 50) * 1000
        price = rng.randrange(50, 150) * USD
        side, base = rng.choice(("buy", "sell")), rng.choice(("ETH", "BTC"))
        nodes.append(resolved(f"n{index}", side, qty, base=base, limit=price))
        for source in rng.sample(range(index), min(index, rng.choice((1, 2)))) if derived else ():
            ratio = str(rng.choice(("0.3", "1", "1.7")))
            of = rng.choice(("cumulative", "unfilled"))
            edges.append(edge(f"n{source}", f"n{index}", ratio, of))
    return nodes, edges


def reach(rng: random.Random, nodes: list[ResolvedNode], edges: list[Edge]) -> list[Decimal]:
    """Fills of one state that the graph may come to."""
    targets: list[Decimal] = []
    fills: list[Decimal] = []
    for index, one in enumerate(nodes):
        target = Decimal(one.qty_1e8)
        for link in edges:
            if link.to_node == f"n{index}" and link.sizing is not None:
                source = int(link.from_node[1:])
                unfilled = link.sizing.of == "unfilled"
                part = targets[source] - fills[source] if unfilled else fills[source]
                target += part * link.sizing.ratio
        targets.append(target)
        fills.append(target * rng.choice((0, 1, Decimal("0.4"))))
    return fills


@pytest.mark.parametrize("seed", range(40))
def test_no_reachable_state_passes_the_bound(seed: int) -> None:
    rng = random.Random(seed)
    nodes, edges = draw(rng)
    found = worst_case(graph_of(nodes, edges), nodes, None)
    prices = [max(one.node.limit_price_1e9 or 0, PRICE if one.side else 0) for one in nodes]
    best = dict.fromkeys((row[0] for row in found.one_sided), (Decimal(0), Decimal(0)))
    for _ in range(400):
        fills = reach(rng, nodes, edges)
        for base, long_qty, short_qty, _ in found.one_sided:
            net = sum(
                (
                    one.side.sign * fill
                    for one, fill in zip(nodes, fills, strict=True)
                    if one.handle.listings[0].instrument.base == base
                ),
                Decimal(0),
            )
            assert -short_qty <= net <= long_qty
            best[base] = max(best[base][0], net), max(best[base][1], -net)
        money = [
            sum(f * p for f, p, one in zip(fills, prices, nodes, strict=True) if one.side == side)
            for side in (0, 1)
        ]
        assert max(money) <= found.larger_side_1e9 * QTY
        assert sum(money) <= found.gross_1e9 * QTY
    for base, long_qty, short_qty, _ in found.one_sided:
        # The maximum lies in a corner, and 400 draws of five nodes find it more often than not.
        assert long_qty <= best[base][0] * 3 + 1 or len(nodes) > 3
        assert short_qty <= best[base][1] * 3 + 1 or len(nodes) > 3


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("qty", [1, 12_345_678, 200 * QTY])
def test_a_node_alone_is_bounded_as_by_the_general_way(side: str, qty: int) -> None:
    one, other = resolved("a", side, qty), resolved("b", side, qty, base="SOL")
    alone = worst_case(graph_of([one], []), [one], 100)
    pair = worst_case(graph_of([one, other], []), [one, other], 100)
    assert alone.one_sided == pair.one_sided[:1]
    # Each way rounds up once, the pair for both together.
    assert 0 <= 2 * alone.gross_1e9 - pair.gross_1e9 <= 1
    assert 0 <= 2 * alone.larger_side_1e9 - pair.larger_side_1e9 <= 1
    assert 0 <= 2 * max(alone.long_1e9, alone.short_1e9) - pair.long_1e9 - pair.short_1e9 <= 1
