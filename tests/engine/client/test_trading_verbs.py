"""Trading verbs ask for what their names say, exactly."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.client import trading_verbs as verbs
from engine.client.request import Request
from engine.model.graph import Graph

ORDER = "graph:g-1:spot:2"
PATH = "/v1/orders/graph%3Ag-1%3Aspot%3A2"


def shown(request: Request[object]) -> tuple[str, str, object]:
    return request.method, request.target, request.body


def test_cancel_knows_graphs_from_orders() -> None:
    assert shown(verbs.cancel("g-1")) == ("DELETE", "/v1/execution_graphs/g-1", None)
    assert shown(verbs.cancel(ORDER)) == ("DELETE", PATH, None)
    compact = "/v1/orders/g-1%3Aspot%3A2"
    assert shown(verbs.cancel("g-1:spot:2")) == ("DELETE", compact, None)


@pytest.mark.parametrize("qty", [0.29, "0.29", Decimal("0.29")])
def test_amend_sends_exact_integers(qty: float | str | Decimal) -> None:
    body = {"new_qty_1e8": 29_000_000, "new_constraints": {"max_price_1e9": 550_000_000}}
    assert shown(verbs.amend(ORDER, new_price="0.55", new_qty=qty)) == ("PATCH", PATH, body)
    only = verbs.amend(ORDER, new_price=1).body
    assert only == {"new_constraints": {"max_price_1e9": 10**9}}
    with pytest.raises(ValueError, match="new_price, a new_qty or both"):
        verbs.amend(ORDER)


def test_decrease_and_batch_use_their_own_routes() -> None:
    body = {"reduce_by_1e8": 500_000_000}
    assert shown(verbs.decrease(ORDER, 5.0)) == ("POST", f"{PATH}/decrease", body)
    with pytest.raises(ValueError, match="cancel it"):
        verbs.decrease(ORDER, 0)
    sent = verbs.batch("kalshi", [{"symbol": "X"}], [ORDER])
    expected = {"venue": "kalshi", "submits": [{"symbol": "X"}], "cancels": [ORDER]}
    assert shown(sent) == ("POST", "/v1/orders/batch", expected)


def test_a_simple_order_is_a_graph_of_one_node() -> None:
    request = verbs.sell("SOL-USD", "3", limit_price=150.5, venue="kraken", graph_id="mine")
    graph = msgspec.json.decode(msgspec.json.encode(request.body), type=Graph)
    (one,) = graph.nodes
    assert (one.node_id, one.side, one.fixed_qty_1e8) == ("order", "sell", 3 * 10**8)
    assert one.limit_price_1e9 == 150_500_000_000 and one.instrument.venue == "kraken"
    assert graph.graph_id == "mine"
    bought = msgspec.convert(verbs.buy("X", 1, urgency="low").body, Graph).nodes[0]
    assert bought.side == "buy" and bought.execution.urgency.value == "low"
    assert verbs.dry_run([]).target == "/v1/orders?dry_run=true"


def test_lists_and_ids() -> None:
    target = verbs.orders(10, symbol="BTC-USD", cursor="7").target
    assert target == "/v1/orders?limit=10&symbol=BTC-USD&cursor=7"
    assert verbs.fills(5, 10, node_order_id=ORDER).target == (
        "/v1/fills?limit=5&offset=10&node_order_id=graph%3Ag-1%3Aspot%3A2"
    )
    assert verbs.order(ORDER).target == PATH
    assert verbs.trace(ORDER, 7).target.startswith("/v1/traces?limit=7&node_order_id=")
    assert verbs.redeem("a b", "kalshi").target == "/v1/markets/a%20b/redeem?venue=kalshi"


def test_graphs_are_steered_by_their_id() -> None:
    assert shown(verbs.pause("g")) == ("POST", "/v1/execution_graphs/g/pause", None)
    assert shown(verbs.resume("g")) == ("POST", "/v1/execution_graphs/g/resume", None)
    assert verbs.graph_status("g").target == "/v1/execution_graphs/g"
    amended = verbs.amend_node("g", "n", qty="1", limit_price="2", urgency="high", horizon_ms=5)
    body = {"qty_1e8": 10**8, "limit_price_1e9": 2 * 10**9, "urgency": "high", "horizon_ms": 5}
    assert shown(amended) == ("PATCH", "/v1/execution_graphs/g/nodes/n", body)


def test_stopping_says_what_becomes_of_open_orders() -> None:
    engaged = verbs.kill_switch_engage("drill", scope="symbol", key="BTC-USD")
    assert engaged.body == {
        "active": True,
        "reason": "drill",
        "cancel_open_orders": True,
        "scope": "symbol",
        "key": "BTC-USD",
    }
    assert shown(verbs.kill_switch_clear()) == ("POST", "/v1/kill_switch/clear", {"active": False})
    assert verbs.cancel_all_on_venue("kraken").target == "/v1/venue_cancel_all/kraken"
