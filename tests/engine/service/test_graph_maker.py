"""Made graphs carry the node's own limits, policy and number."""

from __future__ import annotations

from decimal import Decimal

from actors.node import NodeActor
from actors.registry import GraphSeed
from engine.decisions.admission import InstrumentHandle, ResolvedNode
from engine.decisions.market_tape import MarketTape
from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.model.graph import Graph, Policy
from engine.model.instruments import Environment
from engine.model.risk import GraphRisk
from engine.model.units import Side
from engine.runtime.system import ActorSystem
from engine.service.graph_maker import SHAPE_NODES_MAX, SHAPES_MAX, GraphMaker
from engine.service.settings import EngineSettings
from tests.support.builders import market, node, pretrade
from tests.support.probe import Probe


def test_a_node_is_made_as_its_graph_says() -> None:
    system = ActorSystem()
    anyone = system.spawn(Probe, name="x")
    block = market({"alpha": ([(1, 1)], [(2, 1)])})
    handle = InstrumentHandle("BTC-USD", block.listings, block, anyone.actor_id)
    made = node(policy=Policy.IOC_SWEEP)
    limits = pretrade(max_order_notional_usd=Decimal(5))
    seed = GraphSeed(
        "alice",
        Environment.SANDBOX,
        "g",
        7,
        Graph(nodes=(made,), risk=GraphRisk(pretrade=limits)),
        (ResolvedNode(made, handle, Side.BUY, 10),),
    )
    routers, tapes = {"BTC-USD": anyone}, {"BTC-USD": MarketTape(event=False)}
    maker = GraphMaker(EngineSettings(), anyone, routers, anyone, {}, {}, tapes)
    actor = maker.node_factory(seed, 0, (), (), None, watched=False)(anyone, [])
    assert isinstance(actor, NodeActor)
    assert actor.identity.graph_number == 7
    assert actor.identity.limits is limits
    assert isinstance(actor.place.make_policy(made), IocSweepPolicy)
    assert maker.make(seed, anyone)().graph_id == "g"


def test_graphs_of_one_shape_share_their_lists_within_bounds() -> None:
    anyone = ActorSystem().spawn(Probe, name="x")
    maker = GraphMaker(EngineSettings(), anyone, {}, anyone, {}, {}, {})
    first = maker.shared(tuple(name for name in ("entry", "exit")))
    assert maker.shared(("entry", "exit")) is first
    for number in range(SHAPES_MAX + 1):
        maker.shared((number,))
    maker.shared(tuple(range(SHAPE_NODES_MAX + 1)))
    assert len(maker.shapes) == SHAPES_MAX
