"""What a run's journal says, read entry by entry, each held to what risk and the venues know.

An outside observer: it takes the journal, the grants that were seen on their way and the
exchanges' own memory, and nothing of what the nodes believe.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from engine.model.graph import Graph, GraphStatus, Node
from engine.model.orders import Grant, parse_client_order_id
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    ReportRecorded,
)
from engine.model.units import Side

__all__ = ["ENDS", "GRANTS_A_LIFE", "Evidence", "Intended", "fill_key", "passes"]

ENDS = frozenset({GraphStatus.COMPLETED, GraphStatus.CANCELLED, GraphStatus.FAILED})

# Each engine of a run counts its grants from 1.
GRANTS_A_LIFE = 10**12

Name = tuple[str, str]
FillKey = tuple[str, int, int]


class Intended(msgspec.Struct, frozen=True):
    """One child as the journal announced it."""

    child: ChildIntent
    graph_id: str
    node_id: str
    grant_id: int


class Evidence:
    """Grows with the journal; `take` yields what is wrong with an entry.

    `grants` is the world's, filled as they pass; `news` are children with fills since the last
    look; `loosened` holds the limit prices that clients have given to nodes since. `lives`
    are the first sequence numbers of the engines of the run.
    """

    def __init__(
        self,
        grants: Mapping[int, Grant],
        loosened: Mapping[Name, Sequence[int]],
        lives: Sequence[int] = (1,),
    ) -> None:
        self.grants = grants
        self.lives = lives
        self.loosened = loosened
        self.read = 0
        self.graphs: dict[str, Graph] = {}
        self.numbers: dict[int, str] = {}
        self.nodes: dict[Name, tuple[int, Node]] = {}
        self.spare: dict[Name, bool] = {}
        self.intended: dict[str, Intended] = {}
        self.granted: Counter[int] = Counter()
        self.filled_of_grant: Counter[int] = Counter()
        self.news: dict[str, None] = {}
        self.told: dict[str, Counter[FillKey]] = defaultdict(Counter)
        self.fills: Counter[Name] = Counter()
        self.money: Counter[Name] = Counter()
        self.fees: Counter[Name] = Counter()
        self.last: dict[Name, NodeChanged] = {}
        self.targets: dict[Name, int] = {}
        self.ends: Counter[str] = Counter()

    def take(self, entry: JournalEntry) -> Iterator[str]:
        """Keep an entry; what is wrong with it."""
        self.read += 1
        payload = entry.payload
        if isinstance(payload, ChildrenIntended):
            yield from self.take_children(entry, payload)
        elif isinstance(payload, FillRecord):
            yield from self.take_fill(entry, payload)
        elif isinstance(payload, ReportRecorded):
            yield from self.take_terms(entry, payload)
        elif isinstance(payload, NodeChanged):
            name = entry.graph_id, entry.node_id
            before = self.last.get(name)
            if before is not None and before.status.terminal and not payload.status.terminal:
                yield f"{' '.join(name)} was {before.status} and is {payload.status} again"
            self.last[name] = payload
            self.targets[name] = max(self.targets.get(name, 0), payload.target_qty_1e8)
        elif isinstance(payload, GraphAccepted):
            if entry.graph_id in self.graphs:
                yield f"{entry.graph_id} was accepted twice"
            self.graphs[entry.graph_id] = payload.graph
            self.numbers[payload.graph_number] = entry.graph_id
            for index, node in enumerate(payload.graph.nodes):
                self.nodes[entry.graph_id, node.node_id] = index, node
                self.spare[entry.graph_id, node.node_id] = index in payload.spare
        elif isinstance(payload, GraphChanged) and payload.status in ENDS:
            self.ends[entry.graph_id] += 1

    def take_children(self, entry: JournalEntry, wish: ChildrenIntended) -> Iterator[str]:
        """Children stand inside a grant that was given for this node and used once."""
        grant_id = wish.grant_id + (bisect_right(self.lives, entry.seq) - 1) * GRANTS_A_LIFE
        grant = self.grants.get(grant_id)
        if grant is None:
            yield f"entry {entry.seq}: children under grant {wish.grant_id}, which nobody gave"
            return
        intent = grant.intent
        if grant_id in self.granted:
            yield f"grant {wish.grant_id} was used twice"
        if (intent.graph_id, intent.node_id, intent.attempt) != (
            entry.graph_id,
            entry.node_id,
            wish.attempt,
        ):
            yield f"entry {entry.seq}: grant {wish.grant_id} is of another attempt"
        for child in wish.children:
            name = child.client_order_id
            if name in self.intended:
                yield f"{name} was intended twice"
            self.intended[name] = Intended(child, entry.graph_id, entry.node_id, grant_id)
            self.granted[grant_id] += child.qty_1e8
            yield from self.wrong_child(entry, child, grant)
        if self.granted[grant_id] > grant.qty_1e8:
            sent = self.granted[grant_id]
            yield f"grant {wish.grant_id} of {grant.qty_1e8} has children of {sent}"

    def wrong_child(self, entry: JournalEntry, child: ChildIntent, grant: Grant) -> Iterator[str]:
        """Its id tells where it belongs; its side, venue and price are those of grant and node."""
        name, intent = child.client_order_id, grant.intent
        key = entry.graph_id, entry.node_id
        index, node = self.nodes.get(key, (-1, None))
        parsed = parse_client_order_id(name)
        if parsed is None or node is None:
            yield f"{name} decodes to no order of ours"
            return
        _, number, place, attempt, _ = parsed
        if (self.numbers.get(number), place, attempt) != (entry.graph_id, index, intent.attempt):
            yield f"{name} decodes to another node or attempt than {key}"
        if child.side is not intent.side or child.side.text != node.side:
            yield f"{name} is on the wrong side"
        pinned = node.instrument.venue
        if pinned is not None and child.venue != pinned:
            yield f"{name} is at {child.venue}, its node is pinned to {pinned}"
        if passes(child.side, child.limit_price_1e9, grant.worst_price_1e9):
            yield f"{name} passes the cap of its grant: {child.limit_price_1e9}"
        limit = node.limit_price_1e9
        limits = (limit, *self.loosened.get(key, ()))
        if all(passes(child.side, child.limit_price_1e9, one) for one in limits):
            yield f"{name} passes the limit of its node: {child.limit_price_1e9} for {limit}"

    def take_terms(self, entry: JournalEntry, recorded: ReportRecorded) -> Iterator[str]:
        """An amended child keeps within its node's limits; an earlier price may be told late."""
        report = recorded.report
        name, terms, wish = report.client_order_id, report.terms, None
        if terms is not None:
            wish = self.intended.get(name)
        if terms is None or wish is None:
            return
        child, key = wish.child, (wish.graph_id, wish.node_id)
        limits = (self.nodes[key][1].limit_price_1e9, *self.loosened.get(key, ()))
        if all(passes(child.side, terms.limit_price_1e9, one) for one in limits):
            yield f"{name} was amended past the limit of its node: {terms.limit_price_1e9}"
        worse = passes(child.side, terms.limit_price_1e9, child.limit_price_1e9)
        limit = terms.limit_price_1e9 if worse else child.limit_price_1e9
        child = msgspec.structs.replace(child, qty_1e8=terms.qty_1e8, limit_price_1e9=limit)
        # Leave for more is a grant of its own.
        more = worse or terms.qty_1e8 > wish.child.qty_1e8
        grant_id = 0 if more else wish.grant_id
        self.intended[name] = Intended(child, *key, grant_id)
        if sum(one[1] * count for one, count in self.told[name].items()) > terms.qty_1e8:
            yield f"{name} was amended to {terms.qty_1e8}, below what it had filled"

    def take_fill(self, entry: JournalEntry, fill: FillRecord) -> Iterator[str]:
        """A fill is of an intended child, no worse than its limit, and inside its grant."""
        name = fill.client_order_id
        self.told[name][fill_key(fill)] += 1
        self.news[name] = None
        key = entry.graph_id, entry.node_id
        self.fills[key] += fill.qty_1e8
        self.money[key] += fill.qty_1e8 * fill.price_1e9
        self.fees[key] += fill.fee_1e9
        wish = self.intended.get(name)
        if wish is None:
            yield f"{name} filled and was never intended"
            return
        if (wish.graph_id, wish.node_id) != key:
            yield f"{name} filled for another node"
        if fill.side is not wish.child.side or fill.venue != wish.child.venue:
            yield f"{name} filled on another side or venue"
        if passes(fill.side, fill.price_1e9, wish.child.limit_price_1e9):
            yield f"{name} filled at {fill.price_1e9}, beyond {wish.child.limit_price_1e9}"
        if sum(key[1] * count for key, count in self.told[name].items()) > wish.child.qty_1e8:
            yield f"{name} filled more than its {wish.child.qty_1e8}"
        self.filled_of_grant[wish.grant_id] += fill.qty_1e8
        grant = self.grants.get(wish.grant_id)
        if grant is not None and self.filled_of_grant[wish.grant_id] > grant.qty_1e8:
            yield f"grant {wish.grant_id} of {grant.qty_1e8} filled beyond it"


def fill_key(fill: FillRecord) -> FillKey:
    """What tells one execution from another."""
    return fill.fill_id, fill.qty_1e8, fill.price_1e9


def passes(side: Side, price_1e9: int, bound_1e9: int | None) -> bool:
    """Whether a price is worse for `side` than its bound; None bounds nothing."""
    if bound_1e9 is None:
        return False
    return (price_1e9 - bound_1e9) * side.sign > 0
