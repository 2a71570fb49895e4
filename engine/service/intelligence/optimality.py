"""How far a client's live decisions were from the best possible, on a sample, in the background.

Each sampled decision is redone from its record and held against the bound of
`engine/intelligence/audit.py`: the cheapest walk over the same recorded levels with lots and
minimums put aside. No split can cost less, so the true gap lies between zero and the one shown,
and a gap of zero is a proof that the decision was optimal. What is measured of one client is told
to nobody else.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from contextlib import nullcontext
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from engine.intelligence.audit import DecisionAudit, audit
from engine.model.records import DecisionRecord
from engine.service.intelligence.desk_views import OptimalityGap
from engine.store.chain import decode_entry

if TYPE_CHECKING:
    from engine.store.queries import Queries

__all__ = ["METHOD", "SAMPLES_MAX", "GapSampler"]

SAMPLES_MAX: Final = 4_096
OF_ACCOUNT_MAX: Final = 1_024
ACCOUNTS_MAX: Final = 256
# At about 0.1 ms a decision this is a thousandth of one core.
TURN_DECISIONS: Final = 5
EXACT_BPS: Final = 1e-6
METHOD: Final = "at most: the plan's landed cost above that of a walk without lots and minimums"
NONE_SEEN: Final = "this client has no routing decision"
NOT_MEASURED: Final = "none of the decisions looked at placed anything"
NEWEST: Final = "SELECT seq, account, record FROM decisions WHERE seq > ? ORDER BY seq DESC LIMIT ?"
OWN: Final = (
    "SELECT seq, account, record FROM decisions WHERE account = ? ORDER BY seq DESC LIMIT ?"
)


class Sample:
    """What was measured of one client's decisions in one environment."""

    __slots__ = ("gaps", "last_seq", "not_redone")

    def __init__(self, samples_max: int) -> None:
        self.gaps: deque[float] = deque(maxlen=samples_max)
        self.not_redone = 0
        self.last_seq = 0

    def take(self, seq: int, seen: DecisionAudit) -> None:
        """One decision, in the order of their numbers; one that was taken is not taken again."""
        if seq <= self.last_seq:
            return
        self.last_seq = seq
        self.not_redone += not seen.redone
        if seen.optimality_gap_bps is not None:
            self.gaps.append(seen.optimality_gap_bps)

    def view(self) -> OptimalityGap:
        """The quantiles; null where nothing was measured, with the reason."""
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
            reason="" if size else NONE_SEEN if not self.last_seq else NOT_MEASURED,
        )


class GapSampler:
    """The last gaps by account, which is a client in an environment.

    `sample` looks at up to five new decisions of the engine, the newest first. An account of which
    none was among them is looked at when it asks; the one not heard of for longest is forgotten
    first. `whole` is of all clients, for who runs the engine.
    """

    def __init__(self) -> None:
        self.accounts: OrderedDict[int, Sample] = OrderedDict()
        self.whole = Sample(SAMPLES_MAX)
        self.last_seq = 0

    def sample(self, queries: Queries) -> int:
        """Look at what was decided since the last time; returns how many were measured."""
        measured = 0
        for seq, account, body in reversed(fetched(queries, NEWEST, self.last_seq)):
            self.last_seq = seq
            seen = audited(body)
            self.whole.take(seq, seen)
            self._of(account).take(seq, seen)
            measured += seen.optimality_gap_bps is not None
        return measured

    def view(self, queries: Queries, account: int | None) -> OptimalityGap:
        """The quantiles of one account's own decisions; null where it has none, with the reason."""
        if account is None:
            return Sample(0).view()
        kept = self._of(account)
        if not kept.last_seq:
            for seq, _, body in reversed(fetched(queries, OWN, account)):
                kept.take(seq, audited(body))
        return kept.view()

    def _of(self, account: int) -> Sample:
        found = self.accounts.setdefault(account, Sample(OF_ACCOUNT_MAX))
        self.accounts.move_to_end(account)
        if len(self.accounts) > ACCOUNTS_MAX:
            self.accounts.popitem(last=False)
        return found


def audited(body: bytes) -> DecisionAudit:
    """A stored decision, redone."""
    record = decode_entry(body).payload
    assert isinstance(record, DecisionRecord), "a decision row keeps its own entry"
    return audit(record)


def fetched(queries: Queries, sql: str, value: int) -> list[Any]:
    """The newest few decisions, newest first."""
    with nullcontext() if queries.shared is None else queries.shared.guard:
        return queries.connection.execute(sql, (value, TURN_DECISIONS)).fetchall()


def at_level(ordered: list[float], level: float) -> float | None:
    """The smallest value with at least `level` of the sample at or below it."""
    return ordered[max(1, ceil(level * len(ordered))) - 1] if ordered else None
