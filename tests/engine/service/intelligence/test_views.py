"""The wire names that the reference's readers look for."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.intelligence import desk_views, views

NAMES = {
    views.ForecastView: {
        "mid",
        "expected_cost_bps",
        "downside_cost_bps",
        "fill_confidence",
        "capacity_curve",
        "venue_ranking",
        "urgency_tradeoff",
        "source",
    },
    views.SimulationView: {"strategies", "method"},
    views.LiveView: {"pace", "advice", "venue_health", "terminal", "fills", "tca"},
    views.Review: {"order", "children", "decisions", "benchmarks", "tca", "fees"},
    desk_views.SummaryView: {
        "total_orders",
        "total_fills",
        "total_notional_usd",
        "slippage_bps",
        "per_venue",
        "per_symbol",
    },
    views.DecisionView: {
        "decision_id",
        "node_order_id",
        "ts_unix_ns",
        "routing_version",
        "candidates",
        "legs",
        "est_cost_bps",
        "chosen",
    },
}


@pytest.mark.parametrize("view", list(NAMES))
def test_answers_have_the_names_of_the_reference(view: type[msgspec.Struct]) -> None:
    assert NAMES[view] <= set(view.__struct_fields__)


def test_answers_cannot_be_changed_and_encode() -> None:
    one = views.Advice(action="none", reason="why", value=None)
    with pytest.raises(AttributeError):
        one.action = "wait"  # type: ignore[misc]  # that it is refused is the test
    assert msgspec.json.decode(msgspec.json.encode(one)) == {
        "action": "none",
        "reason": "why",
        "value": None,
        "unit": "",
    }
