"""The published client against a running server: what its cases share."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sequence_markets import Sequence, SequenceError

from engine.model.instruments import Environment
from engine.service.rest.service import RestService
from tests.support.rest_server import Served

__all__ = ["Case", "Cases", "Published", "has", "refused"]

WAIT_S = 20.0
STEP_S = 0.01


class Published:
    """The published client, unmodified, with every right, and means to wait for what it started.

    `spare` is another client's, for what would stand in the other cases' way.
    """

    def __init__(self, served: Served) -> None:
        self.served = served
        self.url = served.url
        self.keys = served.keys
        self.seq = Sequence(served.keys.admin, served.url, max_retries=1)
        self.spare = Sequence(served.keys.spare, served.url, max_retries=1)

    def ended(self, graph_id: str, status: str = "completed") -> dict[str, Any]:
        """The graph once it has that status; fails when it ends otherwise or not at all."""
        return self.until(
            lambda: self.seq.graph_status(graph_id), lambda graph: graph["status"] == status
        )

    def until(self, read: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        """What `read` gives, as soon as it is good."""
        end = time.monotonic() + WAIT_S
        while not good(found := read()):
            assert time.monotonic() < end, f"did not come about; last seen: {found}"
            time.sleep(STEP_S)
        return found

    def resting(self, symbol: str = "BTC-USD", qty: float = 0.5, price: float = 20_000) -> str:
        """The id of a buy order that rests far below the market."""
        graph_id = self.seq.buy(symbol, qty, limit_price=price)["graph_id"]
        order_id = f"graph:{graph_id}:order:1"
        self.until(lambda: self.seq.order(order_id), lambda row: row["working_qty_1e8"] > 0)
        return order_id

    def filled(self, symbol: str = "ETH-USD", qty: float = 1.0, side: str = "buy") -> str:
        """The id of a market order that has filled."""
        submit = self.seq.buy if side == "buy" else self.seq.sell
        graph_id = submit(symbol, qty)["graph_id"]
        self.ended(graph_id)
        return f"graph:{graph_id}:order:1"

    def post(self, path: str) -> Any:
        """A request that the published client has no verb for."""
        headers = {"Authorization": f"Bearer {self.keys.admin}"}
        request = urllib.request.Request(self.url + path, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
            return json.loads(answer.read())

    def minutes_later(self, minutes: int) -> None:
        """Show the market catalogue a clock that is ahead, for one look."""

        def tick(service: RestService) -> None:
            markets = service.desk.stacks[Environment.SANDBOX].markets
            clock = markets._clock_ns
            markets._clock_ns = lambda: clock() + minutes * 60 * 10**9
            try:
                markets.tick()
            finally:
                markets._clock_ns = clock

        self.served.on_loop(tick)

    def held(self, symbol: str, venue: str | None = None) -> int:
        """What all venues, or one, hold of an asset, in 1e-8."""
        rows = self.seq.positions_unified(include_closed=True)["positions"]
        return sum(
            row["qty_1e8"]
            for row in rows
            if row["instrument"]["symbol"] == symbol and venue in (None, row["venue"])
        )


Case = Callable[[Published], None]


class Cases(dict[str, Case]):
    """Cases by the method they are about; the decorated function's name tells which."""

    def case(self, function: Case) -> Case:
        """Enter a case."""
        assert function.__name__ not in self, f"two cases of {function.__name__}"
        self[function.__name__] = function
        return function


def refused(status: int, call: Callable[[], object]) -> str:
    """The message of the refusal that `call` meets, which has that status."""
    with pytest.raises(SequenceError) as caught:
        call()
    assert caught.value.status == status, caught.value
    assert caught.value.message, "a refusal says why"
    return str(caught.value.message)


def has(row: Mapping[str, object], *names: str) -> None:
    """The row has these keys."""
    missing = [name for name in names if name not in row]
    assert not missing, f"{missing} are not in {sorted(row)}"
