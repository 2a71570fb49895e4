"""TCA of many orders is the summary of all days."""

from __future__ import annotations

from datetime import date

import pytest

from engine.service.api_error import ApiError
from engine.service.rest.doors.analytics import utc_day, window
from tests.support.rest_world import BUY, RestWorld, with_rest


def test_both_paths_tell_what_orders_cost() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        found = await world.ok("GET", "/v1/tca?symbol=BTC-USD")
        assert (found["total_orders"], found["symbol"]) == (1, "BTC-USD")
        assert found["total_fills"] >= 1
        assert found["total_fees_1e9"] > 0
        assert await world.ok("GET", "/v1/analytics/tca?symbol=BTC-USD") == found
        assert (await world.ok("GET", "/v1/tca?until=2021-01-01T00:00:00Z"))["total_orders"] == 0
        routed = await world.ok("GET", "/v1/tca?routing_version=1")
        assert (routed["total_orders"], routed["total_fills"]) == (1, found["total_fills"])
        assert (await world.ok("GET", "/v1/tca?routing_version=2"))["total_orders"] == 0
        for query in ("since=yesterday", "symbol=NO-SUCH", "routing_version=9"):
            assert (await world.go("GET", f"/v1/tca?{query}")).status in (400, 404, 422)

    with_rest(test)


def test_the_report_by_routing_version_says_when_there_is_not_enough() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        found = await world.ok("GET", "/v1/analytics/ab_report?symbol=BTC-USD")
        (row,) = found["versions"]
        assert (row["routing_version"], row["orders"], row["filled_orders"]) == (1, 1, 1)
        assert row["mean_cost_bps"] is not None
        assert row["standard_error_bps"] is None
        assert row["reason"].startswith("not enough")
        assert found["differences"] == []
        other = await world.ok("GET", "/v1/analytics/ab_report?until=2021-01-01T00:00:00Z")
        assert other["versions"] == []
        for query in ("since=yesterday", "symbol=NO-SUCH"):
            assert (await world.go("GET", f"/v1/analytics/ab_report?{query}")).status in (400, 404)

    with_rest(test)


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [("xx", None, "since"), (None, "2026-13-01", "until"), ("2026-02-02", "2026-01-01", "since")],
)
def test_a_fault_is_told_by_the_name_that_was_given(
    since: str | None, until: str | None, field: str
) -> None:
    with pytest.raises(ApiError) as refused:
        window(since, until)
    assert [name for name, _ in refused.value.details] == [field]
    assert field in str(refused.value) and "_date" not in str(refused.value)


def test_moments_are_days_in_utc() -> None:
    assert utc_day("since", "2026-01-01T23:00:00-05:00") == date(2026, 1, 2)
    assert utc_day("since", "2026-01-01T23:00:00Z") == date(2026, 1, 1)
    assert window(None, "1999-05-05") == {"start_date": "1999-05-05", "end_date": "1999-05-05"}
    assert window("2026-01-01", None) == {"start_date": "2026-01-01", "end_date": None}


def test_a_refusal_over_rest_names_parameter_and_choices() -> None:
    async def test(world: RestWorld) -> None:
        order = "symbol=BTC-USD&qty=1"
        for path, field, words in (
            ("/v1/tca?since=xx", "since", "since is a day"),
            (f"/v1/execution/forecast?{order}&side=hold", "side", "known are buy, sell"),
            (f"/v1/execution/forecast?{order}", "side", "is missing"),
            (
                f"/v1/execution/simulate?{order}&side=buy&urgency=fast",
                "urgency",
                "known are low, medium, high",
            ),
            (f"/v1/execution/forecast?{order}&side=buy&urgncy=low", "urgncy", "qty, urgency"),
            ("/v1/intelligence/slippage?symbol=BTC-USD&sizes=1e30", "sizes", "out of range"),
            ("/v1/intelligence/routing?symbol=BTC-USD&qty=1e30", "qty", ""),
            ("/v1/execution/forecast?symbol=BTC-USD&side=buy&qty=1e30", "qty", ""),
        ):
            answer = await world.go("GET", path)
            error = answer.json["error"]
            assert answer.status in (400, 422), path
            assert [one["field"] for one in error["details"]] == [field], path
            assert words in error["message"] and field in error["message"], path

    with_rest(test)
