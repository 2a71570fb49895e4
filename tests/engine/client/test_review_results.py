"""Live views, decisions and reviews as clients read them: no plain tables where rows are known."""

from __future__ import annotations

import msgspec
import pytest

from engine.client import review_results as results
from engine.intelligence import attribution, audit, benchmarks, pace, policy_regret, venue_health
from engine.service.intelligence import review_views, views


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Live, views.LiveView),
        (results.LiveFill, views.FillView),
        (results.InFlightCost, views.InFlightCost),
        (results.Advice, views.Advice),
        (results.Pace, pace.Pace),
        (results.VenueHealth, venue_health.VenueHealth),
        (results.Decision, views.DecisionView),
        (results.DecisionLeg, views.DecisionLeg),
        (results.Candidate, audit.Candidate),
        (results.Review, views.Review),
        (results.OrderState, review_views.OrderState),
        (results.ChildEvent, review_views.ChildEvent),
        (results.Benchmarks, review_views.Benchmarks),
        (results.Markout, benchmarks.Markout),
        (results.Shortfall, attribution.Shortfall),
        (results.FeeReview, review_views.FeeReview),
        (results.VenueFees, review_views.VenueFees),
        (results.OrderForecast, review_views.OrderForecast),
        (results.PolicyRegret, policy_regret.PolicyRegret),
    ],
)
def test_every_field_of_ours_is_one_of_theirs(
    ours: type[msgspec.Struct], theirs: type[msgspec.Struct]
) -> None:
    assert set(ours.__struct_fields__) <= set(theirs.__struct_fields__)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.OrderState, review_views.OrderState),
        (results.Shortfall, attribution.Shortfall),
        (results.FeeReview, review_views.FeeReview),
        (results.VenueFees, review_views.VenueFees),
        (results.OrderForecast, review_views.OrderForecast),
        (results.InFlightCost, views.InFlightCost),
    ],
)
def test_a_part_drops_no_field(ours: type[msgspec.Struct], theirs: type[msgspec.Struct]) -> None:
    assert set(ours.__struct_fields__) == set(theirs.__struct_fields__)


def test_the_parts_of_a_review_are_typed_and_pass_over_what_is_new() -> None:
    raw = (
        b'{"order":{"node_order_id":"graph:g:n:1","filled_qty_1e8":5,"new":1},'
        b'"tca":{"fees_1e9":7,"shortfall_1e9":null,"new":1},"fees":{"realised_1e9":7,'
        b'"per_venue":[{"venue":"v","fills":2}]},"forecast":{"p50_cost_bps":1.5},"new":{}}'
    )
    review = msgspec.json.decode(raw, type=results.Review)
    assert review.order.filled_qty_1e8 == 5
    assert review.tca is not None and review.tca.fees_1e9 == 7
    assert review.fees is not None and review.fees.per_venue[0].fills == 2
    assert review.forecast is not None and review.forecast.p50_cost_bps == 1.5
    live = msgspec.json.decode(
        b'{"node_order_id":"x","tca":{"cost_so_far_bps":2.5,"new":1}}', type=results.Live
    )
    assert live.tca is not None and live.tca.cost_so_far_bps == 2.5


def test_no_answer_holds_a_plain_table() -> None:
    for name in results.__all__:
        struct = getattr(results, name)
        for field in msgspec.structs.fields(struct):
            assert "object" not in str(field.type), (name, field.name)
