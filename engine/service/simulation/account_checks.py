"""The exchanges' own books: balances, holds and positions follow from orders and fills alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.model.instruments import Environment, InstrumentType
from engine.model.units import QTY_SCALE, Side, notional_1e9, price_1e9, qty_1e8
from engine.service.simulation.evidence import Evidence
from engine.service.simulation.swarm import CLIENTS
from engine.service.simulation.world import SimulatedWorld
from venues.simulated.account import SEED_BALANCE_1E9
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.orders import ClientOrder

__all__ = ["orders_of", "wrong_balances", "wrong_holds", "wrong_reservations"]

QTY_TO_AMOUNT = 10


def orders_of(exchange: SimulatedExchange) -> Iterator[ClientOrder]:
    """Every order of ours that an exchange remembers."""
    yield from exchange.memory.open.values()
    yield from exchange.memory.closed.values()


def wrong_reservations(run: SimulatedWorld, evidence: Evidence) -> Iterator[str]:
    """Risk holds at least what is open at venues, and never less than nothing.

    Money of a grant is held in proportion to what of it may still fill; rounding may cost one
    unit an order.
    """
    needed: Counter[str] = Counter()
    for exchange in run.exchanges.values():
        for order in exchange.memory.open.values():
            wish = evidence.intended.get(order.client_id)
            grant = run.grants.get(wish.grant_id) if wish is not None else None
            if grant is not None:
                share = grant.notional_1e9 * order.left_1e8 // grant.qty_1e8
                needed[grant.intent.client_id] += share - 1
    for client in CLIENTS:
        reserved = run.world.ledger.reserved_1e9(client, Environment.SANDBOX)
        if reserved < max(0, needed[client]):
            yield f"{client} has {reserved} reserved while orders for {needed[client]} are open"


def wrong_holds(run: SimulatedWorld) -> Iterator[str]:
    """What an account holds back is what its open orders need."""
    for venue, exchange in run.exchanges.items():
        held: Counter[str] = Counter()
        for order in exchange.memory.open.values():
            if order.held is not None:
                held[order.held[0]] += order.held[1]
        kept = {asset: amount for asset, amount in exchange.account.held.items() if amount}
        if kept != {asset: amount for asset, amount in held.items() if amount}:
            yield f"{venue} holds {kept}, its open orders need {dict(held)}"


def wrong_balances(run: SimulatedWorld) -> Iterator[str]:
    """Every balance is the first one plus what the fills moved; every position is their sum."""
    for venue, exchange in run.exchanges.items():
        moved: Counter[str] = Counter()
        for listing in exchange.listings.values():
            moved[listing.instrument.quote] = SEED_BALANCE_1E9
        held: Counter[str] = Counter()
        rows: Counter[str] = Counter()
        traded: Counter[str] = Counter()
        for order in orders_of(exchange):
            listing = order.listing
            for row in order.fills:
                price, qty = price_1e9(row.px), qty_1e8(row.qty)
                sign = order.side.sign
                moved[row.fee_asset] -= price_1e9(row.fee)
                moved[listing.instrument.quote] -= sign * notional_1e9(price, qty)
                held[listing.venue_symbol] += sign * qty
                rows[listing.venue_symbol] += 1
                traded[listing.venue_symbol] += qty
                if listing.instrument.type is not InstrumentType.PERP:
                    moved[listing.instrument.base] += sign * qty * QTY_TO_AMOUNT
        rounding = 0
        for symbol, qty in held.items():
            position = exchange.account.position(symbol)
            if position.qty_1e8 != qty:
                yield f"{venue} says {position.qty_1e8} {symbol}, its fills {qty}"
            listing = exchange.listings[symbol]
            if listing.instrument.type is InstrumentType.PERP:
                # Bought on margin: what stands open at its entry has moved no money yet.
                moved[listing.instrument.quote] += open_money(position.entry_1e9, qty)
                # Each fill rounds the entry, and with it the money of all that is held.
                rounding += rows[symbol] * (2 + traded[symbol] // QTY_SCALE)
        for asset, amount in moved.items():
            balance = exchange.account.balance(asset)
            if abs(balance - amount) > rounding:
                yield f"{venue} has {balance} {asset}, its fills make it {amount}"


def open_money(entry_1e9: int, qty_1e8: int) -> int:
    """Signed money of a position at its entry."""
    side = Side.BUY if qty_1e8 >= 0 else Side.SELL
    return side.sign * notional_1e9(entry_1e9, abs(qty_1e8))
