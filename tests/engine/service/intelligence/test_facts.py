"""What is recorded of an order: arrival, fills, children, its end."""

from __future__ import annotations

from engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import order_row
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board


def test_an_order_is_read_with_everything_of_it() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", "sell", 20))
        assert facts.terminal and facts.ended_ns is not None
        assert facts.started_ns <= facts.ended_ns
        assert facts.filled_1e8 == 20 * ETH == sum(one.filled_qty_1e8 for one in facts.children)
        assert facts.arrival_basis == "activation"
        assert facts.arrival_x2 == facts.memory.baseline_x2 != 0
        assert facts.average_1e9 == facts.row.avg_fill_price_1e9
        assert facts.expected_fee_bps is not None
        done = facts.execution(lambda _: 5)
        assert (done.sign, done.left_1e8, done.end_x2) == (-1, 0, 5)
        assert [one.qty_1e8 for one in facts.prints()] == [one.qty_1e8 for one in facts.fills]

    with_board(work)


def test_a_paced_order_arrived_when_it_was_accepted() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        pacing = {"uniform": {"num_slices": 2, "interval_ms": 30}}
        order_id = await ended(engine, "t", qty=2, execution={"pacing": pacing})
        facts = facts_of(engine, order_id)
        assert facts.arrival_basis == "acceptance"
        assert facts.arrival_x2 == facts.stored.accepted.arrival_mids_x2[0]

    with_board(work)


def test_another_clients_order_has_no_row() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        order_id = await ended(engine, "a")
        assert order_row(engine.queries, "another", engine.environment, order_id) is None
        assert order_row(engine.queries, "local", engine.environment, order_id) is not None

    with_board(work)
