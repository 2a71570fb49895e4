"""Made graphs carry the node's own limits, policy and number."""

from __future__ import annotations

from decimal import Decimal

from actors.graph import GraphActor
from actors.registry import GraphSeed
from engine.decisions.admission import InstrumentHandle, ResolvedNode
from engine.decisions.policies.ioc_sweep import IocSweepPolicy
from engine.model.graph import Graph, Policy
from engine.model.instruments import Environment
from engine.model.risk import GraphRisk
from engine.model.units import Side
from engine.runtime.system import ActorSystem
from engine.service.graph_maker import GraphMaker
from engine.service.settings import EngineSettings
from tests.support.builders import market, node, pretrade


def test_a_node_is_made_as_its_graph_says() -> None:
    system = ActorSystem()
    anyone = system.spawn(
        lambda: GraphActor("", Environment.SANDBOX, "", 0, (), None, None), name="x"
    )  # type: ignore[arg-type]  # a ref is all that is needed
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
    maker = GraphMaker(EngineSettings(), anyone, {"BTC-USD": anyone}, anyone, {})
    actor = maker.node_factory(seed, 0)(anyone)
    assert actor.identity.graph_number == 7
    assert actor.identity.limits is limits
    assert isinstance(actor.policy, IocSweepPolicy)
    assert maker.make(seed, anyone)().graph_id == "g"
