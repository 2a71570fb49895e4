"""A scenario task in a process of its own, which can be ended at any time."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine import errors
from engine.service.scenario.setting import Outcome, Task
from engine.service.scenario.worker import HEAD_BYTES, decode_outcome, encode_task, frame_length

__all__ = ["run_task", "surroundings"]

WORKER: Final = "engine.service.scenario.worker"
# All that a worker gets of our surroundings: no token or key is among it.
KEPT: Final = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "NUMBA_CACHE_DIR",
    "PATH",
    "PYTHONPATH",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
)

log = logging.getLogger("execgraph")


async def run_task(task: Task, take: Callable[[Outcome], None]) -> str:
    """Do a task and give each outcome to `take`; why it failed, empty when it did not.

    OSError where no process can be started, ValueError for output that is none of a worker's. When
    cancelled the process is killed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        WORKER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=surroundings(),
    )
    source, sink, said = process.stdin, process.stdout, process.stderr
    assert source is not None, "it was piped"
    assert sink is not None, "it was piped"
    assert said is not None, "it was piped"
    listening = asyncio.create_task(said.read())
    try:
        source.write(encode_task(task))
        source.close()
        for _ in range(task.runs * len(task.plans)):
            try:
                head = await sink.readexactly(HEAD_BYTES)
                take(decode_outcome(await sink.readexactly(frame_length(head))))
            except asyncio.IncompleteReadError:
                # It ended before its work did; its exit code and last words say why.
                break
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        words = (await listening).decode(errors="replace").strip().splitlines()
    if not code:
        return ""
    log.warning("a scenario worker ended with %s: %s", code, " | ".join(words[-5:]))
    return "the process of the simulation failed; the log says why"


def surroundings() -> dict[str, str]:
    """The environment of a worker: where its code and its kernels' cache are, and little else."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    assert errors.__file__ is not None, "the package lies on a disk"
    root = str(Path(errors.__file__).parent.parent)
    paths = [root, *filter(None, kept.get("PYTHONPATH", "").split(os.pathsep))]
    kept["PYTHONPATH"] = os.pathsep.join(paths)
    return kept
