"""Sandbox ports: built venues become links and codecs that the wiring can join."""

from __future__ import annotations

from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.sandbox import sandbox_ports
from engine.service.sinks import CollectingSink
from engine.service.wiring import EngineSettings, build_world
from venues.simulated.catalogue import build_sandbox


def test_a_second_engine_finds_the_venues_as_the_first_left_them() -> None:
    venues = build_sandbox(1, events=False)
    for _ in range(2):
        system = ActorSystem(seed=1)
        driver = SimulatedDriver(system, order="fifo")
        ports = sandbox_ports(system, venues)
        assert [port.venue for port in ports] == [venue.profile.name for venue in venues]
        world = build_world(system, EngineSettings(), ports, CollectingSink)
        driver.run_for(2 * 10**9)
        assert all(all(market.healthy) for market in world.markets.values())
        system.stop()
