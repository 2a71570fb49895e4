"""Cases of the published client: orders, graphs, fills, stopping, redeeming."""

from __future__ import annotations

import pytest

from tests.support.published import Cases, Published, has, refused

__all__ = ["TRADING"]

TRADING = Cases()
ORDER_ROW = [
    "node_order_id",
    "client_id",
    "side",
    "symbol",
    "qty_1e8",
    "filled_qty_1e8",
    "status",
    "created_unix_ns",
    "updated_unix_ns",
    "failure_reason",
]
FILL_ROW = [
    "fill_id",
    "node_order_id",
    "venue",
    "symbol",
    "side",
    "qty_1e8",
    "price_1e9",
    "ts_unix_ns",
    "fee_1e9",
    "is_maker",
    "fee_breakdown",
    "taker_fee_bps_applied",
    "maker_fee_bps_applied",
    "commission_asset",
    "venue_reported_cum_fee_1e9",
]


@TRADING.case
def buy(world: Published) -> None:
    before = world.held("ETH")
    answer = world.seq.buy("ETH-USD", 2.5, urgency="high", max_slippage_bps=100)
    has(answer, "graph_id", "status", "node_count", "edge_count")
    assert answer["status"] == "active"
    assert (answer["node_count"], answer["edge_count"]) == (1, 0)
    node_ = world.ended(answer["graph_id"])["nodes"]["order"]
    assert node_["filled_qty_1e8"] == 250_000_000 and node_["fill_count"] >= 1
    assert world.until(lambda: world.held("ETH"), lambda held: held != before) == (
        before + 250_000_000
    )
    pinned = world.seq.buy("SOL-USD", 1.0, venue="kraken")["graph_id"]
    world.ended(pinned)
    fills_ = world.seq.fills(symbol="SOL-USD")["fills"]
    assert {row["venue"] for row in fills_ if row["graph_id"] == pinned} == {"kraken"}
    # 0.29 arrives as 28999999 and is snapped to the lot it means.
    odd = world.seq.buy("ETH-USD", 0.29)["graph_id"]
    assert world.ended(odd)["nodes"]["order"]["filled_qty_1e8"] == 29_000_000


@TRADING.case
def sell(world: Published) -> None:
    before = world.held("ETH")
    graph_id = world.seq.sell("ETH-USD", 1.5)["graph_id"]
    node_ = world.ended(graph_id)["nodes"]["order"]
    assert node_["filled_qty_1e8"] == 150_000_000
    world.until(lambda: world.held("ETH"), lambda held: held == before - 150_000_000)
    market = world.seq.market("fed-cut-next-meeting")
    event = world.seq.buy(market["yes_token_id"], 10)["graph_id"]
    done = world.ended(event)["nodes"]["order"]
    assert done["filled_qty_1e8"] == 10 * 10**8 and 0 < done["avg_fill_price_1e9"] < 10**9


@TRADING.case
def order(world: Published) -> None:
    order_id = world.filled("ETH-USD", 1.0)
    row = world.seq.order(order_id)
    has(row, *ORDER_ROW)
    assert row["node_order_id"] == order_id
    assert (row["side"], row["symbol"], row["status"]) == ("BUY", "ETH-USD", "COMPLETED")
    assert row["qty_1e8"] == row["filled_qty_1e8"] == 10**8
    assert row["updated_unix_ns"] >= row["created_unix_ns"] > 10**18
    assert world.seq.order(order_id.removeprefix("graph:")) == row
    refused(404, lambda: world.seq.order("graph:none:order:1"))


@TRADING.case
def orders(world: Published) -> None:
    first, second = world.filled("SOL-USD", 3.0), world.filled("SOL-USD", 4.0, "sell")
    page = world.seq.orders(limit=1, symbol="SOL-USD")
    assert (page["limit"], page["offset"], page["has_more"]) == (1, 0, True)
    assert page["total"] >= 2
    assert [row["node_order_id"] for row in page["orders"]] == [second]
    (older,) = world.seq.orders(limit=1, offset=1, symbol="SOL-USD")["orders"]
    assert older["node_order_id"] == first
    assert world.seq.orders(symbol="NO-SUCH")["orders"] == []


@TRADING.case
def cancel(world: Published) -> None:
    order_id = world.resting()
    # It cuts the prefixed id at the first colon, and asks to cancel a graph called "graph".
    text = refused(404, lambda: world.seq.cancel(order_id))
    assert "graph" in text and "DELETE /v1/orders" in text
    assert world.seq.order(order_id)["status"] == "RUNNING"
    compact = order_id.removeprefix("graph:")
    assert world.seq.cancel(compact) is None
    world.ended(compact.partition(":")[0], "cancelled")
    assert world.seq.order(order_id)["status"] == "CANCELLED"
    refused(404, lambda: world.seq.cancel("no-such-graph"))


