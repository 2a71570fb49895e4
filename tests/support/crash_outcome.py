"""What a run with drops came to, and what is wrong with it, seen from the venues' own memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from engine.model.instruments import Environment
from engine.model.orders import parse_client_order_id
from engine.model.records import FillRecord, GraphChanged, NodeChanged
from engine.model.units import Side, price_1e9, qty_1e8
from engine.store.journal import MEMORY, SqliteStore
from tests.support.crash_world import CLIENT, Life, Site

__all__ = ["Outcome", "outcome", "wrong"]

Level = tuple[str, Side, int]


class Outcome(msgspec.Struct, frozen=True):
    """(status, filled) of every node, and by node index what venues say it took at each price."""

    graph: str
    nodes: dict[str, tuple[str, int]]
    taken: dict[int, Counter[Level]]

    @property
    def filled(self) -> dict[str, int]:
        return {name: filled for name, (_, filled) in self.nodes.items()}


def outcome(life: Life, sites: Sequence[Site]) -> Outcome:
    """How the graph ended."""
    nodes: dict[str, tuple[str, int]] = {}
    graph = ""
    for entry in life.entries:
        payload = entry.payload
        if isinstance(payload, NodeChanged):
            nodes[entry.node_id] = (payload.status.value, payload.filled_qty_1e8)
        elif isinstance(payload, GraphChanged):
            graph = payload.status.value
    taken: dict[int, Counter[Level]] = {}
    for site in sites:
        for order in (*site.exchange.memory.closed.values(), *site.exchange.memory.open.values()):
            parsed = parse_client_order_id(order.client_id)
            assert parsed is not None, "every order is ours"
            for row in order.fills:
                level = (site.venue, order.side, price_1e9(row.px))
                taken.setdefault(parsed[2], Counter())[level] += qty_1e8(row.qty)
    return Outcome(graph, nodes, taken)


def wrong(life: Life, sites: Sequence[Site]) -> Iterator[str]:
    """Sentences about a finished run: the journal and the venues must say the same."""
    if life.system.halted:
        yield f"the engine halted: {life.system.halted}"
    if not life.ended:
        yield "the graph did not end"
    recorded: Counter[tuple[str, str, int, int]] = Counter()
    by_name: Counter[str] = Counter()
    last: dict[str, NodeChanged] = {}
    for entry in life.entries:
        payload = entry.payload
        if isinstance(payload, FillRecord):
            one = (payload.client_order_id, payload.fill_id, payload.qty_1e8, payload.price_1e9)
            recorded[one] += 1
            by_name[entry.node_id] += payload.qty_1e8
            if payload.node_order_id == "orphan":
                yield f"an orphan of {payload.qty_1e8}: {payload.client_order_id}"
        elif isinstance(payload, NodeChanged):
            last[entry.node_id] = payload
    happened: Counter[tuple[str, str, int, int]] = Counter()
    for site in sites:
        for order in (*site.exchange.memory.closed.values(), *site.exchange.memory.open.values()):
            for row in order.fills:
                fill_id = f"{site.venue}:{order.listing.venue_symbol}:{row.trade}"
                one = (order.client_id, fill_id, qty_1e8(row.qty), price_1e9(row.px))
                happened[one] += 1
        for name in site.exchange.memory.open:
            yield f"{name} is still open at {site.venue}"
    for one, count in (recorded - happened).items():
        yield f"recorded {count} times too often: {one}"
    for one, count in (happened - recorded).items():
        yield f"missing in the journal: {one}, {count} times"
    for name, changed in last.items():
        if changed.filled_qty_1e8 != by_name[name]:
            yield f"node {name} says {changed.filled_qty_1e8}, its fills {by_name[name]}"
    reserved = life.world.ledger.reserved_1e9(CLIENT, Environment.SANDBOX)
    if reserved:
        yield f"{reserved} of money is still reserved"
    yield from unreadable(life)


def unreadable(life: Life) -> Iterator[str]:
    """The whole journal, read as one, must give the rows that the last life would see."""
    store = SqliteStore(MEMORY)
    try:
        store.commit(life.entries)
    except Exception as error:  # noqa: BLE001  # any of them is the finding
        yield f"the journal cannot be read again: {error!r}"
    finally:
        store.close()
