"""The process that runs scenarios: a task comes in on standard input, outcomes leave as they come.

A process of its own keeps the engine's event loop free, and can be ended at any time. It is given
nothing but the task: no data folder, no keys, no way to a venue. Each frame out is its length in
four bytes and a msgpack `Outcome`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from engine.kernels.warm_up import warm_up
from engine.service.scenario.market import run_plan
from engine.service.scenario.setting import Outcome, Task

__all__ = ["HEAD_BYTES", "decode_outcome", "encode_task", "frame_length", "main", "outcomes_of"]

HEAD_BYTES: Final = 4
FRAME_MAX: Final = 65_536
NICE: Final = 10

encode_task = msgspec.msgpack.Encoder().encode
decode_task = msgspec.msgpack.Decoder(Task).decode
encode_outcome = msgspec.msgpack.Encoder().encode
decode_outcome = msgspec.msgpack.Decoder(Outcome).decode


def outcomes_of(task: Task) -> Iterator[Outcome]:
    """Every run of the task: all plans under one seed, then under the next.

    Plans share a seed's market, so that they are compared under the same circumstances.
    """
    for run in range(task.runs):
        for index, plan in enumerate(task.plans):
            yield run_plan(task.setting, plan, index, task.seed + run)


def frame_length(head: bytes) -> int:
    """Length of the frame that a head announces; ValueError for one that cannot be."""
    length = int.from_bytes(head, "big")
    if not 0 < length <= FRAME_MAX:
        raise ValueError("the worker's output is not in frames")
    return length


def main(source: BinaryIO, sink: BinaryIO) -> None:
    """Read one task to the end of the input, then work and write."""
    task = decode_task(source.read())
    warm_up()
    for outcome in outcomes_of(task):
        payload = encode_outcome(outcome)
        sink.write(len(payload).to_bytes(HEAD_BYTES, "big") + payload)
        sink.flush()


if __name__ == "__main__":
    # Orders go first: this only takes what they leave.
    os.nice(NICE)
    main(sys.stdin.buffer, sys.stdout.buffer)
