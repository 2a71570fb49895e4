"""What must hold of every run, seen from outside: the exchanges' own memory against the journal.

Each checker yields sentences about what is wrong; none is the good answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from actors.router import RouterActor
from actors.venue_trade import VenueTradeActor
from engine.model.graph import NodeStatus
from engine.model.instruments import Environment
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    NodeChanged,
)
from engine.model.units import Side, price_1e9, qty_1e8
from tests.simulation.world import SimulatedWorld
from venues.simulated.orders import ClientOrder

__all__ = ["faults_at_end", "faults_on_the_way"]

Executions = dict[str, Counter[tuple[str, int, int]]]
EXPLAINED = {
    # The watch was met, or the client cancelled, while the node or graph was ending.
    ("node", "LiquidityAppeared"),
    ("node", "CancelNode"),
    ("graph", "CancelGraph"),
    # A venue repeated itself after it had proven the end; the exact fills are checked apart.
    ("node", "ChildReport"),
    # `tell` by id, to the same nodes, once they are gone.
    ("?", "LiquidityAppeared"),
    # The node's own timers, due in the very moment in which it ended.
    ("node", "ReplyCheck"),
    ("node", "PolicyWake"),
}


def faults_on_the_way(run: SimulatedWorld) -> Iterator[str]:
    """What must hold at any moment."""
    if run.system.halted is not None:
        yield f"the system halted: {run.system.halted}"
    real, told = executions_at_venues(run), executions_in_journal(run)
    for order_id, fills in told.items():
        invented = fills - real.get(order_id, Counter())
        if invented:
            yield f"{order_id}: journalled fills that never happened: {dict(invented)}"
    yield from unintended_orders(run)
    for client in ("alice", "bob"):
        reserved = run.world.ledger.reserved_1e9(client, Environment.SANDBOX)
        if reserved < 0:
            yield f"{client} has a negative reservation of {reserved}"


def faults_at_end(run: SimulatedWorld) -> Iterator[str]:
    """What must hold once the lines are honest and everything has ended."""
    yield from faults_on_the_way(run)
    active = run.active_graphs()
    if active:
        yield f"graphs have not ended: {active}"
    real, told = executions_at_venues(run), executions_in_journal(run)
    for order_id, fills in real.items():
        missed = fills - told.get(order_id, Counter())
        if missed:
            yield f"{order_id}: fills that the journal lacks: {dict(missed)}"
    for venue, exchange in run.exchanges.items():
        if exchange.memory.open:
            yield f"{venue} still holds open orders: {list(exchange.memory.open)}"
        held = {asset: amount for asset, amount in exchange.account.held.items() if amount}
        if held:
            yield f"{venue} still holds balances: {held}"
    if len(run.durable) != len(run.entries):
        yield f"{len(run.entries) - len(run.durable)} entries never became durable"
    if [entry.seq for entry in run.durable] != list(range(1, len(run.durable) + 1)):
        yield "the journal's sequence has gaps"
    if run.world.switch.halted:
        yield f"trading is still halted: {run.world.switch.reason}"
    ledger = run.world.ledger
    if ledger.open_grants:
        yield f"{ledger.open_grants} grants outlive their nodes"
    yield from wrong_nodes(run)
    yield from unexplained_letters(run)
    yield from leftovers(run)
    yield from wrong_books(run)


def executions_at_venues(run: SimulatedWorld) -> Executions:
    """(fill id, quantity, price) of each of our orders, as the exchanges remember them."""
    found: Executions = {}
    for order in orders_at_venues(run):
        venue, symbol = order.listing.venue, order.listing.venue_symbol
        found[order.client_id] = Counter(
            (f"{venue}:{symbol}:{row.trade}", qty_1e8(row.qty), price_1e9(row.px))
            for row in order.fills
        )
    return found


def orders_at_venues(run: SimulatedWorld) -> Iterator[ClientOrder]:
    for exchange in run.exchanges.values():
        yield from exchange.memory.open.values()
        yield from exchange.memory.closed.values()


def executions_in_journal(run: SimulatedWorld) -> Executions:
    found: Executions = defaultdict(Counter)
    for entry in run.entries:
        fill = entry.payload
        if isinstance(fill, FillRecord):
            found[fill.client_order_id][fill.fill_id, fill.qty_1e8, fill.price_1e9] += 1
    return found


def unintended_orders(run: SimulatedWorld) -> Iterator[str]:
    """Every order at an exchange was journalled before, as it is there."""
    intended: dict[str, ChildIntent] = {}
    for entry in run.entries:
        if isinstance(entry.payload, ChildrenIntended):
            for child in entry.payload.children:
                if child.client_order_id in intended:
                    yield f"{child.client_order_id} was intended twice"
                intended[child.client_order_id] = child
    for order in orders_at_venues(run):
        wish = intended.get(order.client_id)
        if wish is None:
            yield f"{order.client_id} is at {order.listing.venue} and was never intended"
        elif (wish.venue, wish.side, wish.qty_1e8, wish.limit_price_1e9, wish.tif) != (
            order.listing.venue,
            order.side,
            order.qty_1e8,
            order.limit_1e9,
            order.tif,
        ):
            yield f"{order.client_id} differs from its intent"


def wrong_nodes(run: SimulatedWorld) -> Iterator[str]:
    """Each node's last state against its fills and its target."""
    fills: Counter[str] = Counter()
    money: Counter[str] = Counter()
    fees: Counter[str] = Counter()
    last: dict[str, NodeChanged] = {}
    targets: dict[str, int] = {}
    ends: Counter[str] = Counter()
    for entry in run.entries:
        payload = entry.payload
        if isinstance(payload, FillRecord):
            fills[payload.node_order_id] += payload.qty_1e8
            money[payload.node_order_id] += payload.qty_1e8 * payload.price_1e9
            fees[payload.node_order_id] += payload.fee_1e9
        elif isinstance(payload, NodeChanged):
            last[payload.node_order_id] = payload
            targets.setdefault(payload.node_order_id, payload.target_qty_1e8)
        elif isinstance(payload, GraphChanged):
            ends[entry.graph_id] += 1
        elif isinstance(payload, GraphAccepted):
            ends[entry.graph_id] += 0
    for graph_id, count in ends.items():
        if count != 1:
            yield f"{graph_id} ended {count} times"
    for name, node in last.items():
        if node.filled_qty_1e8 != fills[name]:
            yield f"{name} says {node.filled_qty_1e8} filled, its fills {fills[name]}"
        if int(node.price_times_qty) != money[name] or node.fees_1e9 != fees[name]:
            yield f"{name}: money or fees differ from its fills"
        if fills[name] > targets[name]:
            yield f"{name} filled {fills[name]} of {targets[name]}"
        if not node.status.terminal:
            yield f"{name} is still {node.status}"
        if (node.status is NodeStatus.FILLED) != (fills[name] == targets[name]):
            yield f"{name} is {node.status} with {fills[name]} of {targets[name]}"
        if node.working_qty_1e8 or node.unknown_qty_1e8:
            yield f"{name} ended with quantity working or unknown"
    for name in fills:
        if name not in last:
            yield f"fills of {name}, which has no state"


