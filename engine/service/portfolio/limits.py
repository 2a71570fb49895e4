"""The limits that a client trades under, the kill switches in force, and how much is used."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.model.orders import ChildState
from engine.model.risk import KillScope
from engine.service.engine import ExecutionEngine
from engine.service.portfolio.accounting import Book
from engine.service.portfolio.fill_source import OpenChild
from engine.service.portfolio.locks import over_exposure_1e9
from engine.service.portfolio.views import KillView, RiskLimitsView, RiskUsage

__all__ = ["risk_limits"]


def risk_limits(
    engine: ExecutionEngine, client_id: str, book: Book, children: Sequence[OpenChild]
) -> RiskLimitsView:
    """Of this client, whose book and open orders are given."""
    positions: dict[str, int] = {}
    for (_, _, symbol), holding in book.holdings.items():
        positions[symbol] = positions.get(symbol, 0) + holding.qty_1e8
    usage = RiskUsage(
        positions={symbol: qty for symbol, qty in positions.items() if qty},
        open_notional_usd_1e9=engine.world.ledger.reserved_1e9(client_id, engine.environment),
        open_orders=len(children),
        unknown_orders=sum(child.state is ChildState.UNKNOWN for child in children),
        max_over_exposure_usd_1e9=over_exposure_1e9(children, book),
    )
    return RiskLimitsView(
        account=engine.config.account,
        engine=msgspec.structs.asdict(engine.config.limits),
        kill_switches=tuple(switches(engine, client_id)),
        usage=usage,
    )


def switches(engine: ExecutionEngine, client_id: str) -> list[KillView]:
    """Those that stop orders of this client; halts of other clients and graphs are not told."""
    queries, environment = engine.queries, engine.environment
    found = []
    for scope, key, reason in queries.halts(environment):
        if scope is KillScope.CLIENT and key != client_id:
            continue
        if scope is KillScope.GRAPH and queries.graph(client_id, environment, key) is None:
            continue
        found.append(KillView(scope=scope.value, key=key, reason=reason))
    journal = engine.world.switch.journal_reason
    if journal:
        found.append(KillView(scope=KillScope.DESK.value, key="journal", reason=journal))
    return found
