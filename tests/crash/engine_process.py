"""One life of an engine on remote venues, for tests that kill it.

`python tests/crash/engine_process.py SOCKET DATA_DIR GRAPHS` submits every graph of a file of
JSON lines, each with its own graph id, tells of what is accepted and what has ended, one line
each, and leaves with 0 once all have ended. Started again on the same folder it goes on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from engine.service.config import EngineConfig, RemoteVenues
from engine.service.engine import ExecutionEngine

STARTED = time.perf_counter()
POLL_S = 0.01
ENDED = ("completed", "cancelled", "failed")


async def live(address: str, folder: str, graphs: str) -> None:
    """Submit what is not known yet, then watch all of it to its end."""
    venues = RemoteVenues(socket=address, events=False)
    engine = ExecutionEngine(EngineConfig(venues=venues, data_dir=folder, durability="accepted"))
    tell(f"imported {time.perf_counter() - STARTED:.3f}")
    async with engine:
        tell(f"entered {time.perf_counter() - STARTED:.3f}")
        await engine.ready()
        tell(f"ready {time.perf_counter() - STARTED:.3f}")
        waiting = []
        for line in graphs.splitlines():
            graph = json.loads(line)
            # A graph of before answers as it did then: an id is used once.
            run = await engine.submit(graph)
            tell(f"accepted {run.graph_id}" if run.accepted else f"refused {graph} {run.text}")
            waiting.append(graph["graph_id"])
        while waiting:
            for graph_id in tuple(waiting):
                state = await engine.status(graph_id)
                if state.status.value in ENDED:
                    waiting.remove(graph_id)
                    tell(f"ended {graph_id} {state.status.value} {state.reason}")
            await asyncio.sleep(POLL_S)
    tell("all ended")


def tell(line: str) -> None:
    """One line for whoever started this process."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_text()))
