"""The wire shapes of walks have a schema, and leave nothing out."""

from __future__ import annotations

import msgspec

from engine.service.quotes import walk_views
from engine.service.quotes.walk_views import Candidate, SlippagePoint


def test_every_shape_has_a_schema() -> None:
    kinds = [getattr(walk_views, name) for name in walk_views.__all__]
    _, found = msgspec.json.schema_components(kinds)
    assert set(walk_views.__all__) <= set(found)


def test_unknown_is_null_and_never_left_out() -> None:
    candidate = Candidate(
        venue="a",
        eligible=False,
        reason="STALE_VENUE",
        taker_fee_bps=None,
        latency_ms=1.0,
        planned_qty_1e8=0,
    )
    assert msgspec.to_builtins(candidate)["taker_fee_bps"] is None
    names = {field.name for field in msgspec.structs.fields(SlippagePoint)}
    assert {"size_usd", "slippage_bps", "fee_bps", "total_cost_bps", "complete"} <= names
