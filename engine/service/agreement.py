"""Do engine, venues and journal agree? A check from outside, on the embedded sandbox."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

from engine.model.units import Side, format_qty
from engine.service.engine import ExecutionEngine
from engine.store.rows import FillRow
from venues.simulated.catalogue import SandboxVenue
from venues.simulated.venue import FlowSwitch

__all__ = ["disagreements"]

SETTLE_S = 5.0
POLL_S = 0.02
LEVELS_MAX = 10_000
FILLS_MAX = 1_000


async def disagreements(engine: ExecutionEngine) -> list[str]:
    """One sentence for each thing on which they differ; empty when all agree.

    Order flow is paused for the look, so that books stand still, and goes on afterwards.
    """
    world = engine.world
    hosts = [ref for ref in world.system.refs.values() if ref.name.startswith("venue:")]
    for host in hosts:
        engine.tell(host, FlowSwitch(False))
    found: list[str] = []
    try:
        for _ in range(int(SETTLE_S / POLL_S)):
            await asyncio.sleep(POLL_S)
            found = _book_differences(engine)
            if not found:
                break
    finally:
        for host in hosts:
            engine.tell(host, FlowSwitch(True))
    fills: list[FillRow] = []
    while len(page := await engine.fills(limit=FILLS_MAX, offset=len(fills))) > 0:
        fills.extend(page)
    return found + position_differences(engine.sandbox_venues, fills)


def position_differences(venues: Sequence[SandboxVenue], fills: Sequence[FillRow]) -> list[str]:
    """Where the net of the journalled fills is not the venue's own position."""
    net: Mapping[tuple[str, str], int] = _net(fills)
    found: list[str] = []
    for venue in venues:
        name = venue.profile.name
        for listing in venue.listings:
            ours = net.get((name, listing.instrument.symbol), 0)
            theirs = venue.exchange.account.position(listing.venue_symbol).qty_1e8
            if ours != theirs:
                found.append(
                    f"{name} holds {format_qty(theirs)} {listing.instrument.symbol}, "
                    f"the journal's fills give {format_qty(ours)}"
                )
    return found


def _net(fills: Sequence[FillRow]) -> dict[tuple[str, str], int]:
    net: dict[tuple[str, str], int] = defaultdict(int)
    for fill in fills:
        net[fill.venue, fill.symbol] += Side(fill.side).sign * fill.qty_1e8
    return net


def _book_differences(engine: ExecutionEngine) -> list[str]:
    found: list[str] = []
    for venue in engine.sandbox_venues:
        for listing in venue.listings:
            market = engine.world.markets[listing.instrument.symbol]
            theirs = venue.exchange.books[listing.venue_symbol].book
            for side in Side:
                ours = market.levels(listing.venue_index, int(side), LEVELS_MAX)
                if ours != [tuple(level) for level in theirs.depth(side, LEVELS_MAX)]:
                    found.append(
                        f"the {side.text} side of {listing.instrument.symbol} on "
                        f"{venue.profile.name} differs from the venue's own book"
                    )
    return found
