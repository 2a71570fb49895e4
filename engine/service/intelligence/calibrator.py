"""Every submitted order forecast as it starts and scored as it ends, from the durable stream.

The same code listens to the live engine, to the simulated market and to recordings. An outcome
counts if it is not degenerate: the order rested, or was 50 ms or more away from its venue.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from engine.decisions.policies.parameters import DEFAULT_PARAMETERS, PolicyParameters
from engine.errors import Reason
from engine.intelligence.calibration import Calibration
from engine.intelligence.forecast import MODEL_VERSION
from engine.intelligence.residuals import RESTING
from engine.model.graph import Graph, Node, NodeStatus
from engine.model.instruments import Environment
from engine.model.records import GraphAccepted, GraphChanged, JournalEntry, NodeChanged
from engine.model.units import parse_side
from engine.service.intelligence.estimates import Estimates, realised_bps
from engine.service.intelligence.forecast_log import (
    ForecastLog,
    ForecastRow,
    OrderKey,
    ScoredRow,
)
from engine.service.intelligence.learned_costs import CALIBRATED_VERSION
from engine.service.simulation.evidence import ENDS
from engine.service.wiring import World

__all__ = ["LATENCY_MIN_NS", "Calibrator", "GraphOf"]

GraphKey = tuple[str, Environment, str]
GraphOf = Callable[[str, Environment, str], Graph | None]
"""(client, environment, graph id) -> the graph, for one that was accepted before this start."""

LATENCY_MIN_NS: Final = 50_000_000
GRAPHS_MAX: Final = 100_000
SECOND_NS: Final = 1_000_000_000
# How a policy ends by itself: at its horizon, or for want of a counterpart.
OWN_ENDS: Final = frozenset(
    {Reason.EXPIRED, Reason.NO_LIQUIDITY, Reason.BEYOND_LIMIT, Reason.BELOW_MINIMUM}
)


class Calibrator:
    """A stream sink over one cast. `scored` is called with every outcome that counts.

    `a_second` bounds how many orders are forecast, over whole seconds: a busy engine's orders are
    sampled, since each costs the event loop about a fifth of a millisecond. 0 takes all of them.
    What an entry raises is told to `failed`, and costs that order alone; without it, it is raised.
    Ids are chosen by clients, so that graphs and orders are told apart by client and environment.
    """

    def __init__(
        self,
        world: World,
        log: ForecastLog,
        now_ns: Callable[[], int],
        *,
        calibration: Calibration | None = None,
        parameters: PolicyParameters = DEFAULT_PARAMETERS,
        graph_of: GraphOf = lambda client, environment, graph_id: None,
        scored: Callable[[ScoredRow], None] = lambda row: None,
        seed: int = 0,
        a_second: int = 0,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        self.log = log
        self._failed = failed
        self.calibration = log.restored() if calibration is None else calibration
        self.estimates = Estimates(world, parameters)
        self._now_ns = now_ns
        self._graph_of = graph_of
        self._scored = scored
        self._seed = seed
        self.a_second = a_second
        self.left_out = 0
        self._second = 0
        self._taken = 0
        self._graphs: OrderedDict[GraphKey, Graph] = OrderedDict()
        self._started: OrderedDict[OrderKey, None] = OrderedDict()

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Called by the stream actor with what has become durable; an empty call is a farewell.

        What a call changes is one transaction, so that a busy engine pays for few of them.
        """
        with self.log.batch():
            for entry in entries:
                try:
                    self._take(entry)
                except sqlite3.Error:
                    raise
                except Exception as error:
                    if self._failed is None:
                        raise
                    self._failed(error)
        return bool(entries)

    # -- inside

    def _take(self, entry: JournalEntry) -> None:
        payload = entry.payload
        if isinstance(payload, GraphAccepted):
            self._graphs[graph_key(entry)] = payload.graph
            if len(self._graphs) > GRAPHS_MAX:
                self._graphs.popitem(last=False)
        elif isinstance(payload, NodeChanged):
            if payload.status is NodeStatus.EXECUTING:
                self._start(entry, payload)
            elif payload.status.terminal:
                self._end(entry, payload)
        elif isinstance(payload, GraphChanged) and payload.status in ENDS:
            self._graphs.pop(graph_key(entry), None)

    def _sampled(self, now_ns: int) -> bool:
        """Whether this order is one of those that this second has time for."""
        if not self.a_second:
            return True
        second = now_ns // SECOND_NS
        if second != self._second:
            self._second, self._taken = second, 0
        self._taken += 1
        if self._taken <= self.a_second:
            return True
        self.left_out += 1
        return False

    def _start(self, entry: JournalEntry, payload: NodeChanged) -> None:
        order = order_key(entry, payload)
        if order in self._started:
            return
        self._started[order] = None
        if len(self._started) > GRAPHS_MAX:
            self._started.popitem(last=False)
        node = self._node(entry)
        if node is None or payload.filled_qty_1e8:
            return
        now_ns, qty = self._now_ns(), payload.target_qty_1e8
        if not self._sampled(now_ns):
            return
        made = self.estimates.at_start(node, qty, now_ns)
        if made.estimate is None:
            self.log.void(order, now_ns, made.why)
            return
        said = self.calibration.calibrated(made.estimate)
        version = CALIBRATED_VERSION if said.samples else MODEL_VERSION
        self.log.add(
            ForecastRow(
                order=order,
                made_ns=now_ns,
                symbol=node.instrument.symbol,
                bucket=made.estimate.bucket.name,
                mid_x2=made.mid_x2,
                sign=1 if node.side == "buy" else -1,
                qty_1e8=qty,
                base_bps=made.estimate.base_bps,
                spread_bps=made.estimate.spread_bps,
                median_bps=said.median_bps,
                p90_bps=said.p90_bps,
                walk_bps=made.walk_bps,
                law_bps=made.law_bps,
                unit_bps=made.estimate.unit_bps,
                latency_ns=made.latency_ns,
                time_ms=made.time_ms,
                fill_rate=made.fill_rate,
                model_version=version,
                sample_size=said.samples,
            )
        )

    def _end(self, entry: JournalEntry, payload: NodeChanged) -> None:
        order = order_key(entry, payload)
        self._started.pop(order, None)
        row = self.log.open_forecast(order)
        if row is None:
            return
        now_ns = self._now_ns()
        realised, why = self._realised(row, payload, now_ns)
        if realised is None or why:
            self.log.void(order, now_ns, why, row, realised)
            return
        draw = Random(f"{self._seed} {' '.join(order)}").random()
        estimate = row.estimate
        within = self.calibration.learn(estimate, row.p90_bps, realised, draw)
        done = ScoredRow(
            order=order,
            bucket=row.bucket,
            made_ns=row.made_ns,
            ended_ns=now_ns,
            symbol=row.symbol,
            mid_x2=row.mid_x2,
            base_bps=row.base_bps,
            spread_bps=row.spread_bps,
            median_bps=row.median_bps,
            p90_bps=row.p90_bps,
            walk_bps=row.walk_bps,
            law_bps=row.law_bps,
            unit_bps=row.unit_bps,
            realised_bps=realised,
            filled_share=payload.filled_qty_1e8 / row.qty_1e8,
            draw=draw,
            inside=within,
        )
        self.log.score(done, self.calibration)
        self._scored(done)

    def _realised(
        self, row: ForecastRow, payload: NodeChanged, now_ns: int
    ) -> tuple[float | None, str]:
        """The cost of the whole quantity, and why this outcome does not count, if so."""
        policy = row.estimate.bucket.policy
        left = row.qty_1e8 - payload.filled_qty_1e8
        if payload.target_qty_1e8 != row.qty_1e8 or left < 0:
            return None, "its quantity was changed on the way"
        if payload.unknown_qty_1e8:
            return None, "part of it is neither confirmed nor denied"
        if left and payload.reason.partition(":")[0] not in OWN_ENDS:
            return None, f"it was ended from outside: {payload.reason}"
        rest = 0.0
        if left:
            side = parse_side("buy" if row.sign > 0 else "sell")
            found = self.estimates.rest_price(row.symbol, side, left, now_ns)
            if found is None:
                return None, "the books at its end show less than what was left"
            rest = found
        filled = payload.filled_qty_1e8, int(payload.price_times_qty), payload.fees_1e9
        why = ""
        if policy not in RESTING and row.latency_ns < LATENCY_MIN_NS:
            why = "degenerate: it took at once from venues less than 50 ms away"
        return realised_bps(row.sign, row.mid_x2, row.qty_1e8, filled, rest), why

    def _node(self, entry: JournalEntry) -> Node | None:
        key = graph_key(entry)
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graph_of(*key)
        if graph is None:
            return None
        return next((one for one in graph.nodes if one.node_id == entry.node_id), None)


def graph_key(entry: JournalEntry) -> GraphKey:
    """The graph that an entry is of."""
    return entry.client_id, entry.environment, entry.graph_id


def order_key(entry: JournalEntry, payload: NodeChanged) -> OrderKey:
    """The order whose change an entry tells."""
    return OrderKey(entry.client_id, entry.environment, payload.node_order_id)
