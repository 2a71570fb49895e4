"""Answers about trading read what the facade writes, and pass over what is newer."""

from __future__ import annotations

import msgspec

from engine.client.results import FillPage, GraphState, KillState, Order, OrderPage, Submitted
from engine.service.order_views import FillView, OrderView

ORDER = OrderView(
    node_order_id="graph:g:a:1",
    client_id="c",
    graph_id="g",
    node_id="a",
    side="BUY",
    symbol="X",
    qty_1e8=2**62,
    filled_qty_1e8=1,
    working_qty_1e8=2,
    unknown_qty_1e8=3,
    avg_fill_price_1e9=4,
    fill_count=5,
    fees_1e9=6,
    status="RUNNING",
    node_status="executing",
    created_unix_ns=1_795_273_590_432_236_124,
    updated_unix_ns=1_795_273_590_432_236_125,
    failure_reason=None,
    seq=9,
)


def test_an_order_is_read_whole() -> None:
    order = msgspec.json.decode(msgspec.json.encode(ORDER), type=Order)
    assert msgspec.structs.asdict(order) == msgspec.structs.asdict(ORDER)


def test_every_field_of_a_fill_is_known() -> None:
    (fill,) = [one for one in msgspec.inspect.type_info(FillPage).fields if one.name == "fills"]
    item = fill.type.item_type  # type: ignore[union-attr]  # a tuple of rows
    assert {one.name for one in item.fields} == set(FillView.__struct_fields__)


def test_what_is_newer_is_passed_over() -> None:
    raw = b'{"orders":[],"total":0,"limit":5,"offset":0,"has_more":false,"tomorrow":{}}'
    page = msgspec.json.decode(raw, type=OrderPage)
    assert page.orders == () and page.next_cursor is None


def test_an_older_server_is_read_too() -> None:
    raw = b'{"graph_id":"g","status":"active","node_count":2,"edge_count":1}'
    assert msgspec.json.decode(raw, type=Submitted).node_order_id("spot") == "graph:g:spot:1"
    raw = b'{"graph_id":"g","client_id":"c","status":"active","nodes":{},"edges":{}}'
    assert msgspec.json.decode(raw, type=GraphState).residual_exposure_1e8 == {}
    assert msgspec.json.decode(b'{"active":true}', type=KillState).open_orders == ()
