"""Answers of execution intelligence know no field that the facade has not."""

from __future__ import annotations

import msgspec
import pytest

from engine.client import intelligence_results as results
from engine.intelligence.strategies import Strategy
from engine.service.intelligence import desk_views, observation_views, views
from engine.service.scenario.result import StrategyRuns
from engine.service.scenario.views import SimulationJob


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Simulation, views.SimulationView),
        (results.Observations, observation_views.ObservationsView),
        (results.Summary, desk_views.SummaryView),
        (results.SummaryRow, desk_views.SummaryRow),
        (results.Quantiles, desk_views.SlippageQuantiles),
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


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Strategy, Strategy),
        (results.VenueSeen, observation_views.VenueSeen),
        (results.OptimalityGap, desk_views.OptimalityGap),
        (results.TimesSeen, observation_views.TimesSeen),
        (results.MarkoutSeen, observation_views.MarkoutSeen),
        (results.FillModel, observation_views.FillModel),
        (results.TouchChance, observation_views.TouchChance),
    ],
)
def test_a_row_drops_no_field(ours: type[msgspec.Struct], theirs: type[msgspec.Struct]) -> None:
    assert set(ours.__struct_fields__) == set(theirs.__struct_fields__)


def test_rows_of_a_venue_are_typed() -> None:
    raw = b'{"venue":"v","answer":{"p50_ms":30.0,"p90_ms":null,"new":1},"fill_model":{"fills":2}}'
    seen = msgspec.json.decode(raw, type=results.VenueSeen)
    assert seen.answer is not None and seen.answer.p50_ms == 30.0
    assert seen.fill_model is not None and seen.fill_model.fills == 2
    assert seen.frame_age is None and seen.touch_chances == ()
