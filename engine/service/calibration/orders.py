"""Orders as drawn from a seed: side, size, policy and urgency mixed, one after another a symbol.

Orders of one symbol never overlap: the next one starts a pause after the end of the last, so that
the book has refilled and no two outcomes share a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec

from engine.errors import Reason, RuntimeFault
from engine.messages import SubmitAnswer, SubmitGraph
from engine.model.graph import (
    Execution,
    FixedAmount,
    Graph,
    Node,
    NodeInstrument,
    Policy,
    Quantity,
    Urgency,
)
from engine.model.instruments import Environment, Listing
from engine.model.records import GraphChanged, JournalEntry
from engine.model.units import floor_to
from engine.runtime.simulated_driver import Answer, SimulatedDriver
from engine.runtime.system import ActorSystem
from engine.service.intelligence.estimates import LEVELS_MAX, NEAR_BPS, NEAR_TICKS
from engine.service.simulation.evidence import ENDS
from engine.service.wiring import World

__all__ = ["CLIENT", "Drawn", "EndWatch", "Lane", "check_sound", "draw_order"]

MS: Final = 1_000_000
CLIENT: Final = "calibration"
POLICIES: Final = (
    Policy.SOR,
    Policy.IOC_SWEEP,
    Policy.PASSIVE_LIMIT,
    Policy.AGGRESSIVE_CHASE,
    Policy.PASSIVE_LADDER,
    Policy.TIME_DRIP,
)
URGENCIES: Final = (Urgency.LOW, Urgency.MEDIUM, Urgency.HIGH)
# Shorter than the table's for orders that rest, in its proportions; None is the table's own.
HORIZONS_MS: Final[dict[Policy, tuple[int, int, int] | None]] = {
    Policy.SOR: None,
    Policy.IOC_SWEEP: None,
    Policy.PASSIVE_LIMIT: (12_000, 6_000, 3_000),
    Policy.AGGRESSIVE_CHASE: None,
    Policy.PASSIVE_LADDER: (12_000, 8_000, 4_000),
    Policy.TIME_DRIP: (15_000, 8_000, 3_000),
}
# Shares of what stands near the touch: log-uniform between these.
SHARE_MIN, SHARE_MAX = 0.02, 1.2
PAUSES_MS: Final = (500, 1_500)


class Drawn(msgspec.Struct, frozen=True, gc=False):
    """One order as drawn; `share` is its size against what stands near the touch."""

    side: str
    share: float
    policy: Policy
    urgency: Urgency

    @property
    def horizon_ms(self) -> int | None:
        times = HORIZONS_MS[self.policy]
        return None if times is None else times[URGENCIES.index(self.urgency)]


def draw_order(rng: Random) -> Drawn:
    """Each of side, policy and urgency alike; the size log-uniform."""
    share = SHARE_MIN * (SHARE_MAX / SHARE_MIN) ** rng.random()
    return Drawn(
        "buy" if rng.randrange(2) else "sell", share, rng.choice(POLICIES), rng.choice(URGENCIES)
    )


class Lane:
    """The orders of one symbol of one cast, each after the last. `turn` is called as time passes.

    `refused` counts orders that the engine did not take, with the last reason in `why`.
    """

    def __init__(
        self, driver: SimulatedDriver, world: World, symbol: str, rng: Random, name: str
    ) -> None:
        self.driver, self.world, self.symbol, self.rng, self.name = driver, world, symbol, rng, name
        self.market = world.markets[symbol]
        self.submitted = self.refused = 0
        self.why = ""
        self.open_graph: str | None = None
        self._asked: Answer | None = None
        self._next_ns = driver.now_ns

    @property
    def free(self) -> bool:
        """Whether no order of the lane is under way."""
        return self.open_graph is None and self._asked is None

    def ended(self, graph_id: str) -> None:
        """A graph has ended; if it is the lane's own, the next follows after a pause."""
        if graph_id == self.open_graph:
            self.open_graph = None
            self._next_ns = self.driver.now_ns + self.rng.randrange(*PAUSES_MS) * MS

    def turn(self) -> None:
        """Submit the next order if it is time and the market shows both sides."""
        if self.driver.now_ns < self._next_ns or not self.free or self.market.mid_x2() is None:
            return
        drawn = draw_order(self.rng)
        qty = self.quantity(drawn)
        if not qty:
            return
        self.submitted += 1
        graph = self.graph(drawn, qty)
        answer = self.driver.ask(
            self.world.registry,
            lambda reply: SubmitGraph(reply, CLIENT, Environment.SANDBOX, graph),
        )
        # It may end before the answer is read.
        self.open_graph = graph.graph_id
        self.driver.run_until_idle()
        found = answer.value
        assert isinstance(found, SubmitAnswer), "the registry answers at once"
        if found.reason is not Reason.NONE:
            self.refused += 1
            self.why = found.text
            self.ended(graph.graph_id or "")

    def graph(self, drawn: Drawn, qty_1e8: int) -> Graph:
        """The graph of one order."""
        node = Node(
            node_id="order",
            instrument=NodeInstrument(symbol=self.symbol, type=self.market.instrument.type),
            side="buy" if drawn.side == "buy" else "sell",
            quantity=Quantity(fixed=FixedAmount(qty_1e8=qty_1e8)),
            execution=Execution(
                policy=drawn.policy, urgency=drawn.urgency, horizon_ms=drawn.horizon_ms
            ),
        )
        return Graph(graph_id=f"{self.name}-{self.submitted}", nodes=(node,), edges=())

    def quantity(self, drawn: Drawn) -> int:
        """The share of what stands near, on every venue's lot and at least its minimum; 0: none."""
        market, taken = self.market, 1 if drawn.side == "buy" else 0
        near = visible = 0
        for listing in market.listings:
            levels = market.levels(listing.venue_index, taken, LEVELS_MAX)
            visible += sum(qty for _, qty in levels)
            if levels:
                window = window_of(listing, levels[0][0])
                near += sum(qty for price, qty in levels if abs(price - levels[0][0]) <= window)
        lot = max(one.lot_1e8 for one in market.listings)
        least = max(least_of(one, self.market.mid_x2() or 0) for one in market.listings)
        qty = min(floor_to(int(near * drawn.share), lot), floor_to(visible * 6 // 10, lot))
        return max(qty, least) if least <= visible * 6 // 10 else 0


class EndWatch:
    """A stream sink that tells lanes of the end of their graphs."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = lanes

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """As the stream has it."""
        for entry in entries:
            if isinstance(entry.payload, GraphChanged) and entry.payload.status in ENDS:
                for lane in self.lanes:
                    lane.ended(entry.graph_id)
        return bool(entries)


def window_of(listing: Listing, best_1e9: int) -> int:
    """How far from a venue's best still counts as near."""
    if listing.price_max_1e9:
        return NEAR_TICKS * listing.tick_1e9
    return best_1e9 * NEAR_BPS // 10_000


def least_of(listing: Listing, mid_x2: int) -> int:
    """The least order of a venue, with room for a child that is part of it."""
    least = max(listing.qty_min_1e8, listing.lot_1e8)
    if listing.notional_min_1e9 and mid_x2:
        least = max(least, 2 * listing.notional_min_1e9 * 10**8 // mid_x2 + 1)
    least += -least % listing.lot_1e8
    return 2 * least


def check_sound(system: ActorSystem) -> None:
    """RuntimeFault once anything failed: orders would be scored that were not followed."""
    if system.halted is not None:
        raise RuntimeFault(f"trading came to a halt: {system.halted}")
    if system.meters.failures:
        last = system.dead_ring[-1]
        raise RuntimeFault(f"{last.actor} failed: {last.reason}")