@TRADING.case
def amend(world: Published) -> None:
    order_id = world.resting(qty=0.5, price=20_000)
    answer = world.seq.amend(order_id, new_price=21_000, new_qty=0.25)
    assert answer["mode"] == "cancel_replace" and answer["status"] == "accepted"
    current = answer["order_id"]
    row = world.until(
        lambda: world.seq.order(current), lambda found: found["working_qty_1e8"] == 25_000_000
    )
    assert row["qty_1e8"] == 25_000_000
    # The old id goes on naming the order.
    assert world.seq.order(order_id)["qty_1e8"] == 25_000_000
    with pytest.raises(ValueError, match="at least one"):
        world.seq.amend(order_id)
    world.seq.graph_cancel(row["graph_id"])
    refused(409, lambda: world.seq.amend(world.filled(), new_qty=3.0))


@TRADING.case
def decrease(world: Published) -> None:
    order_id = world.resting(qty=0.5)
    answer = world.seq.decrease(order_id, 0.2)
    assert answer["mode"] == "cancel_replace_shrink" and answer["status"] == "accepted"
    row = world.until(
        lambda: world.seq.order(answer["order_id"]), lambda found: found["qty_1e8"] == 30_000_000
    )
    refused(400, lambda: world.seq.decrease(answer["order_id"], 5.0))
    world.seq.graph_cancel(row["graph_id"])


@TRADING.case
def batch(world: Published) -> None:
    stale = world.resting()
    ticker = "KXBTCZ-26DEC31-T70000"
    with world.seq.batch("kalshi") as builder:
        builder.buy_limit(ticker, 10, 0.05).cancel(stale).cancel("graph:none:order:1")
    assert builder.mode == "serial"
    submitted, cancelled, missing = builder.responses
    assert submitted["submitted"]["status"] == "active"
    assert cancelled == {"cancelled": stale}
    assert "404" in missing["error"]
    world.until(lambda: world.seq.order(stale), lambda row: row["status"] == "CANCELLED")
    world.seq.graph_cancel(submitted["submitted"]["graph_id"])
    result = world.seq.batch("kalshi").buy(ticker, 3).end()
    graph_id = result["responses"][0]["submitted"]["graph_id"]
    assert world.ended(graph_id)["nodes"]["order"]["filled_qty_1e8"] == 3 * 10**8


@TRADING.case
def fills(world: Published) -> None:
    order_id = world.filled("ETH-USD", 50.0)
    page = world.seq.fills(limit=500, symbol="ETH-USD")
    has(page, "total", "limit", "offset", "has_more")
    rows = [row for row in page["fills"] if row["node_order_id"] == order_id]
    assert sum(row["qty_1e8"] for row in rows) == 50 * 10**8
    for row in rows:
        has(row, *FILL_ROW)
        assert row["side"] == "BUY" and row["symbol"] == "ETH-USD"
        assert row["fee_1e9"] > 0 and row["price_1e9"] > 0 and row["is_maker"] is False
        assert row["taker_fee_bps_applied"] > 0
    assert len({row["fill_id"] for row in page["fills"]}) == len(page["fills"])
    assert len(world.seq.fills(limit=1)["fills"]) == 1


@TRADING.case
def node(world: Published) -> None:
    built = world.seq.node("a", "BTC-USD", "buy", 0.5, limit_price=20_000, urgency="low")
    graph_id = world.seq.graph([built])["graph_id"]
    assert world.seq.graph_status(graph_id)["nodes"]["a"]["target_qty_1e8"] == 50_000_000
    world.seq.graph_cancel(graph_id)


@TRADING.case
def edge(world: Published) -> None:
    nodes = [world.seq.node(name, "BTC-USD", "buy", 0.01) for name in ("a", "b", "c")]
    edges = [world.seq.edge("a", "b", "on_full_fill"), world.seq.edge("a", "c", "fill_pct", 0.5)]
    graph_id = world.seq.graph(nodes, edges)["graph_id"]
    state = world.ended(graph_id)
    assert {name: one["fired"] for name, one in state["edges"].items()} == {
        "e_a_b": True,
        "e_a_c": True,
    }


@TRADING.case
def graph(world: Published) -> None:
    nodes = [
        world.seq.node("spot", "ETH-USD", "buy", 20.0, policy="sor", urgency="medium"),
        world.seq.node(
            "hedge",
            "ETH-USD-PERP",
            "sell",
            20.0,
            venue="hyperliquid",
            policy="aggressive_chase",
            instrument_type="perp",
        ),
    ]
    answer = world.seq.graph(nodes, [world.seq.edge("spot", "hedge", "fill_pct", 0.5)])
    assert (answer["node_count"], answer["edge_count"]) == (2, 1)
    state = world.ended(answer["graph_id"])
    for name in ("spot", "hedge"):
        assert state["nodes"][name]["filled_qty_1e8"] == 20 * 10**8
    text = refused(422, lambda: world.seq.graph([*nodes, nodes[0]]))
    assert "spot" in text


