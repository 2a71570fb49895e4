"""What a sample of scored forecasts shows, and which criteria it misses, each in one sentence.

Costs are compared in their own unit: bps for coins, cents of the 1 USD payoff for event contracts.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from random import Random
from statistics import fmean
from typing import Final

import msgspec

from engine.intelligence.calibration import WANTED
from engine.intelligence.residuals import LIQUIDITIES, Bucket, Window
from engine.intelligence.scoring import binomial_band, block_interval, kupiec, mean_pinball, wilson
from engine.service.intelligence.forecast_log import ScoredRow

__all__ = [
    "BUCKET_MIN",
    "Bands",
    "Coverage",
    "Losses",
    "Verdict",
    "coverage_band",
    "is_event",
    "judge",
]

COVERAGE: Final = (0.87, 0.93)
BUCKET_MIN: Final = 100
CONFIDENCE: Final = 0.995
WIDTH_MAX: Final = 1.3
BLOCK: Final = 20
EVENT: Final = LIQUIDITIES[-1]


class Coverage(msgspec.Struct, frozen=True):
    """How many outcomes of a kind lay within their P90, and whether that can be chance.

    `wilson` is the interval at 95 %; `band` is where the share of a true 0.90 lies in 99.5 % of
    cases. `passes` also wants 0.90 within Wilson's interval at 99.5 %; null below the least count.
    """

    kind: str
    orders: int
    inside: int
    coverage: float
    wilson: tuple[float, float]
    band: tuple[float, float]
    passes: bool | None


class Losses(msgspec.Struct, frozen=True):
    """Mean pinball loss at 0.9 and mean width (P90 - P50) in `unit`, against the baselines.

    `law` is over the `law_orders` orders for which a volume was known, null for none, and
    `loss_there` the forecasts' own over the same. `pooled_width` is that of one empirical quantile
    of all residuals from the base, of equal knowledge: for each order of those that were fitted
    and those that had ended when it was forecast.

    Harder to beat, and told besides: `pooled_loss` of one such quantile of residuals from the
    sweep, and `above`, the mean of P90 - sweep, beside that quantile itself, `pooled_above`.
    """

    unit: str
    orders: int
    loss: float
    walk: float
    law_orders: int
    law: float | None
    loss_there: float | None
    pooled_loss: float
    width: float
    pooled_width: float
    above: float
    pooled_above: float

    @property
    def width_ratio(self) -> float:
        return self.width / self.pooled_width if self.pooled_width else float("inf")


class Bands(msgspec.Struct, frozen=True):
    """The criteria as numbers: what coverage may be, of how many orders a bucket is judged."""

    coverage: tuple[float, float]
    bucket_min: int
    confidence: float
    width_max: float


class Verdict(msgspec.Struct, frozen=True):
    """One sample. `misses` are the criteria it does not meet; `blocks` is the coverage's interval
    when neighbours in time are drawn together; `kupiec` is (likelihood ratio, p-value)."""

    sample: str
    seed: int
    fitted: int
    not_counted: dict[str, int]
    whole: Coverage
    blocks: tuple[float, float]
    kupiec: tuple[float, float]
    losses: tuple[Losses, ...]
    buckets: tuple[Coverage, ...]
    criteria: Bands
    misses: tuple[str, ...]


def coverage_band(count: int) -> tuple[float, float]:
    """Where the coverage of `count` orders may lie: 0.87 to 0.93, wider for few orders.

    For few it is the exact band that a true 0.90 leaves in at most 0.5 % of cases.
    """
    low, high = binomial_band(count, WANTED, CONFIDENCE)
    return min(COVERAGE[0], low / count), max(COVERAGE[1], high / count)


def judge(
    sample: str,
    seed: int,
    fitted: Sequence[ScoredRow],
    scored: Sequence[ScoredRow],
    not_counted: dict[str, int] | None = None,
) -> Verdict:
    """The verdict over `scored`, which came after `fitted`; ValueError for an empty one."""
    if not fitted or not scored:
        raise ValueError("a verdict needs orders before and orders to be scored")
    criteria = Bands(coverage_band(len(scored)), BUCKET_MIN, CONFIDENCE, WIDTH_MAX)
    whole = coverage_of("all", scored)
    buckets = tuple(
        coverage_of(kind, rows)
        for kind, rows in sorted(_kinds(scored).items())
        if len(rows) >= BUCKET_MIN
    )
    losses = tuple(
        losses_of("cents" if event else "bps", before, after)
        for event in (False, True)
        if (before := [row for row in fitted if is_event(row) is event])
        and (after := [row for row in scored if is_event(row) is event])
    )
    hits = [row.inside for row in scored]
    return Verdict(
        sample,
        seed,
        len(fitted),
        not_counted or {},
        whole,
        block_interval(hits, BLOCK, Random(seed)),
        kupiec(len(hits) - sum(hits), len(hits), 1.0 - WANTED),
        losses,
        buckets,
        criteria,
        tuple(_misses(criteria, whole, losses, buckets)),
    )


def is_event(row: ScoredRow) -> bool:
    """Whether an order was in an event contract, whose costs are counted in cents."""
    return Bucket.of(row.bucket).liquidity == EVENT


def coverage_of(kind: str, rows: Sequence[ScoredRow]) -> Coverage:
    """The coverage of a kind of orders."""
    count, hits = len(rows), sum(row.inside for row in rows)
    low, high = binomial_band(count, WANTED, CONFIDENCE)
    lowest, highest = wilson(hits, count, CONFIDENCE)
    passes = low <= hits <= high and lowest <= WANTED <= highest
    return Coverage(
        kind,
        count,
        hits,
        hits / count,
        wilson(hits, count),
        (low / count, high / count),
        passes if count >= BUCKET_MIN else None,
    )


def losses_of(unit: str, fitted: Sequence[ScoredRow], scored: Sequence[ScoredRow]) -> Losses:
    """Losses of the forecasts and of what they must beat, over orders of one unit."""
    law = [row for row in scored if row.law_bps is not None]
    pooled = _pooled(fitted, scored)
    return Losses(
        unit,
        len(scored),
        _loss((row, row.p90_bps) for row in scored),
        _loss((row, row.walk_bps) for row in scored),
        len(law),
        _loss((row, row.law_bps or 0.0) for row in law) if law else None,
        _loss((row, row.p90_bps) for row in law) if law else None,
        _loss((row, row.walk_bps + above * row.unit_bps) for row, above, _ in pooled),
        fmean((row.p90_bps - row.median_bps) / row.unit_bps for row in scored),
        fmean(width for _, _, width in pooled),
        fmean((row.p90_bps - row.walk_bps) / row.unit_bps for row in scored),
        fmean(above for _, above, _ in pooled),
    )


def _pooled(
    fitted: Sequence[ScoredRow], scored: Sequence[ScoredRow]
) -> list[tuple[ScoredRow, float, float]]:
    """Each order with one quantile of all residuals known as it was forecast: the 0.9 of those
    from the sweep, and by how much that of those from the base is above its median."""
    size = len(fitted) + len(scored)
    swept, based = Window(size), Window(size)

    def learn(row: ScoredRow) -> None:
        swept.add((row.realised_bps - row.walk_bps) / row.unit_bps)
        based.add((row.realised_bps - row.base_bps) / row.unit_bps)

    for row in fitted:
        learn(row)
    ended = deque(sorted(scored, key=lambda row: row.ended_ns))
    found = []
    for row in sorted(scored, key=lambda row: row.made_ns):
        while ended and ended[0].ended_ns <= row.made_ns:
            learn(ended.popleft())
        width = based.quantile(WANTED) - based.quantile(0.5)
        found.append((row, swept.quantile(WANTED), width))
    return found


def _loss(pairs: Iterable[tuple[ScoredRow, float]]) -> float:
    units = [(row.realised_bps / row.unit_bps, said / row.unit_bps) for row, said in pairs]
    return mean_pinball(units, WANTED)


def _kinds(rows: Sequence[ScoredRow]) -> dict[str, list[ScoredRow]]:
    """Every kind of the pooling tree and of the conformal layer, with its orders."""
    found: defaultdict[str, list[ScoredRow]] = defaultdict(list)
    for row in rows:
        bucket = Bucket.of(row.bucket)
        for name in dict.fromkeys((*bucket.groups()[1:], *bucket.path())):
            found[name].append(row)
    return found


def _misses(
    criteria: Bands, whole: Coverage, losses: Sequence[Losses], buckets: Sequence[Coverage]
) -> Iterable[str]:
    low, high = criteria.coverage
    if not low <= whole.coverage <= high:
        yield f"coverage {whole.coverage:.3f} is outside {low:.3f} to {high:.3f}"
    for one in buckets:
        if not one.passes:
            within = one.band[0] <= one.coverage <= one.band[1]
            band = f"{one.band[0]:.3f} to {one.band[1]:.3f}"
            why = "has no 0.90 in its Wilson interval" if within else f"is outside {band}"
            yield f"{one.kind}: coverage {one.coverage:.3f} of {one.orders} {why}"
    for each in losses:
        if each.loss >= each.walk:
            yield f"loss {each.loss:.4f} {each.unit} is not below the book walk's {each.walk:.4f}"
        if each.law is not None and each.loss_there is not None and each.loss_there >= each.law:
            own = f"{each.loss_there:.4f} {each.unit}"
            yield f"loss {own} is not below the square-root law's {each.law:.4f}"
        if each.width_ratio > criteria.width_max:
            ratio = f"{each.width_ratio:.2f} times"
            yield f"width {each.width:.3f} {each.unit} is {ratio} that of one pooled quantile"
