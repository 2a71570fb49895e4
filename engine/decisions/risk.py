"""Risk: the trading switch, pre-trade checks, and the ledger of grants that reserve exposure.

The ledger holds on send and releases on proof: a reservation ends only with a fill or with
evidence that the rest will never fill. `Grant` is made here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import quote_ns
from engine.errors import Reason
from engine.model.fees import fee_1e9
from engine.model.instruments import Environment, InstrumentType
from engine.model.orders import Grant, RouteIntent
from engine.model.risk import AccountLimits, KillScope, Limits
from engine.model.units import PRICE_SCALE, QTY_SCALE, Side, notional_1e9

__all__ = ["DENIED_FOR_GOOD", "Denial", "RiskLedger", "TradingSwitch"]


SCOPES_MAX = 10_000
# The same order would be refused again, whatever the time.
DENIED_FOR_GOOD = frozenset({Reason.NOTIONAL_LIMIT, Reason.POSITION_LIMIT, Reason.PRICE_DEVIATION})
# Looking an enum member up by its class costs a tenth of a microsecond each time.
BUY, PREDICTION = Side.BUY, InstrumentType.PREDICTION


class TradingSwitch:
    """Whether orders may leave. The risk actor writes it; every venue boundary reads it.

    Causes stand side by side, so that clearing one does not clear another: the kill switch of
    the desk, a journal that cannot be written, and narrower halts by scope and key. `halted` is
    the desk's, `scoped` says whether any narrower halt stands; both are cheap to read.
    """

    __slots__ = ("_halts", "halted", "journal_reason", "kill_reason", "killed", "reason", "scoped")

    def __init__(self) -> None:
        self.killed = False
        self.kill_reason = ""
        self.journal_reason = ""
        self.halted = False
        self.reason = ""
        self.scoped = False
        self._halts: dict[tuple[KillScope, str], str] = {}

    def kill(self, killed: bool, reason: str) -> None:
        """Engage or clear the kill switch of the desk."""
        self.killed = killed
        self.kill_reason = reason
        self._settle()

    def journal(self, writable: bool, reason: str) -> None:
        """The journal can or cannot be written."""
        self.journal_reason = "" if writable else reason
        self._settle()

    def engage(self, scope: KillScope, key: str, reason: str) -> None:
        """Halt a scope; where there is no room for one more, the whole desk."""
        if scope is KillScope.DESK:
            self.kill(True, reason)
        elif (scope, key) in self._halts or len(self._halts) < SCOPES_MAX:
            self._halts[scope, key] = reason
            self.scoped = True
        else:
            self.kill(True, f"more than {SCOPES_MAX} scopes are halted; {reason}")

    def clear(self, scope: KillScope, key: str) -> None:
        """End the halt of a scope; what is not halted stays as it is."""
        if scope is KillScope.DESK:
            self.kill(False, "")
            return
        self._halts.pop((scope, key), None)
        self.scoped = bool(self._halts)

    def blocks(self, client_id: str, venue: str | None, symbol: str, graph_id: str) -> str | None:
        """Why an order of these may not leave, None when it may. No venue: not pinned to one."""
        if self.halted:
            return self.reason
        if not self.scoped:
            return None
        for scope, key in (
            (KillScope.CLIENT, client_id),
            (KillScope.VENUE, venue),
            (KillScope.SYMBOL, symbol),
            (KillScope.GRAPH, graph_id),
        ):
            reason = None if key is None else self._halts.get((scope, key))
            if reason is not None:
                return f"{scope.value} {key}: {reason}"
        return None

    def _settle(self) -> None:
        self.halted = self.killed or bool(self.journal_reason)
        self.reason = self.kill_reason if self.killed else self.journal_reason


class Denial(msgspec.Struct, frozen=True, gc=False):
    """A refusal as a value: code and sentence."""

    reason: Reason
    text: str


class _Account(msgspec.Struct, gc=False):
    """Open reservations of one client in one environment."""

    key: tuple[str, Environment]
    reserved_1e9: int = 0
    grants: int = 0


class _Position(msgspec.Struct, gc=False):
    """One account in one instrument: signed net of its fills, and what is out on each side."""

    net_1e8: int = 0
    buying_1e8: int = 0
    selling_1e8: int = 0


class _Open(msgspec.Struct, gc=False):
    """What is reserved under one grant."""

    account: _Account
    position: _Position
    side: Side
    qty_1e8: int
    notional_1e9: int


class RiskLedger:
    """Pre-trade checks and reservations. Bounded by the orders that may be in flight.

    Positions are kept by account and instrument, so by the clients and instruments configured.
    """

    __slots__ = (
        "_accounts",
        "_limits",
        "_markets",
        "_max_open",
        "_next_id",
        "_open",
        "_positions",
        "switch",
    )

    def __init__(
        self,
        markets: Mapping[int, MarketBlock],
        account_limits: AccountLimits,
        limits: Limits,
        switch: TradingSwitch,
    ) -> None:
        self._markets = markets
        self._limits = account_limits
        self._max_open = limits.orders_in_flight_max
        self._accounts: dict[tuple[str, Environment], _Account] = {}
        self._positions: dict[tuple[str, Environment, int], _Position] = {}
        self._open: dict[int, _Open] = {}
        self._next_id = 0
        self.switch = switch

    @property
    def open_grants(self) -> int:
        return len(self._open)

    def reserved_1e9(self, client_id: str, environment: Environment) -> int:
        """Money reserved by the account's open grants."""
        account = self._accounts.get((client_id, environment))
        return account.reserved_1e9 if account else 0

    def position_1e8(self, client_id: str, environment: Environment, router_id: int) -> int:
        """Signed net of the account's fills in one instrument, in its own units."""
        position = self._positions.get((client_id, environment, router_id))
        return position.net_1e8 if position else 0

    def restore_position(
        self, client_id: str, environment: Environment, router_id: int, net_1e8: int
    ) -> None:
        """At a start: what the account's recorded fills add up to in one instrument."""
        position = _Position(net_1e8)
        self._positions[client_id, environment, router_id] = position

    def authorise(self, intent: RouteIntent, now_ns: int) -> Grant | Denial:
        """A grant that holds the intent's exposure, or the first check that it fails."""
        market = self._markets[intent.router_id]
        switch = self.switch
        if switch.halted:
            return Denial(Reason.KILL_SWITCH, f"trading is halted: {switch.reason}")
        if switch.scoped:
            symbol = market.instrument.symbol
            why = switch.blocks(intent.client_id, intent.venue, symbol, intent.graph_id)
            if why is not None:
                return Denial(Reason.KILL_SWITCH, f"trading is halted: {why}")
        if len(self._open) >= self._max_open:
            return Denial(Reason.ENGINE_BUSY, "too many orders are in flight; try again")
        if intent.qty_1e8 <= 0:
            return Denial(Reason.BAD_QUANTITY, "quantity must be positive")
        touch = market.best(1 - intent.side) or 0
        notional = _held_1e9(market, intent, touch)
        account = self._accounts.get((intent.client_id, intent.environment))
        reserved = account.reserved_1e9 if account is not None else 0
        denial = self._denial(intent, touch, market, notional, reserved, now_ns)
        if denial is not None:
            return denial
        self._next_id += 1
        self._hold(
            self._next_id,
            intent.client_id,
            intent.environment,
            intent.router_id,
            intent.side,
            intent.qty_1e8,
            notional,
        )
        return Grant(self._next_id, intent, intent.qty_1e8, intent.worst_price_1e9, notional)

    def refusal(self, intent: RouteIntent, replaced: Iterable[int], now_ns: int) -> Denial | None:
        """Why `authorise` would refuse this for good, once what `replaced` grants hold is free.

        Nothing is held. What passes with time (the switch, a silent book) is not looked at.
        """
        market = self._markets[intent.router_id]
        touch = market.best(1 - intent.side) or 0
        notional = _held_1e9(market, intent, touch)
        free = [held for one in replaced if (held := self._open.get(one)) is not None]
        reserved = self.reserved_1e9(intent.client_id, intent.environment)
        reserved -= sum([held.notional_1e9 for held in free])
        less = sum([held.qty_1e8 for held in free])
        denial = self._denial(intent, touch, market, notional, reserved, now_ns, less)
        return denial if denial is not None and denial.reason in DENIED_FOR_GOOD else None

    def reserve_open(
        self,
        grant_id: int,
        client_id: str,
        environment: Environment,
        router_id: int,
        side: Side,
        qty_1e8: int,
        price_1e9: int,
    ) -> None:
        """Hold what a child of an earlier run may still fill; children of one grant add up.

        New grants are numbered above, so that no proof is booked to another's grant.
        """
        money = notional_1e9(price_1e9, qty_1e8)
        self._next_id = max(self._next_id, grant_id)
        held = self._open.get(grant_id)
        if held is None:
            self._hold(grant_id, client_id, environment, router_id, side, qty_1e8, money)
            return
        held.qty_1e8 += qty_1e8
        held.notional_1e9 += money
        held.account.reserved_1e9 += money
        _out(held.position, side, qty_1e8)

    def settle(self, grant_id: int, filled_qty_1e8: int, released_qty_1e8: int) -> None:
        """Proof about a grant: this much filled or will never fill; the hold shrinks by it."""
        held = self._open.get(grant_id)
        if held is None:
            return
        # A venue's excess is booked as well: the position is what was traded, not what was asked.
        position = held.position
        position.net_1e8 += filled_qty_1e8 if held.side is BUY else -filled_qty_1e8
        done = min(filled_qty_1e8 + released_qty_1e8, held.qty_1e8)
        part = held.notional_1e9 * done // held.qty_1e8
        held.qty_1e8 -= done
        held.notional_1e9 -= part
        _out(position, held.side, -done)
        account = held.account
        account.reserved_1e9 -= part
        if held.qty_1e8 == 0:
            del self._open[grant_id]
            account.grants -= 1
            if account.grants == 0:
                assert account.reserved_1e9 == 0, "no reservation outlives its grant"
                del self._accounts[account.key]

    def _hold(
        self,
        grant_id: int,
        client_id: str,
        environment: Environment,
        router_id: int,
        side: Side,
        qty_1e8: int,
        money_1e9: int,
    ) -> None:
        key = (client_id, environment)
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account(key)
        place = (client_id, environment, router_id)
        position = self._positions.get(place)
        if position is None:
            position = self._positions[place] = _Position()
        account.reserved_1e9 += money_1e9
        account.grants += 1
        _out(position, side, qty_1e8)
        self._open[grant_id] = _Open(account, position, side, qty_1e8, money_1e9)

    def _position_denial(self, intent: RouteIntent, cap: Decimal, less: int) -> Denial | None:
        """Whether the position would pass `cap` with all but `less` that is out here filled."""
        place = (intent.client_id, intent.environment, intent.router_id)
        position = self._positions.get(place) or _Position()
        if intent.side is Side.BUY:
            reach = position.net_1e8 + position.buying_1e8 + intent.qty_1e8 - less
        else:
            reach = position.selling_1e8 + intent.qty_1e8 - position.net_1e8 - less
        if reach <= cap * QTY_SCALE:
            return None
        return Denial(Reason.POSITION_LIMIT, f"the position might pass {cap}")

    def _denial(
        self,
        intent: RouteIntent,
        touch: int,
        market: MarketBlock,
        notional: int,
        reserved: int,
        now_ns: int,
        less_1e8: int = 0,
    ) -> Denial | None:
        limits = self._limits
        own = intent.limits
        cap = limits.order_notional_max_usd
        if cap is not None and notional > cap * PRICE_SCALE:
            return Denial(Reason.NOTIONAL_LIMIT, f"order notional is above {cap} USD")
        if own is not None and own.max_order_notional_usd is not None:
            if notional > own.max_order_notional_usd * PRICE_SCALE:
                text = f"order notional is above {own.max_order_notional_usd} USD"
                return Denial(Reason.NOTIONAL_LIMIT, text)
        if own is not None and own.max_position_qty is not None:
            denial = self._position_denial(intent, own.max_position_qty, less_1e8)
            if denial is not None:
                return denial
        cap = limits.open_notional_max_usd
        if cap is not None and reserved + notional > cap * PRICE_SCALE:
            return Denial(Reason.NOTIONAL_LIMIT, f"open notional would pass {cap} USD")
        deviation = limits.price_deviation_max_bps
        if own is not None and own.max_price_deviation_bps is not None:
            deviation = own.max_price_deviation_bps
        limit = intent.limit_price_1e9
        if limit is not None and deviation is not None and touch:
            beyond = (limit - touch) * intent.side.sign
            if beyond * 10_000 > deviation * touch:
                text = f"limit is more than {deviation} bps beyond the best price"
                return Denial(Reason.PRICE_DEVIATION, text)
        age_ms = limits.quote_age_max_ms
        if own is not None and own.max_quote_age_ms is not None:
            age_ms = own.max_quote_age_ms
        if age_ms is not None and touch:
            if now_ns - quote_ns(market) > age_ms * 1_000_000:
                return Denial(Reason.STALE_VENUE, f"no book is younger than {age_ms} ms")
        return None


def _held_1e9(market: MarketBlock, intent: RouteIntent, touch: int) -> int:
    """Money that an intent reserves: its worst price, or the largest loss of an event contract."""
    worst = intent.worst_price_1e9
    if market.instrument.type is not PREDICTION:
        return notional_1e9(worst if worst is not None and worst > touch else touch, intent.qty_1e8)
    if intent.side is Side.BUY:
        price = touch if worst is None else max(worst, touch)
    else:
        price = PRICE_SCALE - (touch if worst is None else min(worst, touch or worst))
    fees = [
        fee_1e9(listing.fees, at, intent.qty_1e8, maker=False)
        for listing in market.listings
        if listing.fees is not None
        for at in (price, PRICE_SCALE // 2)
    ]
    return notional_1e9(price, intent.qty_1e8) + max(fees, default=0)


def _out(position: _Position, side: Side, qty_1e8: int) -> None:
    """More, or less, is out on a side."""
    if side is BUY:
        position.buying_1e8 += qty_1e8
    else:
        position.selling_1e8 += qty_1e8
