"""A task survives the way to another process."""

from __future__ import annotations

from engine.model.graph import Policy
from engine.service.scenario.setting import Task
from engine.service.scenario.worker import decode_task, encode_task
from tests.support.scenarios import plan, setting


def test_a_task_comes_out_of_the_wire_as_it_went_in() -> None:
    task = Task(
        setting=setting(trades_per_s=2.0),
        plans=(plan(), plan(Policy.PASSIVE_LIMIT, horizon_ms=500)),
        runs=3,
        seed=7,
    )
    assert decode_task(encode_task(task)) == task
