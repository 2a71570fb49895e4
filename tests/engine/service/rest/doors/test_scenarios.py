"""Simulations in seeded markets over REST: a job, its progress, whose it is; what is learned."""

from __future__ import annotations

import asyncio

from tests.support.rest_world import RestWorld, with_rest

ORDER = "symbol=BTC-USD&side=buy&qty=1"


def test_a_simulated_comparison_is_a_job_that_ends() -> None:
    async def test(world: RestWorld) -> None:
        path = f"/v1/execution/simulate?{ORDER}&method=simulated&runs=2&seed=3&urgency=high"
        job = await world.ok("GET", path)
        assert (job["method"], job["status"], job["runs"], job["seed"]) == (
            "simulated",
            "running",
            2,
            3,
        )
        where = f"/v1/execution/simulate/jobs/{job['job_id']}"
        async with asyncio.timeout(60):
            while (job := await world.ok("GET", where))["status"] == "running":
                await asyncio.sleep(0.1)
        assert (job["status"], job["progress"]) == ("done", 1.0)
        assert sorted(one["name"] for one in job["strategies"]) == [
            "aggressive",
            "passive",
            "split",
        ]
        for one in job["strategies"]:
            assert one["runs"] == 2
            assert one["p90"] >= one["p50"] == one["est_cost_bps"]
        closed = await world.ok("GET", f"/v1/execution/simulate?{ORDER}")
        assert closed["method"] == "closed_form"

    with_rest(test)


def test_what_cannot_be_simulated_is_refused() -> None:
    async def test(world: RestWorld) -> None:
        assert (await world.go("GET", "/v1/execution/simulate/jobs/sim_0")).status == 404
        for more in ("runs=0", "runs=100000", "seed=-1", "strategies=magic", "exclude_venues=mars"):
            path = f"/v1/execution/simulate?{ORDER}&method=simulated&{more}"
            assert (await world.go("GET", path)).status in (400, 422)

    with_rest(test)


def test_what_was_learned_is_told_with_what_is_not_known_yet() -> None:
    async def test(world: RestWorld) -> None:
        await asyncio.sleep(2.5)
        found = await world.ok("GET", "/v1/execution/observations?symbol=BTC-USD")
        assert found["symbol"] == "BTC-USD"
        assert [one["venue"] for one in found["venues"]] == ["binance", "coinbase", "kraken"]
        for one in found["venues"]:
            assert one["frame_age"]["weight"] >= 1
            assert one["frame_age"]["p50_ms"] > 0
            assert one["reject_rate"] is None
            assert one["taker_markouts"][0]["mean_bps"] is None
            assert one["fill_model"]["seconds"] >= 2
            assert 0 < one["touch_chances"][0]["probability"] < 1
        assert found["volume_curve"] is None
        assert (await world.go("GET", "/v1/execution/observations?symbol=NOPE")).status == 404

    with_rest(test)
