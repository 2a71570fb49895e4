"""What a job answers can be sent, and says by which method."""

from __future__ import annotations

import msgspec

from engine.service.scenario.views import SimulationJob


def test_a_job_says_which_method_it_is_of() -> None:
    job = SimulationJob(
        job_id="sim_1",
        status="running",
        progress=0.25,
        symbol="AAA-USD",
        side="buy",
        qty=1.0,
        qty_1e8=10**8,
        urgency="medium",
        runs=4,
        seed=1,
        mid=None,
        sigma_bps=1.0,
        strategies=(),
        dropped={},
        excluded_venues=(),
        flow=(),
        as_of_ns=1,
        elapsed_ms=0,
        reason="",
    )
    sent = msgspec.json.decode(msgspec.json.encode(job))
    assert sent["method"] == "simulated"
    assert sent["mid"] is None
    assert msgspec.json.decode(msgspec.json.encode(job), type=SimulationJob) == job
