"""A feed that failed leaves no book routable on what it last saw."""

from __future__ import annotations

from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.sandbox import sandbox_ports
from engine.service.sinks import CollectingSink
from engine.service.wiring import EngineSettings, build_world
from venues.simulated.catalogue import build_sandbox


def test_books_of_a_restarted_feed_are_stale_until_their_next_snapshot() -> None:
    system = ActorSystem(seed=1)
    driver = SimulatedDriver(system, order="fifo")
    ports = sandbox_ports(system, build_sandbox(1, events=False))
    world = build_world(system, EngineSettings(), ports, CollectingSink)
    driver.run_for(2 * 10**9)
    market = world.markets["BTC-USD"]
    assert market.healthy == [True, True, True]
    feed = system.actor_of(world.feeds["binance"])
    feed.codec = None  # the next frame breaks the handler
    for _ in range(100):
        driver.run_for(10**7)
        if not market.healthy[0]:
            break
    assert market.healthy == [False, True, True]
    assert system.actor_of(world.feeds["binance"]) is not feed
    driver.run_for(3 * 10**9)
    assert market.healthy == [True, True, True]
