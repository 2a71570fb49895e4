"""Forecasts as clients read them: every field of the answer, all the way down."""

from __future__ import annotations

import msgspec
import pytest

from engine.client import forecast_results as results
from engine.intelligence import capacity, forecast, frontier
from engine.service.intelligence import views
from tests.support.markets import NOW_NS
from tests.support.pictures import random_picture


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (results.Forecast, views.ForecastView),
        (results.VenueCost, forecast.VenueCost),
        (results.BookCost, forecast.BookCost),
        (results.CostLevel, forecast.FillConfidence),
        (results.CapacityPoint, capacity.CapacityPoint),
        (results.SizeAtCost, capacity.SizeAtCost),
        (results.FrontierPoint, frontier.FrontierPoint),
        (results.UrgencyChoice, frontier.UrgencyChoice),
        (results.UrgencyTradeoff, frontier.UrgencyTradeoff),
        (results.BookAge, views.BookAge),
    ],
)
def test_no_field_is_dropped(ours: type[msgspec.Struct], theirs: type[msgspec.Struct]) -> None:
    assert set(ours.__struct_fields__) == set(theirs.__struct_fields__)


@pytest.mark.parametrize("seed", range(3))
def test_a_forecast_reads_back_as_it_was_made(seed: int) -> None:
    picture = random_picture(seed)
    assert picture.look(0, NOW_NS)
    made = msgspec.to_builtins(forecast.forecast(picture, 3 * 10**9))
    raw = msgspec.json.encode({**made, "symbol": "A", "side": "buy", "of_a_newer_server": [1]})
    read = msgspec.json.decode(raw, type=results.Forecast)
    assert read.urgency_tradeoff is not None and read.urgency_tradeoff.low is not None
    assert read.urgency_tradeoff.frontier and read.size_at_cost and read.book is not None
    told = msgspec.to_builtins(read)
    # Through JSON, where a tuple is a list.
    for name, value in msgspec.json.decode(msgspec.json.encode(made)).items():
        assert msgspec.json.decode(msgspec.json.encode(told[name])) == value, name


def test_what_could_not_be_computed_is_none() -> None:
    raw = b'{"symbol":"A","side":"buy","expected_cost_bps":null,"missing":["no volume"]}'
    read = msgspec.json.decode(raw, type=results.Forecast)
    assert read.expected_cost_bps is None and read.missing == ("no volume",)
    assert read.book is None and read.books == () and read.urgency_tradeoff is None
