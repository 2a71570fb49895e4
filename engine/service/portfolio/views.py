"""What the portfolio doors answer, field for field as on the wire."""

from __future__ import annotations

from engine.model.risk import AccountLimits
from engine.model.wire import Wire
from engine.service.portfolio.accounting import Kind

__all__ = [
    "AccountCounts",
    "AccountView",
    "Difference",
    "InstrumentView",
    "KillView",
    "Lifecycle",
    "PositionRow",
    "Positions",
    "Redeemed",
    "ResetReceipt",
    "RiskLimitsView",
    "RiskUsage",
    "SandboxSettings",
    "SeedReceipt",
    "Summary",
    "SyncReport",
    "Totals",
]


class InstrumentView(Wire, frozen=True, kw_only=True):
    """What is held: an asset, a perp's symbol, `TICKER:YES|NO` or an outcome's token id."""

    kind: Kind
    symbol: str


class Lifecycle(Wire, frozen=True, kw_only=True):
    """`active`, `resolved` (not yet paid out), `redeemed` or `closed`."""

    state: str


class PositionRow(Wire, frozen=True, kw_only=True):
    """One holding at one venue. Unknown prices, and what follows from them, are null.

    `current_value_usd_1e9` of a perp is its signed notional; what it adds to the net asset value
    is its unrealised profit. `entry_price_usd_1e9` is the average cost rounded half to even.
    """

    id: str
    venue: str
    instrument: InstrumentView
    qty_1e8: int
    locked_qty_1e8: int
    available_qty_1e8: int
    entry_price_usd_1e9: int
    current_price_usd_1e9: int | None
    current_value_usd_1e9: int | None
    unrealized_pnl_usd_1e9: int | None
    realized_pnl_usd_1e9: int
    fees_usd_1e9: int
    lifecycle: Lifecycle
    transferable: bool
    settled: bool
    settled_mark_usd_1e9: int | None


class Totals(Wire, frozen=True, kw_only=True):
    """Sums over the rows of the answer and the closed ones of the same venues and kinds.

    nav = cash + crypto + events + unrealised profit of perps. `cash` is fiat and coins that are
    carried at 1 USD. `unpriced_positions` counts rows without a price, which add nothing;
    `unbooked_fills` those of instruments that are listed no more or priced in another coin.
    """

    nav_usd_1e9: int
    cash_usd_1e9: int
    locked_cash_usd_1e9: int
    crypto_value_usd_1e9: int
    event_value_usd_1e9: int
    perp_notional_usd_1e9: int
    unrealized_pnl_usd_1e9: int
    realized_pnl_usd_1e9: int
    fees_usd_1e9: int
    unpriced_positions: int
    unbooked_fills: int


class Positions(Wire, frozen=True, kw_only=True):
    """All holdings of a client. In the sandbox a client has the seed of each quote asset at each
    venue, plus its own fills, less what its own open orders hold."""

    positions: tuple[PositionRow, ...]
    totals: Totals
    as_of_ns: int


class Summary(Wire, frozen=True, kw_only=True):
    """The totals alone, with how many rows of each kind are active."""

    totals: Totals
    counts: dict[str, int]
    as_of_ns: int


class Difference(Wire, frozen=True, kw_only=True):
    """Where a venue holds other than what the recorded fills add up to.

    The venue's account is shared by the clients of a sandbox, so only the difference is told.
    `open_orders` says that fills may be under way.
    """

    venue: str
    symbol: str
    difference_1e8: int
    open_orders: bool


class SyncReport(Wire, frozen=True, kw_only=True):
    """What a reconciliation with the venues found; no difference: all agree."""

    venues: tuple[str, ...]
    differences: tuple[Difference, ...]
    as_of_ns: int


class AccountCounts(Wire, frozen=True, kw_only=True):
    """How much there is of a client."""

    graphs: int
    open_graphs: int
    orders: int
    fills: int
    open_positions: int


class AccountView(Wire, frozen=True, kw_only=True):
    """Who a key belongs to, and what it may do."""

    client_id: str
    environment: str
    key_id: str
    scopes: tuple[str, ...]
    limits: AccountLimits
    counts: AccountCounts


class KillView(Wire, frozen=True, kw_only=True):
    """A kill switch that is on and stops this client's orders, all of them or some."""

    scope: str
    key: str
    reason: str


class RiskUsage(Wire, frozen=True, kw_only=True):
    """How much of the limits is used.

    `open_notional_usd_1e9` is what open orders reserve. `max_over_exposure_usd_1e9` is the part
    of orders whose fate is not proven: the most that may turn out to be traded besides.
    """

    positions: dict[str, int]
    open_notional_usd_1e9: int
    open_orders: int
    unknown_orders: int
    max_over_exposure_usd_1e9: int


class RiskLimitsView(Wire, frozen=True, kw_only=True):
    """Limits of the account and of the engine, kill switches in force, and usage."""

    account: AccountLimits
    engine: dict[str, int]
    kill_switches: tuple[KillView, ...]
    usage: RiskUsage


class SeedReceipt(Wire, frozen=True, kw_only=True):
    """How many positions were put in place, and how many were there that a replace took away."""

    written: int
    deleted: int


class ResetReceipt(Wire, frozen=True, kw_only=True):
    """What a reset took away, and what each quote asset of each venue starts over with."""

    deleted: int
    balance_usd: int
    venues: tuple[str, ...]


class SandboxSettings(Wire, frozen=True, kw_only=True):
    """How the sandbox runs. `writable` names what a client may change.

    `seed`, `events` and `latency_scale` are fixed when the engine starts;
    `default_quote_balance_usd` is what the next reset starts over with.
    """

    seed: int
    events: bool
    latency_scale: float | None
    default_quote_balance_usd: int
    writable: tuple[str, ...]


class Redeemed(Wire, frozen=True, kw_only=True):
    """What a payout did: contracts of YES (NO as negative), the payoff, and the money paid."""

    venue: str
    symbol: str
    qty_1e8: int
    payoff_1e9: int
    paid_usd_1e9: int
