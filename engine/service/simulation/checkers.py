"""What must hold of every run, seen from outside: the exchanges' own memory against the journal.

Each check yields sentences about what is wrong; none is the good answer.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from actors.router import RouterActor
from actors.venue_trade import VenueTradeActor
from engine.errors import Reason
from engine.messages import CommandAnswer, SubmitAnswer
from engine.model.graph import NodeStatus
from engine.model.records import ChildrenIntended
from engine.model.units import Side, price_1e9, qty_1e8
from engine.service.simulation.account_checks import (
    orders_of,
    wrong_balances,
    wrong_holds,
    wrong_reservations,
)
from engine.service.simulation.edge_checks import EdgeChecks
from engine.service.simulation.evidence import Evidence
from engine.service.simulation.world import SimulatedWorld
from venues.simulated.orders import ClientOrder

__all__ = ["Checkers"]

EXPLAINED = {
    # The watch was met, or the client cancelled, while the node or graph was ending.
    ("node", "LiquidityAppeared"),
    ("node", "CancelNode"),
    ("graph", "GraphCommand"),
    # Told to a node that had ended before a restart, whose place its graph holds.
    ("graph", "UpstreamChanged"),
    ("graph", "ShareChanged"),
    # Commands and facts that crossed the node's end; what it filled is checked apart.
    ("node", "UpstreamChanged"),
    ("node", "KillNode"),
    ("node", "PauseNode"),
    ("node", "ResumeNode"),
    ("node", "AmendNode"),
    ("node", "ShareChanged"),
    ("node", "PriceReached"),
    ("?", "PriceReached"),
    # A venue repeated itself after it had proven the end; the exact fills are checked apart.
    ("node", "ChildReport"),
    # `tell` by id, to the same nodes, once they are gone.
    ("?", "LiquidityAppeared"),
    # The node's own timers, due in the very moment in which it ended.
    ("node", "ReplyCheck"),
    ("node", "PolicyWake"),
    ("node", "EdgeDue"),
    ("node", "RetryDue"),
}


class Checkers:
    """All checks of one run; the journal is read once, each entry as it comes."""

    def __init__(self, run: SimulatedWorld) -> None:
        self.run = run
        self.listings = [one for venue in run.swarm.venues for one in venue.listings]
        self.evidence = self.fresh_evidence()
        self.edges = EdgeChecks(self.listings)
        self.met: dict[str, None] = {}
        self.life = len(run.lives)
        self.seen_at_crash: list[str] = []
        run.crashed, run.restarting = self.see_crash, self.start_anew

    def fresh_evidence(self) -> Evidence:
        return Evidence(self.run.grants, self.run.clients.loosened, self.run.lives)

    def see_crash(self) -> None:
        """Read what the engine had recorded, before a part of it is lost."""
        self.seen_at_crash.extend(self.new_entries())

    def start_anew(self) -> None:
        """Read the journal again as the crash has left it.

        Orders whose intents were lost stay known, and count as sent where a venue has them.
        """
        self.life += 1
        lost = self.evidence.intended
        self.evidence, self.edges = self.fresh_evidence(), EdgeChecks(self.listings)
        for entry in self.run.durable:
            for reader in (self.evidence, self.edges):
                # What is wrong with these entries was said when they were new.
                deque(reader.take(entry), maxlen=0)
        for name, wish in lost.items():
            if name not in self.evidence.intended:
                self.evidence.intended[name] = wish
                if self.find(name) is not None:
                    self.edges.adopt(wish.graph_id, wish.node_id, wish.child)

    def on_the_way(self) -> Iterator[str]:
        """What must hold at any moment."""
        run = self.run
        if run.system.halted is not None:
            yield f"the system halted: {run.system.halted}"
        yield from self.seen_at_crash
        if not run.down:
            yield from self.new_entries()
        yield from self.new_orders()
        if self.life == 1 and not run.down:
            # After a crash exposure is known again only once the venues have spoken.
            yield from wrong_reservations(run, self.evidence)
        yield from wrong_holds(run)

    def at_end(self) -> Iterator[str]:
        """What must hold once the lines are honest and everything has ended."""
        run = self.run
        yield from self.on_the_way()
        active = run.active_graphs()
        if active:
            yield f"graphs have not ended: {active}"
        yield from missed_fills(run, self.evidence)
        for venue, exchange in run.exchanges.items():
            if exchange.memory.open:
                yield f"{venue} still holds open orders: {list(exchange.memory.open)}"
        if len(run.durable) != len(run.entries):
            yield f"{len(run.entries) - len(run.durable)} entries never became durable"
        if [entry.seq for entry in run.durable] != list(range(1, len(run.durable) + 1)):
            yield "the journal's sequence has gaps"
        if run.world.switch.halted:
            yield f"trading is still halted: {run.world.switch.reason}"
        ledger = run.world.ledger
        if ledger.open_grants:
            yield f"{ledger.open_grants} grants outlive their nodes"
        yield from wrong_balances(run)
        yield from self.edges.at_end()
        yield from broken_promises(run, self.evidence)
        yield from wrong_nodes(run, self.evidence)
        yield from unexplained_letters(run)
        yield from leftovers(run)
        yield from wrong_books(run)

    def new_entries(self) -> Iterator[str]:
        """The journal's entries since the last look; each fill happened at its venue, once."""
        evidence = self.evidence
        for entry in self.run.entries[evidence.read :]:
            yield from evidence.take(entry)
            yield from self.edges.take(entry)
        for name in list(evidence.news):
            real = executions(self.find(name))
            invented = evidence.told[name] - real
            if invented:
                yield f"{name}: journalled fills that never happened: {dict(invented)}"
        evidence.news.clear()

    def find(self, client_id: str) -> ClientOrder | None:
        """An order of ours, wherever it stands."""
        for exchange in self.run.exchanges.values():
            order = exchange.memory.get(client_id)
            if order is not None:
                return order
        return None

    def new_orders(self) -> Iterator[str]:
        """Every order at an exchange was journalled before, as it is there."""
        for exchange in self.run.exchanges.values():
            for order in orders_of(exchange):
                if order.client_id in self.met:
                    continue
                self.met[order.client_id] = None
                wish = self.evidence.intended.get(order.client_id)
                if wish is None:
                    yield f"{order.client_id} is at {order.listing.venue} and was never intended"
                    continue
                child = wish.child
                if order.rev:
                    # Amended before it was met; what it may be is judged by its reports.
                    continue
                if (child.venue, child.side, child.qty_1e8, child.limit_price_1e9, child.tif) != (
                    order.listing.venue,
                    order.side,
                    order.qty_1e8,
                    order.limit_1e9,
                    order.tif,
                ):
                    yield f"{order.client_id} differs from its intent"


