"""The forecast in a review: what was said, what it came to, or why there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.intelligence.forecast import MODEL_VERSION
from engine.model.graph import NodeStatus
from engine.model.instruments import Environment
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.forecast_log import EndedRow, ForecastRow, OrderKey
from engine.service.intelligence.order_forecast import Said, order_forecast
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board

KEY = OrderKey("local", Environment.SANDBOX, "graph:a:order:1")
ENDED = EndedRow(
    order=KEY,
    ended_ns=9,
    made_ns=5,
    mid_x2=800_000_000,
    median_bps=10.0,
    p90_bps=12.0,
    model_version="calibrated-1",
    sample_size=61,
    realised_bps=11.0,
)
OPEN = ForecastRow(
    order=KEY,
    made_ns=5,
    symbol="ETH-USD",
    bucket="tight/sor/small/medium",
    mid_x2=800_000_000,
    sign=1,
    qty_1e8=ETH,
    base_bps=10.0,
    spread_bps=1.0,
    median_bps=10.0,
    p90_bps=12.0,
    walk_bps=9.0,
    law_bps=None,
    unit_bps=1.0,
    latency_ns=1,
    model_version="prior-2",
    sample_size=0,
)


def with_facts(check: Callable[[OrderFacts, OrderFacts], None]) -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        node = {
            "node_id": "order",
            "instrument": {"symbol": "btc-above-70k-year-end", "type": "prediction"},
            "side": "buy",
            "quantity": {"fixed": {"qty_1e8": 10 * ETH}},
        }
        run = await engine.submit({"graph_id": "e", "nodes": [node], "edges": []})
        await run.done(timeout_s=30)
        check(facts_of(engine, await ended(engine, "a")), facts_of(engine, "e:order:1"))

    with_board(work, events=True)


def test_what_was_said_and_what_it_came_to() -> None:
    def check(coins: OrderFacts, event: OrderFacts) -> None:
        missing: list[str] = []
        found = order_forecast(coins, Said(ended=ENDED), missing)
        assert found is not None and missing == []
        assert (found.p50_cost_bps, found.p90_cost_bps, found.realised_cost_bps) == (10, 12, 11)
        assert (found.within_p90, found.counted, found.reason) == (True, True, "")
        assert (found.model_version, found.sample_size, found.mid) == ("calibrated-1", 61, 0.4)
        assert found.p50_cost_cents is None
        # Where none of its kind was scored the prior said it, whatever others had taught.
        cold = order_forecast(coins, Said(ended=structs.replace(ENDED, sample_size=0)), missing)
        assert cold is not None and cold.model_version == MODEL_VERSION
        dear = structs.replace(ENDED, realised_bps=12.5, why="degenerate: near")
        over = order_forecast(coins, Said(ended=dear), missing)
        assert over is not None
        assert (over.within_p90, over.counted, over.reason) == (False, False, "degenerate: near")
        # Of an event contract in cents too, which are the same on both of its sides.
        yes = order_forecast(event, Said(ended=ENDED), missing)
        no = order_forecast(event, Said(ended=ENDED), missing, mirrored=True)
        assert yes is not None and no is not None
        assert yes.p90_cost_cents == pytest.approx(12.0 * 0.4 * 1e-2)
        assert no.p90_cost_cents == pytest.approx(yes.p90_cost_cents)
        assert no.realised_cost_cents == pytest.approx(yes.realised_cost_cents)
        assert (no.mid, no.within_p90) == (0.6, True)
        assert no.p90_cost_bps == pytest.approx(12.0 * 0.4 / 0.6)

    with_facts(check)


def test_what_is_not_known_says_why() -> None:
    def check(coins: OrderFacts, _: OrderFacts) -> None:
        missing: list[str] = []
        waits = order_forecast(coins, Said(open=OPEN), missing)
        assert waits is not None and missing == []
        assert (waits.realised_cost_bps, waits.within_p90, waits.counted) == (None, None, False)
        assert waits.reason.startswith("its end was not seen")
        row = structs.replace(coins.row, status=NodeStatus.EXECUTING)
        working = order_forecast(structs.replace(coins, row=row), Said(open=OPEN), missing)
        assert working is not None and working.reason == "the order still works"
        paced = EndedRow(order=KEY, ended_ns=1, why="a paced order has no closed form")
        assert order_forecast(coins, Said(ended=paced), missing) is None
        assert order_forecast(coins, Said(), missing) is None
        assert missing[0] == "forecast: a paced order has no closed form"
        assert missing[1].startswith("forecast: none is kept: a busy engine forecasts a sample")

    with_facts(check)
