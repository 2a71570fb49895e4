"""The asynchronous client: verbs as methods, pages, streams, an orderly end."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys

from engine.client import AsyncClient, account_verbs, market_verbs, trading_verbs
from engine.client.results import Submitted
from tests.support.http_stub import Answer, stub

SUBMITTED = {"graph_id": "g", "status": "active", "node_count": 1, "edge_count": 0}


def test_every_verb_is_a_method_with_its_own_words() -> None:
    for module in (market_verbs, trading_verbs, account_verbs):
        for name in module.__all__:
            method, build = getattr(AsyncClient, name), getattr(module, name)
            assert inspect.iscoroutinefunction(method)
            assert method.__doc__ == build.__doc__ and method.__doc__


def test_verbs_answer_typed_structs() -> None:
    async def main() -> Submitted:
        async with stub(Answer(200, SUBMITTED)) as server:
            async with AsyncClient("key", server.url) as client:
                assert "key" not in repr(client)
                answer = await client.buy("BTC-USD", "0.1", limit_price=64_000)
            assert server.asked[0].json["nodes"][0]["quantity"] == {"fixed": {"qty_1e8": 10**7}}
            return answer

    answer = asyncio.run(main())
    assert answer == Submitted(graph_id="g", status="active", node_count=1, edge_count=0)
    assert answer.node_order_id() == "graph:g:order:1"


def test_all_markets_are_walked_page_by_page() -> None:
    def page(*slugs: str, cursor: str | None) -> Answer:
        rows = [{"slug": slug, "question": "?"} for slug in slugs]
        more = cursor is not None
        body = {"markets": rows, "count": len(rows), "venue": "kalshi", "has_more": more}
        return Answer(200, {**body, "next_cursor": cursor})

    async def main() -> list[str]:
        async with stub(page("a", "b", cursor="c1"), page("c", cursor=None)) as server:
            async with AsyncClient("key", server.url) as client:
                found = [market.slug async for market in client.iter_markets("kalshi")]
            assert [one.target.rpartition("cursor=")[2] for one in server.asked][1] == "c1"
            assert all("venue=kalshi" in one.target for one in server.asked)
            return found

    assert asyncio.run(main()) == ["a", "b", "c"]


def test_it_brings_no_engine_along() -> None:
    code = "import engine.client, sys; print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "engine.client" in loaded
    heavy = ("engine.service", "engine.runtime", "engine.kernels", "actors", "venues", "numba")
    assert not [name for name in loaded if name.startswith(heavy)]
