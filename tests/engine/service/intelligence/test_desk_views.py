"""The desk's answers: null stays null on the wire, and nothing known is left out."""

from __future__ import annotations

import msgspec

from engine.service.intelligence import desk_views
from engine.service.intelligence.desk_views import CentsQuantiles, OptimalityGap, VersionRow


def test_what_is_not_known_is_null_and_not_missing() -> None:
    gap = OptimalityGap(
        p50_bps=None,
        p99_bps=None,
        max_bps=None,
        sample_size=0,
        proven_optimal=None,
        not_redone=0,
        method="m",
    )
    told = msgspec.json.decode(msgspec.json.encode(gap))
    assert set(told) == set(OptimalityGap.__struct_fields__)
    assert told["p50_bps"] is None
    nothing = CentsQuantiles(p50=None, p75=None, p95=None, p99=None, mean=None)
    row = VersionRow(
        routing_version=None,
        unit="cents",
        orders=0,
        filled_orders=0,
        measured_orders=0,
        fill_rate=None,
        notional_usd=0.0,
        notional_1e9=0,
        slippage_bps=None,
        slippage_cents=nothing,
        mean_cost_bps=None,
        mean_cost_cents=None,
        standard_error_bps=None,
        standard_error_cents=None,
        reason="not enough",
    )
    again = msgspec.json.decode(msgspec.json.encode(row), type=VersionRow)
    assert again == row


def test_every_answer_is_offered() -> None:
    for name in desk_views.__all__:
        assert issubclass(getattr(desk_views, name), msgspec.Struct)
