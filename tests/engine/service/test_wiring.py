"""Wiring: everything is joined, aliases reach the same market, halting fails closed."""

from __future__ import annotations

from engine.messages import SubmitAnswer, SubmitGraph
from engine.model.instruments import Environment
from engine.model.records import FillRecord, GraphAccepted
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.sandbox import sandbox_ports
from engine.service.sinks import CollectingSink
from engine.service.wiring import EngineSettings, World, build_world
from tests.support.builders import graph, node
from venues.simulated.catalogue import SYMBOL_ALIASES, build_sandbox


def started() -> tuple[SimulatedDriver, World, CollectingSink]:
    system = ActorSystem(seed=1)
    driver = SimulatedDriver(system, start_ns=10**18, order="fifo")
    sinks: list[CollectingSink] = []

    def make_sink(journal):  # type: ignore[no-untyped-def]  # the wiring's own callback
        sinks.append(CollectingSink(journal))
        return sinks[-1]

    ports = sandbox_ports(system, build_sandbox(1, events=False))
    world = build_world(system, EngineSettings(), ports, make_sink, aliases=SYMBOL_ALIASES)
    driver.run_for(2 * 10**9)
    return driver, world, sinks[0]


def submit(driver: SimulatedDriver, world: World, **fields: object) -> SubmitAnswer:
    made = graph(node(**fields))  # type: ignore[arg-type]  # a table of keywords
    box = driver.ask(
        world.registry, lambda reply: SubmitGraph(reply, "alice", Environment.SANDBOX, made)
    )
    driver.run_until_idle()
    assert isinstance(box.value, SubmitAnswer)
    return box.value


def test_an_alias_trades_the_same_market() -> None:
    driver, world, sink = started()
    assert submit(driver, world, symbol="ETH-PERP", qty_1e8=10**8).reason == ""
    driver.run_for(5 * 10**9)
    fills = [entry.payload for entry in sink.entries if isinstance(entry.payload, FillRecord)]
    assert {fill.venue for fill in fills} == {"hyperliquid"}
    assert {fill.symbol for fill in fills} == {"ETH-USD-PERP"}


def test_ended_graphs_leave_nothing_behind() -> None:
    driver, world, sink = started()
    before = len(world.system.refs)
    for _ in range(20):
        submit(driver, world, symbol="ETH-USD", qty_1e8=10**8)
    driver.run_for(20 * 10**9)
    assert len(world.system.refs) == before
    assert world.ledger.open_grants == 0
    accepted = [entry for entry in sink.entries if isinstance(entry.payload, GraphAccepted)]
    assert len(accepted) == 20
    assert not world.system.dead_letters


def test_a_halted_system_refuses_new_graphs() -> None:
    driver, world, _ = started()
    world.system.halt("something broke")
    assert world.switch.halted
    request = SubmitGraph(0, "alice", Environment.SANDBOX, graph(node(symbol="ETH-USD")))
    assert not driver.tell(world.registry, request)
