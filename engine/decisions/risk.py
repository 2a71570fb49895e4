"""Risk: the trading switch, pre-trade checks, and the ledger of grants that reserve exposure.

The ledger holds on send and releases on proof: a reservation ends only with a fill or with
evidence that the rest will never fill. `Grant` is made here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import quote_ns
from engine.errors import Reason
from engine.model.graph import Graph
from engine.model.instruments import Environment
from engine.model.orders import Grant, RouteIntent
from engine.model.risk import AccountLimits, Limits
from engine.model.units import PRICE_SCALE, notional_1e9

__all__ = ["Denial", "RiskLedger", "TradingSwitch", "admission_denial"]


class TradingSwitch:
    """Whether orders may leave. The risk actor writes it; every venue boundary reads it.

    Two causes stand side by side, so that clearing one does not clear the other: the kill
    switch, and a journal that cannot be written.
    """

    __slots__ = ("halted", "journal_reason", "kill_reason", "killed", "reason")

    def __init__(self) -> None:
        self.killed = False
        self.kill_reason = ""
        self.journal_reason = ""
        self.halted = False
        self.reason = ""

    def kill(self, killed: bool, reason: str) -> None:
        """Engage or clear the kill switch."""
        self.killed = killed
        self.kill_reason = reason
        self._settle()

    def journal(self, writable: bool, reason: str) -> None:
        """The journal can or cannot be written."""
        self.journal_reason = "" if writable else reason
        self._settle()

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


class _Open(msgspec.Struct, gc=False):
    """What is reserved under one grant."""

    account: _Account
    qty_1e8: int
    notional_1e9: int


class RiskLedger:
    """Pre-trade checks and reservations. Bounded by the orders that may be in flight."""

    __slots__ = ("_accounts", "_limits", "_markets", "_max_open", "_next_id", "_open", "switch")

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

    def authorise(self, intent: RouteIntent, now_ns: int) -> Grant | Denial:
        """A grant that holds the intent's exposure, or the first check that it fails."""
        if self.switch.halted:
            return Denial(Reason.KILL_SWITCH, f"trading is halted: {self.switch.reason}")
        if len(self._open) >= self._max_open:
            return Denial(Reason.ENGINE_BUSY, "too many orders are in flight; try again")
        if intent.qty_1e8 <= 0:
            return Denial(Reason.BAD_QUANTITY, "quantity must be positive")
        market = self._markets[intent.router_id]
        touch = market.best(1 - intent.side) or 0
        worst = intent.worst_price_1e9
        price = worst if worst is not None and worst > touch else touch
        notional = notional_1e9(price, intent.qty_1e8)
        key = (intent.client_id, intent.environment)
        account = self._accounts.get(key)
        reserved = account.reserved_1e9 if account is not None else 0
        denial = self._denial(intent, touch, market, notional, reserved, now_ns)
        if denial is not None:
            return denial
        if account is None:
            account = self._accounts[key] = _Account(key)
        self._next_id += 1
        account.reserved_1e9 += notional
        account.grants += 1
        self._open[self._next_id] = _Open(account, intent.qty_1e8, notional)
        return Grant(self._next_id, intent, intent.qty_1e8, worst, notional)

    def settle(self, grant_id: int, filled_qty_1e8: int, released_qty_1e8: int) -> None:
        """Proof about a grant: this much filled or will never fill; the hold shrinks by it."""
        held = self._open.get(grant_id)
        if held is None:
            return
        done = min(filled_qty_1e8 + released_qty_1e8, held.qty_1e8)
        part = held.notional_1e9 * done // held.qty_1e8
        held.qty_1e8 -= done
        held.notional_1e9 -= part
        account = held.account
        account.reserved_1e9 -= part
        if held.qty_1e8 == 0:
            del self._open[grant_id]
            account.grants -= 1
            if account.grants == 0:
                assert account.reserved_1e9 == 0, "no reservation outlives its grant"
                del self._accounts[account.key]

    def _denial(
        self,
        intent: RouteIntent,
        touch: int,
        market: MarketBlock,
        notional: int,
        reserved: int,
        now_ns: int,
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


def admission_denial(
    graph: Graph, worst_notional_1e9: int, account_limits: AccountLimits
) -> Denial | None:
    """The admission layer: limits of the account and of the graph itself, checked at submit."""
    cap = account_limits.graph_notional_max_usd
    if cap is not None and worst_notional_1e9 > cap * PRICE_SCALE:
        return Denial(Reason.NOTIONAL_LIMIT, f"the graph's notional is above {cap} USD")
    own = graph.risk.admission if graph.risk is not None else None
    if own is None:
        return None
    if own.max_nodes is not None and len(graph.nodes) > own.max_nodes:
        return Denial(Reason.INVALID_GRAPH, f"the graph has more than {own.max_nodes} nodes")
    if own.allowed_venues is not None:
        for node in graph.nodes:
            pinned = node.instrument.venue
            if pinned is not None and pinned not in own.allowed_venues:
                return Denial(Reason.BAD_VENUE, f"venue {pinned!r} is not allowed by the graph")
    if own.max_notional_usd is not None:
        if worst_notional_1e9 > own.max_notional_usd * PRICE_SCALE:
            text = f"the graph's notional is above {own.max_notional_usd} USD"
            return Denial(Reason.NOTIONAL_LIMIT, text)
    return None
