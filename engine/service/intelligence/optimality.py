"""How far the router's live decisions were from the best possible, on a sample, in the background.

Each sampled decision is redone from its record and held against the bound of
`engine/intelligence/audit.py`: the cheapest walk over the same recorded levels with lots and
minimums put aside. No split can cost less, so the true gap lies between zero and the one shown,
and a gap of zero is a proof that the decision was optimal.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from engine.intelligence.audit import audit
from engine.model.records import DecisionRecord
from engine.service.intelligence.desk_views import OptimalityGap
from engine.store.chain import decode_entry

if TYPE_CHECKING:
    from engine.store.queries import Queries

__all__ = ["METHOD", "SAMPLES_MAX", "GapSampler"]

SAMPLES_MAX: Final = 4_096
# At about 0.1 ms a decision this is a thousandth of one core.
TURN_DECISIONS: Final = 5
EXACT_BPS: Final = 1e-6
METHOD: Final = "at most: the plan's landed cost above that of a walk without lots and minimums"
NEWEST: Final = "SELECT seq, record FROM decisions WHERE seq > ? ORDER BY seq DESC LIMIT ?"


class GapSampler:
    """The last 4,096 gaps; `sample` looks at up to five new decisions, the newest first."""

    def __init__(self) -> None:
        self.gaps: deque[float] = deque(maxlen=SAMPLES_MAX)
        self.not_redone = 0
        self.last_seq = 0

    def sample(self, queries: Queries) -> int:
        """Look at what was decided since the last time; returns how many were measured."""
        with nullcontext() if queries.shared is None else queries.shared.guard:
            rows: list[Any] = queries.connection.execute(
                NEWEST, (self.last_seq, TURN_DECISIONS)
            ).fetchall()
        measured = 0
        for seq, body in reversed(rows):
            self.last_seq = seq
            record = decode_entry(body).payload
            assert isinstance(record, DecisionRecord), "a decision row keeps its own entry"
            seen = audit(record)
            self.not_redone += not seen.redone
            if seen.optimality_gap_bps is not None:
                self.gaps.append(seen.optimality_gap_bps)
                measured += 1
        return measured

    def view(self) -> OptimalityGap:
        """The quantiles of the sample; null where nothing was measured yet."""
        ordered = sorted(self.gaps)
        size = len(ordered)
        exact = sum(gap <= EXACT_BPS for gap in ordered)
        return OptimalityGap(
            p50_bps=at_level(ordered, 0.50),
            p99_bps=at_level(ordered, 0.99),
            max_bps=ordered[-1] if ordered else None,
            sample_size=size,
            proven_optimal=exact / size if size else None,
            not_redone=self.not_redone,
            method=METHOD,
        )


def at_level(ordered: list[float], level: float) -> float | None:
    """The smallest value with at least `level` of the sample at or below it."""
    return ordered[max(1, ceil(level * len(ordered))) - 1] if ordered else None
