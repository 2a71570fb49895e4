"""Scored forecasts as a perfect, or a planted, forecaster would leave them."""

from __future__ import annotations

from random import Random
from statistics import NormalDist

from engine.intelligence.residuals import Bucket
from engine.model.instruments import Environment
from engine.service.intelligence.forecast_log import OrderKey, ScoredRow

__all__ = ["KINDS", "honest_rows"]

KINDS = (
    Bucket("sor", "high", "small", "tight"),
    Bucket("passive_limit", "low", "large", "wide"),
)
SCALES = {KINDS[0]: 0.5, KINDS[1]: 4.0}
P90 = NormalDist().inv_cdf(0.9)


def honest_rows(seed: int, count: int, kinds: tuple[Bucket, ...] = KINDS) -> list[ScoredRow]:
    """Outcomes that are normal around the sweep, and forecasts that know exactly how."""
    rng, rows = Random(seed), []
    for n in range(count):
        bucket = rng.choice(kinds)
        scale, sweep = SCALES.get(bucket, 1.0), rng.uniform(8.0, 14.0)
        realised = sweep + rng.gauss(0.0, scale)
        p90 = sweep + P90 * scale
        rows.append(
            ScoredRow(
                order=OrderKey("desk", Environment.SANDBOX, f"graph:{seed}-{n}:order:1"),
                bucket=bucket.name,
                made_ns=n,
                ended_ns=n + 1,
                symbol="ETH-USD",
                mid_x2=4_650_000_000_000,
                base_bps=sweep + 0.1,
                spread_bps=1.0,
                median_bps=sweep,
                p90_bps=p90,
                walk_bps=sweep,
                law_bps=sweep - 2.0 if n % 2 else None,
                unit_bps=1.0,
                realised_bps=realised,
                filled_share=1.0,
                draw=rng.random(),
                inside=realised < p90,
            )
        )
    return rows
