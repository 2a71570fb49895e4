"""A node among probes, with edges and peers, for tests of its parts; and short words for graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.node import NodeActor
from engine.decisions.allowance import Allowance
from engine.decisions.edges import Incoming, edge_plans
from engine.decisions.node_plan import NodeIdentity
from engine.decisions.node_restore import RestoredNode
from engine.errors import Reason
from engine.messages import (
    ChildrenPlanned,
    ChildReport,
    NodeEnded,
    Record,
    RouteRequest,
    UpstreamChanged,
)
from engine.model.graph import Edge, Graph, Node, NodeStatus
from engine.model.instruments import Environment
from engine.model.native import NativeVerbs
from engine.model.orders import ChildOrder, OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.progress import NodeProgress
from engine.model.records import NodeChanged
from engine.model.units import Side
from tests.support.builders import child, market, node_place
from tests.support.probe import Stage

__all__ = ["PRICE", "QTY", "NodeStage", "named", "progress"]

QTY = 10**8
PRICE = 64_000 * 10**9


def named(node: Node, name: str, **changes: Any) -> Node:
    """The node under another id."""
    return msgspec.structs.replace(node, node_id=name, **changes)


def progress(
    index: int,
    version: int,
    filled: int = 0,
    *,
    target: int = QTY,
    status: NodeStatus = NodeStatus.EXECUTING,
    started_ns: int = 1,
    avg: int = PRICE,
    by_cancel: bool = False,
    unreachable: bool = False,
) -> NodeProgress:
    """The word of a source that is accepted and, unless told otherwise, under way."""
    final = status.terminal
    price = avg if filled else 0
    return NodeProgress(
        index,
        version,
        status,
        started_ns > 0,
        started_ns,
        target,
        filled,
        filled,
        price,
        final,
        by_cancel,
        unreachable,
    )


class NodeStage(Stage):
    """The node `subject` of `nodes`, not started; the other nodes are probes in `peers`."""

    def __init__(
        self,
        nodes: Sequence[Node],
        edges: Sequence[Edge] = (),
        subject: int = -1,
        *,
        after: Sequence[int] = (),
        allowance: Allowance | None = None,
        watched: bool = False,
        restored: RestoredNode | None = None,
        books: dict[str, Any] | None = None,
        native: dict[str, NativeVerbs] | None = None,
    ) -> None:
        super().__init__()
        self.risk, self.router = self.probe("risk"), self.probe("router")
        self.journal, self.graph = self.probe("journal"), self.probe("graph")
        self.prices, self.trade = self.probe("prices"), self.probe("trade")
        books = books or {"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])}
        self.block = market(books, now_ns=self.driver.now_ns)
        index = subject % len(nodes)
        made = nodes[index]
        side = Side.BUY if made.side == "buy" else Side.SELL
        qty = made.fixed_qty_1e8 or 0
        identity = NodeIdentity(
            "alice", Environment.SANDBOX, "g", 1, made, index, side, qty, 1, None
        )
        trades = dict.fromkeys(books, self.trade)
        ends = self.risk, self.router, self.journal, trades, {"BTC-USD": self.prices}
        place = node_place(self.block, *ends, native)
        self.peers = [self.probe(f"peer{i}") for i in range(len(nodes))]
        plans = edge_plans(Graph(nodes=tuple(nodes), edges=tuple(edges)))[index]
        incoming = Incoming(plans, join_all=made.join == "all") if plans else None
        self.ref, self.actor = self.spawn(
            lambda: NodeActor(
                identity,
                place,
                self.graph,
                self.peers,
                incoming,
                after,
                allowance,
                watched=watched,
                restored=restored,
            )
        )
        self.peers[index] = self.ref

    def hear(self, *words: NodeProgress) -> None:
        """Its sources' words."""
        self.tell(self.ref, *[UpstreamChanged(word) for word in words])

    def request(self) -> RouteRequest | None:
        """What it asked of risk since the last time, at most one attempt."""
        found = self.take(self.risk, RouteRequest)
        assert len(found) <= 1
        return found[0] if found else None

    def plan(
        self,
        *children: ChildOrder,
        unplaced: int = 0,
        attempt: int | None = None,
        marks: tuple[int, int] = (PRICE, PRICE),
    ) -> None:
        """The router's answer to the attempt that is out; `marks` are mid and far touch then."""
        reason = Reason.NO_LIQUIDITY if unplaced else Reason.NONE
        number = self.actor.attempt if attempt is None else attempt
        self.tell(
            self.ref,
            ChildrenPlanned(number, number, children, unplaced, reason, *marks, 1),
        )

    def rest(self, qty: int, number: int = 0, **fields: Any) -> ChildOrder:
        """The attempt that is out becomes one resting order, accepted by its venue."""
        order = child(qty, number=number, tif=TimeInForce.GTC, **fields)
        self.plan(order)
        self.report(ReportKind.ACCEPTED, number)
        return order

    def report(self, kind: ReportKind, number: int = 0, **fields: Any) -> None:
        name = f"xg1-1-0-1-{number}"
        self.tell(self.ref, ChildReport(OrderReport(kind, name, "alpha", **fields)))

    def fill(self, qty: int, trade: str, number: int = 0, **fields: Any) -> None:
        fill = VenueFill(trade, PRICE, qty)
        self.report(ReportKind.FILL, number, fill=fill, **fields)

    def ended(self) -> NodeEnded | None:
        found = self.take(self.graph, NodeEnded)
        assert len(found) <= 1
        return found[0] if found else None

    def states(self) -> list[NodeChanged]:
        """Its states that were recorded since the last time."""
        records = [one.payload for one in self.take(self.journal, Record)]
        return [one for one in records if isinstance(one, NodeChanged)]