def unexplained_letters(run: SimulatedWorld) -> Iterator[str]:
    """Messages that reached nobody, and failures."""
    for (actor, message), count in run.system.dead_letters.items():
        if (actor, message) not in EXPLAINED and actor != "(ask)":
            reasons = {one.reason for one in run.system.dead_ring if one.message == message}
            yield f"{count} dead {message} to {actor}: {sorted(reasons)[:3]}"
    if run.system.meters.failures:
        yield f"{run.system.meters.failures} handlers failed"


def leftovers(run: SimulatedWorld) -> Iterator[str]:
    """Watches, takes and owners that nobody needs any more."""
    for symbol, ref in run.world.routers.items():
        router = run.system.actor_of(ref)
        assert isinstance(router, RouterActor)
        if len(router.watches):
            yield f"{len(router.watches)} watches are left at the router of {symbol}"
        unsettled = [key for key, one in router.splitter.takes.takes.items() if one.settled_ns < 0]
        if unsettled:
            yield f"takes were never settled: {unsettled}"
    for venue, ref in run.world.trades.items():
        trade = run.system.actor_of(ref)
        assert isinstance(trade, VenueTradeActor)
        if trade.owners:
            yield f"the order session of {venue} still knows {list(trade.owners)}"
    names = Counter(ref.name for ref in run.system.refs.values())
    if names["node"] or names["graph"]:
        yield f"{names['node']} nodes and {names['graph']} graphs are left"


def wrong_books(run: SimulatedWorld) -> Iterator[str]:
    """After the lines are honest again, each book is the exchange's."""
    for draw in run.swarm.venues:
        for listing in draw.listings:
            book = run.exchanges[draw.name].books[listing.venue_symbol].book
            slot = run.world.markets[listing.instrument.symbol].slots[listing.venue_index]
            assert slot is not None
            if not slot.healthy:
                yield f"the book of {listing.venue_symbol} on {draw.name} never recovered"
                continue
            for side in (0, 1):
                if list(slot.levels(side, 64)) != list(book.depth(Side(side), 64)):
                    yield f"{listing.venue_symbol} on {draw.name} differs on side {side}"