def executions(order: ClientOrder | None) -> Counter[tuple[str, int, int]]:
    """(fill id, quantity, price) of an order, as its exchange remembers them."""
    if order is None:
        return Counter()
    venue, symbol = order.listing.venue, order.listing.venue_symbol
    return Counter(
        (f"{venue}:{symbol}:{row.trade}", qty_1e8(row.qty), price_1e9(row.px))
        for row in order.fills
    )


def missed_fills(run: SimulatedWorld, evidence: Evidence) -> Iterator[str]:
    """Fills of the exchanges that the journal lacks."""
    for exchange in run.exchanges.values():
        for order in orders_of(exchange):
            missed = executions(order) - evidence.told[order.client_id]
            if missed:
                yield f"{order.client_id}: fills that the journal lacks: {dict(missed)}"


def wrong_nodes(run: SimulatedWorld, evidence: Evidence) -> Iterator[str]:
    """Each node's last state against its fills and its target."""
    for graph_id in evidence.graphs:
        if evidence.ends[graph_id] != 1:
            yield f"{graph_id} ended {evidence.ends[graph_id]} times"
    for key, node in evidence.last.items():
        name, filled = " ".join(key), evidence.fills[key]
        if node.filled_qty_1e8 != filled:
            yield f"{name} says {node.filled_qty_1e8} filled, its fills {filled}"
        if int(node.price_times_qty) != evidence.money[key]:
            yield f"{name}: its money differs from its fills"
        if node.fees_1e9 != evidence.fees[key]:
            yield f"{name}: its fees differ from its fills"
        if filled > evidence.targets[key]:
            yield f"{name} filled {filled} of {evidence.targets[key]}"
        fixed = evidence.nodes[key][1].fixed_qty_1e8 if key in evidence.nodes else None
        if fixed is not None and key not in run.clients.amended and filled > fixed:
            yield f"{name} filled {filled}, asked for were {fixed}"
        if not node.status.terminal:
            yield f"{name} is still {node.status}"
        complete = 0 < filled == node.target_qty_1e8
        if (node.status is NodeStatus.FILLED) != complete:
            yield f"{name} is {node.status} with {filled} of {node.target_qty_1e8}"
        if node.working_qty_1e8 or node.unknown_qty_1e8:
            yield f"{name} ended with quantity working or unknown"
    for key in evidence.fills:
        if key not in evidence.last:
            yield f"fills of {key}, which has no state"


def broken_promises(run: SimulatedWorld, evidence: Evidence) -> Iterator[str]:
    """Whoever was told that a graph is accepted, or cancelled, has been told the truth."""
    for answer in run.clients.answers.values():
        told = answer.value
        if isinstance(told, SubmitAnswer) and told.reason is Reason.NONE:
            if told.graph_id not in evidence.graphs:
                yield f"{told.graph_id} was accepted, and the journal lacks it"
    if len(run.lives) > 1:
        # The record of a cancel may be lost.
        return
    sent: Counter[str] = Counter()
    for entry in run.entries:
        spare = evidence.spare.get((entry.graph_id, entry.node_id), False)
        if isinstance(entry.payload, ChildrenIntended) and not spare:
            sent[entry.graph_id] = entry.ts_ns
    for graph_id, at_ns, answer in run.clients.cancels:
        told = answer.value
        if isinstance(told, CommandAnswer) and told.reason is Reason.NONE:
            if sent[graph_id] > at_ns:
                yield f"{graph_id} has sent orders after its cancel was taken"


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
