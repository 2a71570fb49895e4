"""Deterministic journal entries for tests: whole order lifecycles, as the actors record them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from engine.model.graph import (
    FixedAmount,
    Graph,
    GraphStatus,
    Node,
    NodeInstrument,
    NodeStatus,
    Quantity,
)
from engine.model.instruments import Environment
from engine.model.orders import OrderReport, ReportKind, TimeInForce, client_order_id
from engine.model.records import (
    ENTRY_VERSION,
    ChildIntent,
    ChildrenIntended,
    DecisionRecord,
    EngineStarted,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    PostRecord,
    PostRules,
    RecordPayload,
    ReportRecorded,
    TradingHalted,
)
from engine.model.units import Side

START_NS = 1_700_000_000_000_000_000
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD")


class EntryMaker:
    """Numbers and stamps entries as the journal actor does, for orders of a few clients."""

    def __init__(self, last_seq: int = 0, graph_number: int = 0, *, seed: int = 0) -> None:
        self.seq = last_seq
        self.graph_number = graph_number
        self.rng = random.Random(seed)

    def entry(
        self,
        payload: RecordPayload,
        client: str = "",
        graph_id: str = "",
        node_id: str = "",
        environment: Environment = Environment.SANDBOX,
    ) -> JournalEntry:
        self.seq += 1
        return JournalEntry(
            ENTRY_VERSION,
            self.seq,
            START_NS + self.seq * 1_000,
            client,
            environment,
            graph_id,
            node_id,
            0,
            payload,
        )

    def started(self, number: int = 1) -> JournalEntry:
        return self.entry(EngineStarted(number, "0.1.0", 7))

    def halted(self, reason: str) -> JournalEntry:
        return self.entry(TradingHalted(bool(reason), reason))

    def order(
        self,
        client: str = "alice",
        *,
        nodes: int = 1,
        fills: int = 1,
        ended: bool = True,
        environment: Environment = Environment.SANDBOX,
    ) -> list[JournalEntry]:
        """A graph of `nodes` orders, each with one routing attempt and `fills` fills."""
        return list(self.lifecycle(client, nodes, fills, ended, environment))

    def lifecycle(
        self, client: str, nodes: int, fills: int, ended: bool, environment: Environment
    ) -> Iterator[JournalEntry]:
        self.graph_number += 1
        number = self.graph_number
        graph_id = f"graph-{number}"
        names = ["order"] if nodes == 1 else [f"n{index}" for index in range(nodes)]
        symbol = SYMBOLS[number % len(SYMBOLS)]
        graph = Graph(nodes=tuple(_node(name, symbol) for name in names), graph_id=graph_id)
        accepted = GraphAccepted(number, graph, (64_000 * 10**9,) * nodes, (10.0,) * nodes)
        yield self.entry(accepted, client, graph_id, "", environment)
        for index, name in enumerate(names):
            for payload in self.node_payloads(graph_id, number, index, name, symbol, fills, ended):
                yield self.entry(payload, client, graph_id, name, environment)
        if ended:
            changed = GraphChanged(GraphStatus.COMPLETED, "")
            yield self.entry(changed, client, graph_id, "", environment)

    def posted(
        self, client: str = "alice", *, environment: Environment = Environment.SANDBOX
    ) -> list[JournalEntry]:
        """A graph of one order that rests: its decision, its one child, and still open."""
        self.graph_number += 1
        number = self.graph_number
        graph_id, symbol = f"graph-{number}", SYMBOLS[number % len(SYMBOLS)]
        graph = Graph(nodes=(_node("order", symbol),), graph_id=graph_id)
        accepted = GraphAccepted(number, graph, (64_000 * 10**9,), (1.0,))
        made = post_decision(number * 1_000, symbol)
        ((venue, qty, price),) = made.places
        name = client_order_id(1, number, 0, 1, 0)
        child = ChildIntent(name, made.venues[venue], made.side, qty, price, TimeInForce.GTC)
        order_id = f"graph:{graph_id}:order:1"
        state = NodeChanged(
            order_id, NodeStatus.EXECUTING, "", qty, 0, qty, 0, "0", 0, 0, 1, b"\x01"
        )
        return [
            self.entry(accepted, client, graph_id, "", environment),
            self.entry(made, client, graph_id, "order", environment),
            self.entry(
                ChildrenIntended(1, number, (child,)), client, graph_id, "order", environment
            ),
            self.entry(state, client, graph_id, "order", environment),
        ]

    def node_payloads(
        self,
        graph_id: str,
        number: int,
        index: int,
        name: str,
        symbol: str,
        fills: int,
        ended: bool,
    ) -> Iterator[RecordPayload]:
        order_id = f"graph:{graph_id}:{name}:1"
        child_id = client_order_id(1, number, index, 1, 0)
        qty = 10**8
        price = 64_000 * 10**9
        child = ChildIntent(child_id, "alpha", Side.BUY, qty, price, TimeInForce.IOC)
        yield decision(number * 1_000 + index, symbol)
        yield ChildrenIntended(1, number, (child,))
        total = filled = fees = 0
        for step in range(fills):
            part = qty // fills if step < fills - 1 else qty - filled
            if not ended:
                part //= 2
            paid = price + self.rng.randrange(-(10**9), 10**9)
            filled += part
            total += paid * part
            fees += 1_000
            yield FillRecord(
                f"alpha:{number}:{index}:{step}",
                order_id,
                child_id,
                "alpha",
                symbol,
                Side.BUY,
                part,
                paid,
                START_NS + self.seq,
                1_000,
                self.rng.choice((True, False, None)),
                1_000,
                "USD",
                10.0,
                None,
                None,
                price,
                price,
            )
            status = NodeStatus.FILLED if filled == qty else NodeStatus.EXECUTING
            yield NodeChanged(
                order_id, status, "", qty, filled, 0, 0, str(total), fees, step + 1, 1, b"\x01"
            )
        if not fills and ended:
            expired = OrderReport(ReportKind.EXPIRED, child_id, "alpha", "v1", cum_qty_1e8=0)
            yield ReportRecorded(expired)
            reason = "EXPIRED: nothing could be taken"
            yield NodeChanged(
                order_id, NodeStatus.CANCELLED, reason, qty, 0, 0, 0, "0", 0, 0, 1, b""
            )


def _node(name: str, symbol: str) -> Node:
    return Node(
        node_id=name,
        instrument=NodeInstrument(symbol=symbol),
        side="buy",
        quantity=Quantity(fixed=FixedAmount(qty_1e8=10**8)),
    )


def decision(decision_id: int, symbol: str, inputs: bytes = bytes(256)) -> DecisionRecord:
    """A decision over three venues."""
    return DecisionRecord(
        decision_id,
        1,
        1,
        symbol,
        Side.BUY,
        10**8,
        10**8,
        64_000 * 10**9,
        3.5,
        "alpha",
        4.25,
        1,
        ("alpha", "beta", "gamma"),
        ("", "", "STALE"),
        ((0, 10**8, 64_000 * 10**9),),
        inputs,
    )


def post_decision(decision_id: int, symbol: str) -> PostRecord:
    """A decision to rest a buy on beta, the cheaper maker of two, over three venues."""
    price = 63_999 * 10**9
    rules = [("alpha", 200), ("beta", 100), ("gamma", 0)]
    return PostRecord(
        decision_id,
        1,
        1,
        symbol,
        Side.BUY,
        10**8,
        price,
        1,
        64_000 * 10**9,
        tuple(PostRules(name, ppm, 0, 10**7, 1_000, 1_000, 0) for name, ppm in rules),
        ("", "", "STALE_VENUE"),
        (price, price, 0),
        (price + 2 * 10**9, price + 2 * 10**9, 2**63 - 1),
        (),
        ((1, 10**8, price),),
        0,
        "",
    )


def story(orders: int, *, seed: int = 0, posted: int = 0) -> list[JournalEntry]:
    """A start and `orders` lifecycles of every shape, from two clients in two environments.

    After them come `posted` orders that rest, of both clients in turn.
    """
    maker = EntryMaker(seed=seed)
    entries = [maker.started()]
    rng = random.Random(seed)
    for _ in range(orders):
        entries += maker.order(
            rng.choice(("alice", "bob")),
            nodes=rng.choice((1, 1, 1, 3)),
            fills=rng.choice((0, 1, 2, 5)),
            ended=rng.random() < 0.8,
            environment=rng.choice((Environment.SANDBOX, Environment.LIVE)),
        )
    entries.append(maker.halted("a test"))
    for index in range(posted):
        entries += maker.posted(("alice", "bob")[index % 2])
    return entries


def grouped(entries: Sequence[JournalEntry], sizes: Sequence[int]) -> list[list[JournalEntry]]:
    """`entries` cut into groups of these sizes, over and over."""
    groups: list[list[JournalEntry]] = []
    start = turn = 0
    while start < len(entries):
        size = sizes[turn % len(sizes)]
        groups.append(list(entries[start : start + size]))
        start += size
        turn += 1
    return groups
