"""What one seed has decided: venues, faults, mailbox sizes, who submits and meddles, and when."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from engine.messages import GraphCommandKind
from engine.model.graph import Graph, Urgency
from engine.model.instruments import Listing
from engine.model.risk import KillScope
from venues.simulated.exchange import ExchangeConfig
from venues.simulated.faults import FaultRates

__all__ = [
    "CLIENTS",
    "MS",
    "SAFETY_NS",
    "Crash",
    "DiskDraw",
    "FaultLevel",
    "Meddling",
    "S",
    "Shapes",
    "Submission",
    "Swarm",
    "Switching",
    "VenueDraw",
]

MS = 1_000_000
S = 1_000_000_000
SAFETY_NS = 6 * S
CLIENTS = ("alice", "bob")

Shapes = Literal["single", "graphs"]


class FaultLevel(StrEnum):
    """How hard a world is on its engine: not at all, a little, or as hard as it can."""

    NONE = "none"
    LIGHT = "light"
    FULL = "full"


class VenueDraw(msgspec.Struct, frozen=True):
    """One venue of a swarm; `listings` carry the venue indices of this swarm."""

    name: str
    latency_ns: int
    config: ExchangeConfig
    listings: tuple[Listing, ...]
    rates: FaultRates


class DiskDraw(msgspec.Struct, frozen=True):
    """How the journal's disk behaves; `fails_ns` is from when to when it is full."""

    commit_ns: int
    groups_max: int
    fails_ns: tuple[int, int]


class Submission(msgspec.Struct, frozen=True):
    """A graph, when it is submitted, and when (if ever) its client cancels it."""

    at_ns: int
    client_id: str
    graph: Graph
    cancel_at_ns: int | None


class Meddling(msgspec.Struct, frozen=True):
    """A client's command on a graph that it submitted, by the number of its submission.

    `factor_ppm` scales the quantity of an amended node (0: the quantity stays), `limit_bps` moves
    its limit price, `shrink_ppm` takes that share of the submitted quantity off what remains.
    """

    at_ns: int
    submission: int
    kind: GraphCommandKind
    node_index: int = 0
    factor_ppm: int = 0
    urgency: Urgency | None = None
    limit_bps: int | None = None
    slippage_bps: int | None = None
    horizon_ms: int | None = None
    shrink_ppm: int = 0


class Switching(msgspec.Struct, frozen=True):
    """The kill switch is thrown or cleared; `cancel` also ends the graphs of the scope."""

    at_ns: int
    halted: bool
    cancel: bool
    scope: KillScope = KillScope.DESK
    key: str = ""


class Crash(msgspec.Struct, frozen=True):
    """The engine is dropped `steps` messages after `at_ns` and started again `outage_ns` later.

    `kept` says whether the groups that the disk was given get onto it; what it was not given is
    lost.
    """

    at_ns: int
    steps: int
    outage_ns: int
    kept: bool


class Swarm(msgspec.Struct, frozen=True):
    """Everything that one seed decides. Times count from the start of the run.

    `capacities` bounds mailboxes by actor name; `faults_at_ns` is when the lines turn bad;
    `flow_per_s` is how often the other participants do something in each book.
    """

    seed: int
    level: FaultLevel
    shapes: Shapes
    venues: tuple[VenueDraw, ...]
    submissions: tuple[Submission, ...]
    meddlings: tuple[Meddling, ...]
    switchings: tuple[Switching, ...]
    capacities: dict[str, int]
    faults_at_ns: int
    flow_stops: bool
    flow_per_s: int
    disk: DiskDraw
    crashes: tuple[Crash, ...] = ()

    def describe(self) -> str:
        """The configuration, for a failure's report."""
        nodes = sum(len(one.graph.nodes) for one in self.submissions)
        start = f"{self.faults_at_ns / S:.1f} s"
        lines = [
            f"{len(self.submissions)} graphs of {nodes} nodes",
            f"  faults {self.level.value} from {start}",
            f"  mailboxes {self.capacities}, {self.disk}",
            f"  flow {self.flow_per_s} a second, stops {self.flow_stops}",
            f"  {len(self.meddlings)} commands on graphs, kill switch {len(self.switchings)} times",
            f"  {self.crashes}",
        ]
        for venue in self.venues:
            symbols = " ".join(one.venue_symbol for one in venue.listings)
            lines.append(f"  {venue.name} {venue.latency_ns / MS:.0f} ms [{symbols}]")
            lines.append(f"    {venue.config}")
            lines.append(f"    {venue.rates}")
        return "\n".join(lines)
