"""Markets and sessions: one router and one tape an instrument, a book and prints a listing."""

from __future__ import annotations

from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.sandbox import sandbox_ports
from engine.service.sinks import CollectingSink
from engine.service.wiring import EngineSettings, build_world
from venues.simulated.catalogue import build_sandbox


def test_every_listing_has_a_book_and_every_instrument_one_router_and_tape() -> None:
    system = ActorSystem(seed=1)
    driver = SimulatedDriver(system, order="fifo")
    venues = build_sandbox(1, events=False)
    world = build_world(system, EngineSettings(), sandbox_ports(system, venues), CollectingSink)
    names = [ref.name for ref in system.refs.values()]
    listings = [listing for venue in venues for listing in venue.listings]
    assert len(world.books) == len(listings) == sum(n.startswith("book:") for n in names)
    symbols = {listing.instrument.symbol for listing in listings}
    assert set(world.routers) == symbols
    assert sum(name.startswith("tape:") for name in names) == len(symbols)
    driver.run_for(3 * 10**9)
    assert all(market.mid_x2() for market in world.markets.values())


def test_every_listing_keeps_its_own_prints_in_the_tape_of_its_instrument() -> None:
    system = ActorSystem(seed=1)
    driver = SimulatedDriver(system, order="fifo")
    venues = build_sandbox(1, events=False)
    world = build_world(system, EngineSettings(), sandbox_ports(system, venues), CollectingSink)
    driver.run_for(20 * 10**9)
    for symbol, market in world.markets.items():
        rings = world.tapes[symbol].rings
        assert sorted(rings) == list(range(len(market.listings)))
        assert all(ring.count for ring in rings.values())
    # Samples come once a second, however many listings there are.
    assert 18 <= len(world.tapes["BTC-USD"]._spreads) <= 20