@TRADING.case
def graph_status(world: Published) -> None:
    graph_id = world.filled().split(":")[1]
    state = world.seq.graph_status(graph_id)
    has(state, "graph_id", "client_id", "status", "nodes", "edges")
    assert state["status"] == "completed"
    one = state["nodes"]["order"]
    has(one, "status", "target_qty_1e8", "filled_qty_1e8", "avg_fill_price_1e9", "fill_count")
    assert one["status"] == "filled" and one["avg_fill_price_1e9"] > 0
    refused(404, lambda: world.seq.graph_status("no-such-graph"))
    refused(404, lambda: world.spare.graph_status(graph_id))


@TRADING.case
def graph_cancel(world: Published) -> None:
    order_id = world.resting()
    graph_id = order_id.split(":")[1]
    assert world.seq.graph_cancel(graph_id) is None
    assert world.ended(graph_id, "cancelled")["nodes"]["order"]["status"] == "cancelled"


@TRADING.case
def graph_resume(world: Published) -> None:
    order_id = world.resting()
    graph_id = order_id.split(":")[1]
    world.post(f"/v1/execution_graphs/{graph_id}/pause")
    assert world.seq.graph_status(graph_id)["status"] == "paused"
    assert world.seq.graph_resume(graph_id) is None
    assert world.seq.graph_status(graph_id)["status"] == "active"
    world.seq.graph_cancel(graph_id)


@TRADING.case
def trace(world: Published) -> None:
    found = world.seq.trace(world.filled())
    steps = [step["event"] for step in found["traces"]]
    assert steps[0] == "GRAPH_ACCEPTED" and steps[-1] == "GRAPH_COMPLETED", steps
    assert {"DECISION", "CHILD_SENT", "FILL", "NODE_FILLED"} <= set(steps)
    stamps = [step["ts_ns"] for step in found["traces"]]
    assert stamps == sorted(stamps) and stamps[0] > 10**18


@TRADING.case
def kill_switch_engage(world: Published) -> None:
    seq = world.spare
    graph_id = seq.buy("BTC-USD", 0.5, limit_price=20_000)["graph_id"]
    order_id = f"graph:{graph_id}:order:1"
    world.until(lambda: seq.order(order_id), lambda row: row["working_qty_1e8"] > 0)
    try:
        state = seq.kill_switch_engage("drill")
        assert state["active"] is True and state["reason"] == "drill"
        # As its docstring says: open orders are not cancelled, new ones are refused.
        assert seq.order(order_id)["working_qty_1e8"] == 50_000_000
        text = refused(409, lambda: seq.buy("BTC-USD", 0.1))
        assert "kill" in text.lower() or "halt" in text.lower() or "drill" in text
        world.filled("ETH-USD", 0.1)
    finally:
        seq.kill_switch_clear()
    assert seq.buy("BTC-USD", 0.1)["status"] == "active"


@TRADING.case
def kill_switch_clear(world: Published) -> None:
    seq = world.spare
    seq.kill_switch_engage()
    assert seq.kill_switch_clear()["active"] is False
    assert seq.buy("BTC-USD", 0.1)["status"] == "active"


@TRADING.case
def cancel_all_on_venue(world: Published) -> None:
    seq = world.spare
    ids = [
        f"graph:{seq.buy('BTC-USD', 0.5, limit_price=20_000, venue=venue)['graph_id']}:order:1"
        for venue in ("coinbase", "kraken")
    ]
    for order_id in ids:
        world.until(lambda one=order_id: seq.order(one), lambda row: row["working_qty_1e8"] > 0)
    seq.cancel_all_on_venue("coinbase")
    world.until(lambda: seq.order(ids[0]), lambda row: row["status"] == "CANCELLED")
    assert seq.order(ids[1])["status"] == "RUNNING"
    seq.cancel_all_on_venue("kraken")
    refused(404, lambda: seq.cancel_all_on_venue("nowhere"))


@TRADING.case
def redeem(world: Published) -> None:
    found = world.seq.redeem("KXBTCZ-26DEC31-T70000", "kalshi")
    assert found["mode"] in ("auto_settled", "noop") and found["venue"] == "kalshi"
    assert found["slug"] == "KXBTCZ-26DEC31-T70000" and found["note"]
    event = world.seq.redeem("btc-updown-yesterday", "polymarket")
    assert event["mode"] in ("relayer_submitted", "noop") and event["venue"] == "polymarket"
    assert event["condition_id"].startswith("0x") and len(event["token_ids"]) == 2
    refused(404, lambda: world.seq.redeem("no-such-market", "polymarket"))
