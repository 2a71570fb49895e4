"""A batch at one venue: results item by item, and whether it left as one message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from engine import ConfigError, EngineConfig, ExecutionEngine, Reason
from engine.service.config import SandboxVenues
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.protocol import Batch, decode_request

T = TypeVar("T")
FAST = SandboxVenues(seed=3, latency_scale=0.1)
EVENT = "KXBTCZ-26DEC31-T70000"


def with_engine(work: Callable[[ExecutionEngine], Awaitable[T]]) -> T:
    async def main() -> T:
        async with ExecutionEngine(EngineConfig(venues=FAST)) as engine:
            await engine.ready()
            return await work(engine)

    return asyncio.run(main())


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(venue, requests) of every batch message that a venue has received."""
    found: list[tuple[str, int]] = []
    before = SimulatedExchange.on_request

    def listen(self: SimulatedExchange, session: int, payload: bytes, now_ns: int) -> Any:
        request = decode_request(payload)
        if isinstance(request, Batch):
            found.append((self.venue, len(request.requests)))
        return before(self, session, payload, now_ns)

    monkeypatch.setattr(SimulatedExchange, "on_request", listen)
    return found


async def arrived(batches: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """What the venues received, once there is any."""
    for _ in range(1_000):
        if batches:
            break
        await asyncio.sleep(0.005)
    return batches


def bid(price: float, symbol: str = EVENT, qty: int = 10) -> dict[str, Any]:
    return {"symbol": symbol, "side": "buy", "qty": qty, "price": price}


def test_submits_leave_in_one_message_where_the_venue_takes_it(
    batches: list[tuple[str, int]],
) -> None:
    async def work(engine: ExecutionEngine) -> None:
        receipt = await engine.batch("kalshi", [bid(0.05), bid(0.06), bid(0.07)])
        assert [one.reason for one in receipt.submits] == [Reason.NONE] * 3, receipt
        assert receipt.mode == "native_batch"
        assert await arrived(batches) == [("kalshi", 3)]
        names = [one.node_order_id for one in receipt.submits]
        assert len(set(names)) == 3
        again = await engine.batch("kalshi", [bid(0.08)], names)
        assert [one.reason for one in again.cancels] == [Reason.NONE] * 3
        assert again.mode == "serial"
        assert len(batches) == 1

    with_engine(work)


def test_a_venue_without_batches_is_served_one_by_one(batches: list[tuple[str, int]]) -> None:
    async def work(engine: ExecutionEngine) -> None:
        receipt = await engine.batch(
            "binance", [bid(2_200, "ETH-USD", 1), bid(2_201, "ETH-USD", 1)]
        )
        assert [one.reason for one in receipt.submits] == [Reason.NONE] * 2, receipt
        assert receipt.mode == "serial"
        assert batches == []

    with_engine(work)


def test_each_item_says_what_is_wrong_with_it(batches: list[tuple[str, int]]) -> None:
    async def work(engine: ExecutionEngine) -> None:
        receipt = await engine.batch(
            "kalshi",
            [bid(0.05), {"symbol": EVENT}, bid(0.06) | {"venue": "polymarket"}, bid(0.07)],
            ["graph:nobody:order:1", "nonsense"],
        )
        reasons = [one.reason for one in receipt.submits]
        assert reasons == [Reason.NONE, Reason.INVALID_GRAPH, Reason.BAD_VENUE, Reason.NONE]
        assert [one.reason for one in receipt.cancels] == [Reason.NOT_FOUND] * 2
        assert receipt.mode == "native_batch"
        assert await arrived(batches) == [("kalshi", 2)]
        with pytest.raises(ConfigError, match="no venue"):
            await engine.batch("nowhere", [bid(0.05)])
        with pytest.raises(ConfigError, match="1 to 100"):
            await engine.batch("kalshi")

    with_engine(work)


def test_what_our_own_risk_refuses_at_once_is_no_accepted_item() -> None:
    async def work(engine: ExecutionEngine) -> None:
        graph = {
            "graph_id": "known",
            "nodes": [
                {
                    "node_id": "order",
                    "instrument": {"symbol": EVENT, "type": "prediction"},
                    "side": "buy",
                    "order_type": {"limit": {"price_1e9": 50_000_000}},
                    "quantity": {"fixed": {"qty_1e8": 10**9}},
                }
            ],
        }
        items = [bid(0.98), bid(0.05), bid(0.05, qty=0), graph]
        receipt = await engine.batch("kalshi", items)
        far, good, nothing, named = receipt.submits
        assert (far.reason, far.node_order_id) == (Reason.PRICE_DEVIATION, "")
        assert "beyond the best price" in far.text
        assert good.reason is Reason.NONE and nothing.reason is not Reason.NONE
        assert named.node_order_id == "graph:known:order:1"
        assert len(await engine.orders()) == 2
        again = await engine.batch("kalshi", [graph])
        assert again.submits == (named,)

    with_engine(work)
