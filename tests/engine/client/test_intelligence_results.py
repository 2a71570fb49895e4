"""Answers of execution intelligence know no field that the facade has not."""

from __future__ import annotations

import msgspec
import pytest

from engine.client import intelligence_results as results
from engine.intelligence.capacity import CapacityPoint
from engine.intelligence.forecast import FillConfidence, VenueCost
from engine.intelligence.pace import Pace
from engine.intelligence.strategies import Strategy
from engine.service.intelligence import desk_views, observation_views, views
from engine.service.scenario.result import StrategyRuns
from engine.service.scenario.views import SimulationJob


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Forecast, views.ForecastView),
        (results.Simulation, views.SimulationView),
        (results.Live, views.LiveView),
        (results.Observations, observation_views.ObservationsView),
        (results.Decision, views.DecisionView),
        (results.Review, views.Review),
        (results.Summary, desk_views.SummaryView),
        (results.SummaryRow, desk_views.SummaryRow),
        (results.Quantiles, desk_views.SlippageQuantiles),
        (results.Pace, Pace),
        (results.SimulationJob, SimulationJob),
        (results.StrategyRuns, StrategyRuns),
        (results.AbReport, desk_views.AbReport),
        (results.VersionRow, desk_views.VersionRow),
        (results.VersionDifference, desk_views.VersionDifference),
    ],
)
def test_every_field_of_ours_is_one_of_theirs(
    ours: type[msgspec.Struct], theirs: type[msgspec.Struct]
) -> None:
    assert set(ours.__struct_fields__) <= set(theirs.__struct_fields__)


def test_what_could_not_be_computed_is_none() -> None:
    raw = b'{"symbol":"A","side":"buy","expected_cost_bps":null,"missing":["no volume"]}'
    forecast = msgspec.json.decode(raw, type=results.Forecast)
    assert forecast.expected_cost_bps is None and forecast.missing == ("no volume",)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Strategy, Strategy),
        (results.VenueCost, VenueCost),
        (results.CapacityPoint, CapacityPoint),
        (results.CostLevel, FillConfidence),
        (results.VenueSeen, observation_views.VenueSeen),
    ],
)
def test_a_row_drops_no_field(ours: type[msgspec.Struct], theirs: type[msgspec.Struct]) -> None:
    assert set(ours.__struct_fields__) == set(theirs.__struct_fields__)
