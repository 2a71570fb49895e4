"""The table of doors: the reference's paths are all there, and nothing public by accident."""

from __future__ import annotations

import pytest

from engine.service.access.scopes import Scope
from engine.service.rest.routes import Routes
from engine.service.rest.table import all_doors

# Every path that the reference's two pages or the published client name.
REFERENCE = """
POST /v1/orders | GET /v1/orders | GET /v1/orders/x | PATCH /v1/orders/x | DELETE /v1/orders/x
POST /v1/orders/preview | GET /v1/execution_graphs/x | DELETE /v1/execution_graphs/x
POST /v1/execution_graphs/x/resume | PATCH /v1/execution_graphs/x/nodes/y | GET /v1/fills
POST /v1/kill_switch | POST /v1/kill_switch/clear | POST /v1/venue_cancel_all/x
GET /v1/risk_limits | GET /v1/traces | GET /v1/execution/forecast | GET /v1/execution/simulate
GET /v1/execution/live/x | GET /v1/execution/review/x | GET /v1/execution/summary
GET /v1/execution/decisions | GET /v1/quotes | GET /v1/quotes/x | POST /v1/quotes_batch
GET /v1/symbols | GET /v1/pairs/x/venues | GET /v1/fair_price | GET /v1/edges
GET /v1/price_history/x | GET /v1/funding_history/x | GET /v1/market/funding-rates | GET /v1/fees
GET /v1/intelligence/depth | GET /v1/intelligence/slippage | GET /v1/intelligence/routing
GET /v1/intelligence/venues | GET /v1/positions | GET /v1/positions/unified
GET /v1/positions/perp | GET /v1/balances | GET /v1/portfolio/summary | GET /v1/account
GET /v1/markets | GET /v1/settlement/x | POST /v1/markets/x/redeem | GET /v1/polymarket/rewards
GET /v1/polymarket/rewards/x | PUT /v1/credentials/x | POST /v1/credentials/x
GET /v1/credentials | DELETE /v1/credentials/x | POST /v1/api_keys | GET /v1/api_keys
POST /v1/api_keys/x/rotate | DELETE /v1/api_keys/x | POST /v1/sandbox/positions
POST /v1/sandbox/reset | GET /v1/sandbox/settings | PUT /v1/sandbox/settings | GET /v1/tca
GET /v1/health/live | GET /v1/health | GET /v1/stream | GET /v1/ws/ticket
GET /v1/ws/new_markets | GET /v1/ws/market_resolved | POST /v1/deployments | GET /v1/strategies
"""
PUBLIC = {"welcome", "live", "ready", "health", "openapi_json", "docs"}


@pytest.mark.parametrize("row", REFERENCE.replace("\n", " | ").split(" | "))
def test_the_reference_is_served(row: str) -> None:
    if row.strip():
        method, path = row.split()
        found = Routes(all_doors()).find(method, path)
        assert len(found) == 2, f"{row} is not served"
        assert not isinstance(found[0], str), f"{row} is not served with this method"


def test_only_what_tells_nothing_is_public() -> None:
    assert {door.name for door in all_doors() if door.scope is None} <= PUBLIC


def test_writes_need_more_than_reading() -> None:
    readable = {
        door.name for door in all_doors() if door.writes and door.scope in (None, Scope.READ)
    }
    # These change nothing, or always refuse.
    assert readable <= {"no_automation", "preview", "quotes_batch", "sync_positions"}
