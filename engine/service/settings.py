"""What an engine is assembled from: its settings, and each venue's way in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from engine.decisions.cost_model import Coefficients
from engine.decisions.policies.parameters import PolicyParameters
from engine.kernels.delta_ring import DeltaRing
from engine.model.instruments import Environment, Listing
from engine.model.risk import AccountLimits, Limits
from engine.ports import FeedCodec, Link, TradeCodec
from engine.runtime.actor import ActorRef

__all__ = ["EngineSettings", "VenuePorts"]


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is made with, besides its venues.

    `fresh_only` False drops freshness from routing, `leg_slack` False sends each leg at exactly
    its worst planned level; both are for replay, whose walk must be redone by hand.
    `durable_first` starts a graph, and answers its client, once its acceptance is on disk.
    """

    engine_number: int = 1
    environment: Environment = Environment.SANDBOX
    account: AccountLimits = AccountLimits()
    limits: Limits = Limits()
    policies: PolicyParameters = PolicyParameters()
    coefficients: Coefficients = Coefficients()
    fresh_only: bool = True
    leg_slack: bool = True
    feed_silence_ns: int | None = 10_000_000_000
    durable_first: bool = False


class VenuePorts(msgspec.Struct, frozen=True):
    """One venue's way in and out.

    `make_feed_codec` is called again when the feed restarts, so that no broken state survives.
    `bind` tells the links which actors own them.
    """

    venue: str
    listings: tuple[Listing, ...]
    make_feed_codec: Callable[[Sequence[Listing], Sequence[DeltaRing]], FeedCodec]
    trade_codec: TradeCodec
    feed_link: Link
    trade_link: Link
    bind: Callable[[ActorRef, ActorRef], None]
