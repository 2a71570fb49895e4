"""What a replay says at its end: the order, its legs, its cost, and the books it ran on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.errors import Reason
from engine.messages import StaleReason, SubmitAnswer
from engine.model.graph import Graph, NodeStatus
from engine.model.records import (
    ChildrenIntended,
    DecisionRecord,
    FillRecord,
    JournalEntry,
    NodeChanged,
)
from engine.model.units import average_price_1e9, parse_side

__all__ = ["ReplayLeg", "ReplayOutcome", "Review", "exclusions", "outcome_of", "why_unfilled"]

STALE_BECAUSE = {
    StaleReason.NOT_STARTED: "no snapshot of its book had come",
    StaleReason.LINK_DOWN: "its line was down",
    StaleReason.GAP: "frames were missing and no new snapshot had come",
    StaleReason.CHECKSUM: "its checksum failed and no new snapshot had come",
    StaleReason.OVERFLOW: "its book held a level that cannot be kept",
    StaleReason.BROKEN_FRAME: "a frame could not be read and no new snapshot had come",
    StaleReason.SILENT: "its line was silent",
    StaleReason.VENUE: "the venue refused its book",
}
WORKING = (NodeStatus.PENDING, NodeStatus.EXECUTING)


class ReplayLeg(msgspec.Struct, frozen=True):
    """One venue's part of the order."""

    venue: str
    qty_1e8: int
    avg_price_1e9: int
    fee_1e9: int
    limit_price_1e9: int


class Review(msgspec.Struct, frozen=True):
    """Cost against the mid at the decision, and why the split was chosen.

    Costs are bps of the mid, positive is cost, fees included; None where no two-sided book was.
    """

    arrival_mid_1e9: int | None
    est_cost_bps: float | None
    realised_cost_bps: float | None
    best_single_venue: str | None
    best_single_cost_bps: float | None
    saved_bps: float | None
    eligibility: dict[str, str]
    reason: str


class ReplayOutcome(msgspec.Struct, frozen=True):
    """The object that `execgraph replay --json` prints."""

    symbol: str
    side: str
    status: str
    qty_1e8: int
    filled_qty_1e8: int
    avg_fill_price_1e9: int
    fees_1e9: int
    submitted_at_ns: int
    legs: list[ReplayLeg]
    books: list[dict[str, Any]]
    review: Review


def outcome_of(
    graph: Graph,
    answer: SubmitAnswer,
    entries: Sequence[JournalEntry],
    submitted_ns: int,
    books: list[dict[str, Any]],
) -> ReplayOutcome:
    """Gather the outcome of a one-node graph from its journal entries."""
    node = graph.nodes[0]
    fills = [entry.payload for entry in entries if isinstance(entry.payload, FillRecord)]
    changes = [entry.payload for entry in entries if isinstance(entry.payload, NodeChanged)]
    last = changes[-1] if changes else None
    filled = sum(fill.qty_1e8 for fill in fills)
    price_times_qty = sum(fill.price_1e9 * fill.qty_1e8 for fill in fills)
    fees = sum(fill.fee_1e9 for fill in fills)
    status = last.status if last is not None else NodeStatus.REJECTED
    reason = last.reason if last is not None else answer.text
    return ReplayOutcome(
        symbol=node.instrument.symbol,
        side=node.side,
        status=status.value,
        qty_1e8=last.target_qty_1e8 if last is not None else node.fixed_qty_1e8 or 0,
        filled_qty_1e8=filled,
        avg_fill_price_1e9=average_price_1e9(price_times_qty, filled),
        fees_1e9=fees,
        submitted_at_ns=submitted_ns,
        legs=_legs(entries, fills, parse_side(node.side).sign),
        books=books,
        review=_review(entries, fills, reason, parse_side(node.side).sign),
    )


def exclusions(outcome: ReplayOutcome, stale: Mapping[str, StaleReason]) -> list[str]:
    """For each venue that was not used at the decision, what was wrong with it.

    `stale` says why books were stale then.
    """
    found = []
    for venue, code in outcome.review.eligibility.items():
        if code == Reason.STALE_VENUE and venue in stale:
            found.append(f"{venue} was {code} ({STALE_BECAUSE[stale[venue]]})")
        elif code:
            found.append(f"{venue} was {code}")
    return found


def why_unfilled(outcome: ReplayOutcome, stale: Mapping[str, StaleReason]) -> str:
    """One sentence on an order of which nothing was filled."""
    if outcome.status in WORKING:
        return "nothing was filled: the order still worked at the end of the recording"
    causes = "; ".join(exclusions(outcome, stale)) or outcome.review.reason
    return f"nothing was filled: {causes}"


def _legs(
    entries: Sequence[JournalEntry], fills: Sequence[FillRecord], sign: int
) -> list[ReplayLeg]:
    """Fills by venue in the order in which the venues were first used."""
    limits: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry.payload, ChildrenIntended):
            for child in entry.payload.children:
                known = limits.get(child.venue)
                worse = known is None or (child.limit_price_1e9 - known) * sign > 0
                if worse:
                    limits[child.venue] = child.limit_price_1e9
    legs = []
    for venue, limit in limits.items():
        own = [fill for fill in fills if fill.venue == venue]
        qty = sum(fill.qty_1e8 for fill in own)
        if qty:
            paid = sum(fill.price_1e9 * fill.qty_1e8 for fill in own)
            fee = sum(fill.fee_1e9 for fill in own)
            legs.append(ReplayLeg(venue, qty, average_price_1e9(paid, qty), fee, limit))
    return legs


def _review(
    entries: Sequence[JournalEntry], fills: Sequence[FillRecord], reason: str, sign: int
) -> Review:
    decisions = [entry.payload for entry in entries if isinstance(entry.payload, DecisionRecord)]
    if not decisions:
        return Review(None, None, None, None, None, None, {}, reason)
    first = decisions[0]
    eligibility = dict(zip(first.venues, first.eligibility, strict=True))
    mid = first.mid_1e9 or None
    filled = sum(fill.qty_1e8 for fill in fills)
    realised = None
    if mid is not None and filled:
        paid = sum(fill.price_1e9 * fill.qty_1e8 for fill in fills)
        fees = sum(fill.fee_1e9 for fill in fills) * 10**8
        realised = (sign * (paid - mid * filled) + fees) / (mid * filled) * 1e4
    single = first.best_single_venue or None
    estimate = first.est_cost_bps if mid is not None and first.legs else None
    single_cost = first.best_single_cost_bps if single is not None else None
    saved = single_cost - estimate if single_cost is not None and estimate is not None else None
    return Review(mid, estimate, realised, single, single_cost, saved, eligibility, reason)
