"""A valid body or two for every door that writes."""

from __future__ import annotations

from typing import Any

from tests.support.rest_world import BUY, RESTING

__all__ = ["VALID"]

GRAPH: dict[str, Any] = {
    "nodes": [
        {
            "node_id": "a",
            "instrument": {"symbol": "ETH-USD", "type": "spot"},
            "side": "buy",
            "order_type": {"limit": {"price_1e9": 1_000 * 10**9}},
            "quantity": {"fixed": {"qty_1e8": 20_000_000}},
            "execution": {
                "policy": "passive_limit",
                "horizon_ms": 60_000,
                "pacing": {"uniform": {"num_slices": 4, "interval_ms": 500}},
                "max_slippage_bps": 30,
            },
        },
        {
            "node_id": "b",
            "instrument": {"symbol": "ETH-USD-PERP", "type": "perp", "venue": "hyperliquid"},
            "side": "sell",
            "quantity": {"fixed": {"qty_1e8": 20_000_000}},
            "activation": "wait",
        },
    ],
    "edges": [
        {
            "edge_id": "e0",
            "from_node": "a",
            "to_node": "b",
            "trigger": "on_fill_ratio",
            "condition": {"fill_ratio_gte": 0.5},
        }
    ],
    "risk": {"max_naked_exposure_1e9": 10**15},
    "metadata": {"note": "mine"},
    "is_sandbox": True,
}
ONE_EDGE = {**GRAPH, "edges": [{"from_node": "a", "to_node": "b", "trigger": "on_fill"}]}
VALID: dict[tuple[str, str], tuple[Any, ...]] = {
    ("POST", "/v1/orders"): (
        BUY,
        {**RESTING, "execution": {"urgency": "low"}},
        {"symbol": "BTC-USD", "side": "sell", "notional": "250.5", "sandbox": True},
        {**BUY, "graph_id": "mine"},
        GRAPH,
        ONE_EDGE,
    ),
    ("POST", "/v1/orders/batch"): (
        {
            "venue": "binance",
            "submits": [RESTING, {**BUY, "venue": "binance"}, GRAPH],
            "cancels": ["graph:mine:order:1", "graph:known1:rest:1"],
        },
        {"venue": "hyperliquid", "submits": [{**BUY, "symbol": "ETH-USD-PERP"}]},
    ),
    ("PATCH", "/v1/orders/{node_order_id}"): (
        {"new_qty_1e8": 2_000_000, "new_constraints": {"max_price_1e9": 60_001 * 10**9}},
    ),
    ("POST", "/v1/orders/{node_order_id}/decrease"): ({"reduce_by_1e8": 100},),
    ("POST", "/v1/execution_graphs/{graph_id}/pause"): ({"reason": "a moment"},),
    ("POST", "/v1/execution_graphs/{graph_id}/resume"): ({},),
    ("PATCH", "/v1/execution_graphs/{graph_id}/nodes/{node_id}"): (
        {
            "qty_1e8": 2_000_000,
            "limit_price_1e9": 60_002 * 10**9,
            "urgency": "high",
            "max_slippage_bps": 10,
            "horizon_ms": 10_000,
        },
    ),
    ("POST", "/v1/kill_switch"): (
        {"active": True, "reason": "stop", "scope": "client", "key": ""},
        {"scope": "graph", "key": "mine", "cancel_open_orders": False},
    ),
    ("PUT", "/v1/kill_switch"): ({"active": True, "reason": "stop"},),
    ("POST", "/v1/kill_switch/clear"): ({"scope": "client", "key": ""},),
    ("POST", "/v1/venue_cancel_all/{venue}"): ({},),
    ("POST", "/v1/quotes_batch"): (
        {"symbols": ["BTC-USD", "ETH-USD"], "depth": 5, "nowait": True, "concurrency": 4},
    ),
    ("POST", "/v1/orders/preview"): (
        {
            "symbol": "BTC-USD",
            "side": "buy",
            "qty": "0.5",
            "order_type": "limit",
            "price": 60_000,
            "venue": "binance",
        },
    ),
    ("POST", "/v1/markets/{slug}/redeem"): ({},),
    ("POST", "/v1/sandbox/positions"): (
        {
            "positions": [
                {"venue": "binance", "kind": "crypto", "symbol": "BTC", "qty": "1.5"},
                {
                    "venue": "hyperliquid",
                    "kind": "perp",
                    "symbol": "ETH-USD-PERP",
                    "qty": "-2",
                    "entry_price_usd": "3000",
                },
            ],
            "replace": False,
        },
    ),
    ("POST", "/v1/sandbox/reset"): ({},),
    ("PUT", "/v1/sandbox/settings"): ({"default_quote_balance_usd": 100_000},),
    ("POST", "/v1/api_keys"): (
        {"label": "bot", "sandbox": True, "scopes": ["read"], "expires_in_days": 3},
    ),
    ("PUT", "/v1/credentials/{venue}"): (
        {
            "api_key": "abcdefghijkl",
            "api_secret": "mnopqrstuvwx",
            "passphrase": "yz",
            "extra_json": {"subaccount": "main"},
        },
    ),
    ("POST", "/v1/credentials/{venue}"): (
        {"api_key": "abcdefghijkl", "api_secret": "mnop", "extra_json": '{"a": 1}'},
    ),
}
