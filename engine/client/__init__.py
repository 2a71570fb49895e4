"""The client of the REST facade: `Client` blocks, `AsyncClient` awaits, both answer typed structs.

from engine.client import Client

with Client("seq_test_...", "http://127.0.0.1:8080") as client:
    order = client.buy("BTC-USD", "0.1", limit_price=64_000)
    client.cancel(order.node_order_id())
"""

from __future__ import annotations

from engine.client.async_client import AsyncClient
from engine.client.client import Client
from engine.client.errors import ClientError
from engine.client.graphs import edge, node
from engine.client.stream import StreamEvent

__all__ = ["AsyncClient", "Client", "ClientError", "StreamEvent", "edge", "node"]
