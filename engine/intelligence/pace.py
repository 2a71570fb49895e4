"""Whether an order is ahead of or behind what it was expected to have done by now."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.model.graph import Execution, Policy

__all__ = ["Pace", "expected_share", "pace_of"]

MS: Final = 1_000_000
TOLERANCE: Final = 0.05


class Pace(msgspec.Struct, frozen=True, gc=False):
    """`status` is ahead, on_track, behind, or unknown where the order has no schedule (`reason`).

    Shares are of the whole quantity; `elapsed_ms` since the node became active.
    """

    status: str
    expected_share: float | None
    filled_share: float
    elapsed_ms: int
    reason: str


def expected_share(
    execution: Execution, elapsed_ns: int, usual_ms: int | None, limit: bool
) -> tuple[float | None, str]:
    """The share that should be done after `elapsed_ns`, and by which rule.

    `usual_ms` is how long its strategy is estimated to take, None when that is not known.
    """
    pacing = execution.pacing
    if pacing is not None:
        slices = pacing.uniform or pacing.vwap
        if slices is None:
            return None, "a share of the volume has no schedule of its own"
        done = min(slices.num_slices, elapsed_ns // (slices.interval_ms * MS))
        return done / slices.num_slices, "slices that should have been sent"
    if execution.policy is Policy.SOR and limit:
        return None, "a limit order waits for its price"
    if usual_ms is None:
        return None, "the books do not show enough to estimate its time"
    if usual_ms <= 0:
        return 1.0, "it should be done at once"
    return min(1.0, elapsed_ns / (usual_ms * MS)), "a straight line to its estimated time"


def pace_of(filled_share: float, expected: float | None, elapsed_ns: int, rule: str) -> Pace:
    """The verdict, with five percent of the quantity as tolerance."""
    if expected is None:
        return Pace("unknown", None, filled_share, elapsed_ns // MS, rule)
    gap = filled_share - expected
    status = "ahead" if gap > TOLERANCE else "behind" if gap < -TOLERANCE else "on_track"
    return Pace(status, expected, filled_share, elapsed_ns // MS, rule)
