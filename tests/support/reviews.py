"""Reviews to show: of an order that filled on a sandbox, and of one that filled nothing."""

from __future__ import annotations

from functools import cache

import msgspec

from engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.views import Review
from tests.support.intelligence_rig import ended, with_board

__all__ = ["filled_review", "unfilled_review"]


@cache
def filled_review() -> Review:
    """Of a buy of 20 ETH-USD; an engine runs for the first of a session."""

    async def work(engine: ExecutionEngine, board: Intelligence) -> Review:
        return await board.review("local", await ended(engine, "a", qty=20))

    return with_board(work)


def unfilled_review(reason: str = "its time ran out") -> Review:
    """The same order, had none of its children filled."""
    whole = filled_review()
    order = msgspec.structs.replace(
        whole.order,
        status="expired",
        reason=reason,
        filled_qty_1e8=0,
        avg_fill_price_1e9=None,
        fill_count=0,
    )
    children = tuple(
        msgspec.structs.replace(
            one, filled_qty_1e8=0, avg_fill_price_1e9=None, last_fill_ns=None, state="cancelled"
        )
        for one in whole.children
    )
    fees = msgspec.structs.replace(
        whole.fees, realised_1e9=0, realised_bps=None, drift_bps=None, per_venue=()
    )
    return msgspec.structs.replace(
        whole,
        order=order,
        children=children,
        decisions=(),
        fees=fees,
        policy_regret=None,
        missing=("policy_regret_bps: no decision recorded books to estimate others on",),
    )
