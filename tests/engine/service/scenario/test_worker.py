"""The worker's frames, read back as its parent reads them."""

from __future__ import annotations

import io

import pytest

from engine.service.scenario.setting import Outcome, Task
from engine.service.scenario.worker import (
    HEAD_BYTES,
    decode_outcome,
    encode_task,
    frame_length,
    main,
    outcomes_of,
)
from tests.support.scenarios import COIN, plan, setting


def outcomes_in(written: bytes) -> list[Outcome]:
    found, at = [], 0
    while at < len(written):
        length = frame_length(written[at : at + HEAD_BYTES])
        found.append(decode_outcome(written[at + HEAD_BYTES : at + HEAD_BYTES + length]))
        at += HEAD_BYTES + length
    return found


def test_every_plan_runs_under_every_seed_and_leaves_a_frame() -> None:
    task = Task(setting=setting(), plans=(plan(), plan(qty_1e8=COIN)), runs=2, seed=10)
    sink = io.BytesIO()
    main(io.BytesIO(encode_task(task)), sink)
    found = outcomes_in(sink.getvalue())
    assert found == list(outcomes_of(task))
    assert [(one.plan, one.seed) for one in found] == [(0, 10), (1, 10), (0, 11), (1, 11)]


def test_what_is_no_frame_is_refused() -> None:
    for head in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        with pytest.raises(ValueError, match="not in frames"):
            frame_length(head)
