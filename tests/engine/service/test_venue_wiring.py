"""Markets and sessions: one router and one tape an instrument, one book a listing."""

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
