"""The Prometheus text: families, escaping, and figures that are true."""

from __future__ import annotations

from engine.service.rest.metrics import escaped, metrics_text
from tests.support.rest_world import BUY, RestWorld, with_rest


def test_figures_are_those_of_the_engine() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        desk = world.service.desk
        rows = {}
        for line in metrics_text(desk, desk.requests).splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                rows[name] = float(value)
        assert rows['execgraph_http_requests_total{door="submit_order",status="200"}'] == 1
        base = '{door="submit_order"'
        total = rows[f"execgraph_http_request_seconds_count{base}}}"]
        assert rows[f'execgraph_http_request_seconds_bucket{base},le="+Inf"}}'] == total == 1
        store = world.service.engine.journal_parts[0]
        assert rows['execgraph_journal_last_seq{environment="sandbox"}'] == store.last_seq > 0
        assert rows['execgraph_optimality_gap_samples{environment="sandbox"}'] >= 0
        assert rows['execgraph_decisions_not_redone{environment="sandbox"}'] == 0
        assert rows['execgraph_trading_halted{environment="sandbox"}'] == 0
        sent = [value for name, value in rows.items() if name.startswith("execgraph_orders_sent")]
        assert sum(sent) >= 1
        healthy = 'execgraph_book_healthy{environment="sandbox",venue="binance",symbol="BTC-USD"}'
        assert rows[healthy] == 1
        answer = await world.go("GET", "/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert (await world.go("GET", "/metrics", key="")).status == 401

    with_rest(test)


def test_labels_are_escaped() -> None:
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'
