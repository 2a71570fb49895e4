"""What the market doors send, and what a catalogue knows of a market.

Prices, volumes and spreads here are human floats for display (the reference has them so); nothing
that is submitted is computed from them. Unknown is null.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

__all__ = [
    "MarketFact",
    "MarketResolvedEvent",
    "MarketRow",
    "MarketsPage",
    "NewMarketEvent",
    "Redeemed",
    "Reward",
    "Settlement",
    "Tag",
    "UnderlyingCurve",
    "UnderlyingPoint",
    "is_placeholder",
    "iso_time",
    "unix_time",
]

Status = Literal["open", "resolving", "resolved"]
# Slots that a venue opens before it knows who stands for them.
PLACEHOLDER = re.compile(
    r"(?:(?:person|driver|player|candidate|team|option|company|country|party|movie|song|artist"
    r"|club|individual)\s+[a-z]{1,2}|other|another .*|none of .*)",
    re.IGNORECASE,
)


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A label that a venue files markets under."""

    tag_id: int
    slug: str


class MarketFact(msgspec.Struct, frozen=True, kw_only=True):
    """One yes/no market as its catalogue knows it, whatever the venue.

    `outcomes` and `token_ids` stand in order yes, no. `trading` says that orders are taken now;
    `resolved` is the winning outcome's name. Several markets may belong to one event; then
    `candidate` is what this one stands for and `place` its number among `siblings`. `best` is
    (yes bid, yes ask, no bid, no ask) as the venue's catalogue states them. Times in unix seconds.
    """

    venue: str
    slug: str
    question: str
    outcomes: tuple[str, str] = ("Yes", "No")
    token_ids: tuple[str, str]
    event_id: str | None = None
    event_slug: str | None = None
    parent_event_id: str | None = None
    condition_id: str | None = None
    neg_risk: bool = False
    trading: bool = True
    status: Status = "open"
    resolved: str | None = None
    volume_24h: float | None = None
    volume_total: float | None = None
    best: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)
    prices: tuple[float | None, float | None] = (None, None)
    start_s: int | None = None
    end_s: int | None = None
    url: str | None = None
    tags: tuple[Tag, ...] = ()
    candidate: str | None = None
    place: int = 0
    siblings: int = 1
    resolution_source: str | None = None

    @property
    def placeholder(self) -> bool:
        """Whether its slot of the event stands for nobody yet."""
        return self.candidate is not None and is_placeholder(self.candidate)

    @property
    def symbol(self) -> str:
        """What orders and quotes may name: the YES token, on kalshi the ticker."""
        return self.slug if self.venue == "kalshi" else self.token_ids[0]


class MarketRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `/v1/markets`; the last six fields are there with `expand=outcomes` only."""

    venue: str
    slug: str
    question: str
    symbol: str
    outcomes: tuple[str, ...]
    outcome_token_ids: tuple[str, ...]
    yes_token_id: str
    no_token_id: str
    event_id: str | None
    neg_risk: bool
    volume_24h: float | None
    volume_total: float | None
    best_yes_bid: float | None
    best_yes_ask: float | None
    best_no_bid: float | None
    best_no_ask: float | None
    spread_pct: float | None
    start_date: str | None
    end_date: str | None
    url: str | None
    active: bool
    closed: bool
    parent_event_id: str | UnsetType | None = UNSET
    outcome_name: str | UnsetType = UNSET
    raw_outcome_name: str | UnsetType = UNSET
    is_placeholder_outcome: bool | UnsetType = UNSET
    outcome_index: int | UnsetType = UNSET
    parent_slug: str | UnsetType | None = UNSET


class MarketsPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of markets; `next_cursor` leads to the next one while `has_more`."""

    markets: tuple[MarketRow, ...]
    count: int
    venue: str
    next_cursor: str | None
    has_more: bool


class NewMarketEvent(MarketRow, frozen=True, kw_only=True):
    """A market that has just been minted: its row, and when that was seen."""

    kind: Literal["new_market"] = "new_market"
    observed_at_ns: int


class MarketResolvedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A market that has just resolved: the winning token pays 1, the other nothing."""

    kind: Literal["market_resolved"] = "market_resolved"
    venue: str
    slug: str
    event_id: str | None
    winning_outcome: str
    winning_token_id: str
    losing_token_id: str
    observed_at_ns: int


class UnderlyingPoint(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One price of the underlying."""

    ts_ns: int
    price_1e9: int


class UnderlyingCurve(msgspec.Struct, frozen=True, kw_only=True):
    """What an event was measured by, as far as it is known: its prices by time."""

    symbol: str
    source: str
    points: tuple[UnderlyingPoint, ...]


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a market stands or ended. `resolved_outcome` is the venue's word, never our estimate."""

    slug: str
    question: str
    yes_token_id: str
    no_token_id: str
    condition_id: str | None
    neg_risk: bool
    status: Status
    resolved_outcome: str | None
    outcome_source: str
    yes_price: float | None
    no_price: float | None
    event_start_s: int | None
    event_end_s: int | None
    resolution_source: str | None
    underlying: UnderlyingCurve | None = None


class Redeemed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a claim; `note` says it in words."""

    mode: Literal["auto_settled", "relayer_submitted", "noop"]
    venue: str
    slug: str
    note: str
    condition_id: str | None = None
    token_ids: tuple[str, ...] | None = None


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """One token of a maker reward programme."""

    token_id: str
    condition_id: str
    rewards_min_size: float
    rewards_max_spread: float
    rate_per_day_usdc: float
    current_spread: float | None
    reward_end_unix_s: int | None


def is_placeholder(name: str) -> bool:
    """Whether an outcome's name stands for nobody in particular, such as `Person CC`."""
    return PLACEHOLDER.fullmatch(name.strip()) is not None


def iso_time(unix_s: int | None) -> str | None:
    """`2026-04-18T18:40:00Z`, or None for None."""
    if unix_s is None:
        return None
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_time(text: str | None) -> int | None:
    """Unix seconds of an ISO time as venues write it; None for what is absent or no time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())
