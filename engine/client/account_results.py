"""Typed answers about holdings, keys and connected venues; money in 1e-9 USD."""

from __future__ import annotations

from engine.client.results import Answer

__all__ = ["ApiKey", "ApiKeys", "Instrument", "Lifecycle", "Position", "Positions"]


class Instrument(Answer, frozen=True, kw_only=True):
    """What is held: `fiat`, `crypto`, `perp` or `event_contract`."""

    kind: str
    symbol: str


class Lifecycle(Answer, frozen=True, kw_only=True):
    """Whether a holding is active, closed, resolved or redeemed."""

    state: str


class Position(Answer, frozen=True, kw_only=True):
    """One holding on one venue; prices are None where nothing marks it."""

    id: str
    venue: str
    instrument: Instrument
    qty_1e8: int
    locked_qty_1e8: int | None = None
    available_qty_1e8: int | None = None
    entry_price_usd_1e9: int | None = None
    current_price_usd_1e9: int | None = None
    current_value_usd_1e9: int | None = None
    unrealized_pnl_usd_1e9: int | None = None
    realized_pnl_usd_1e9: int | None = None
    fees_usd_1e9: int | None = None
    lifecycle: Lifecycle | None = None
    transferable: bool | None = None
    settled: bool | None = None
    settled_mark_usd_1e9: int | None = None


class Positions(Answer, frozen=True, kw_only=True):
    """All holdings and what they sum to."""

    positions: tuple[Position, ...]
    totals: dict[str, int | None]
    as_of_ns: int


class ApiKey(Answer, frozen=True, kw_only=True):
    """A key as listed; `api_key` is there once, when it is made."""

    key_id: str
    label: str | None = None
    api_key: str | None = None
    sandbox: bool | None = None
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        # A key printed is a key leaked.
        return f"ApiKey(key_id={self.key_id!r}, label={self.label!r})"


class ApiKeys(Answer, frozen=True, kw_only=True):
    """The client's keys, without their secrets."""

    api_keys: tuple[ApiKey, ...]
