"""What is kept up while nobody asks: roll-ups near the journal, and the sampled router gap."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import ConfigError
from engine.service.intelligence.desk import DeskTotals
from engine.service.intelligence.optimality import GapSampler
from engine.service.intelligence.rollup_file import ROLLUPS_NAME, RollupFile

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["Upkeep"]

log = logging.getLogger("execgraph")

PERIOD_S: Final = 1.0
# A summary that finds no more than this unread answers within the time of its promise.
BEHIND_ENTRIES: Final = 5_000


class Upkeep:
    """One task from `start` to `close`. Looks once a second; does nothing while nothing is new."""

    def __init__(self, engine: ExecutionEngine) -> None:
        self.engine = engine
        self.gaps = GapSampler()
        self._totals: DeskTotals | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; needs a running event loop. Further calls do nothing."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self) -> None:
        """Stop, and keep what was read. Runs while the engine's files are still open."""
        if self._task is not None:
            self._task.cancel()
        totals = self._totals
        if totals is not None and totals.file is not None:
            try:
                totals.save()
            except sqlite3.Error as error:
                log.warning("the last roll-ups were not kept: %s", error)
            totals.file.close()

    def totals(self) -> DeskTotals:
        """The roll-ups of the engine's journal, made when first asked for."""
        queries = self.engine.queries
        if self._totals is None or self._totals.queries is not queries:
            folder = self.engine.config.data_dir
            file = None if folder is None else RollupFile(Path(folder) / ROLLUPS_NAME)
            self._totals = DeskTotals(queries, file)
        return self._totals

    async def turn(self) -> None:
        """One look."""
        store, queries, _ = self.engine.journal_parts
        self.gaps.sample(queries)
        totals = self.totals()
        if store.last_seq - totals.last_fill >= BEHIND_ENTRIES and totals.behind():
            await totals.catch_up()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                await self.turn()
            except ConfigError:
                # The engine has been left; there is nothing to look at any more.
                return
            except sqlite3.Error as error:
                log.warning("the roll-ups wait for the journal: %s", error)
