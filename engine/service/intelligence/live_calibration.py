"""The calibrator over a running engine: from its stream into `forecasts.db` beside the journal."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibration
from engine.messages import Subscribe, Unsubscribe
from engine.model.graph import Graph
from engine.model.instruments import Environment
from engine.model.records import JournalEntry
from engine.service.access.database import is_damaged, set_aside
from engine.service.intelligence.calibrator import Calibrator
from engine.service.intelligence.forecast_log import (
    FORECASTS_NAME,
    EndedRow,
    ForecastLog,
    ForecastRow,
    OrderKey,
)

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["LiveCalibration"]

log = logging.getLogger("execgraph")

# Each costs the event loop a fifth of a millisecond: 4 % of its time at most.
SAMPLED_A_SECOND = 200


class LiveCalibration:
    """From `start` to `close` orders that start are forecast, and scored when they end: all of
    them up to 200 a second, a sample of a busier engine's.

    Without a `folder` outcomes last as long as the object. An order that ended while nobody
    listened keeps its open forecast until that is the oldest of too many, and is never scored.
    """

    def __init__(self, engine: ExecutionEngine, folder: Path | None = None) -> None:
        self.engine = engine
        self.folder = folder
        self.calibrator: Calibrator | None = None
        self._log: ForecastLog | None = None

    @property
    def state(self) -> Calibration | None:
        """What was learned so far; None before the start."""
        return None if self.calibrator is None else self.calibrator.calibration

    def start(self) -> None:
        """Read what was learned and begin to listen; further calls do nothing.

        A damaged file of forecasts is set aside. ConfigError for one that cannot be used: of a
        newer engine, or not to be written.
        """
        if self.calibrator is not None:
            return
        path = None if self.folder is None else self.folder / FORECASTS_NAME
        try:
            self._open(path)
        except (ConfigError, sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            damaged = isinstance(error, msgspec.MsgspecError) or is_damaged(error)
            if path is None or not (damaged or is_damaged(error.__cause__)):
                raise
            if self._log is not None:
                self._log.close()
            # It is no record of money, and nothing to stop trading for.
            log.warning("%s is damaged (%s) and was kept as %s", path, error, set_aside(path))
            self._open(path)
        self.engine.tell(self.engine.world.stream, Subscribe(self, None, None))

    def close(self) -> None:
        """Stop listening and let the file go; further calls do nothing."""
        if self._log is None:
            return
        # The stream may have more for us under way; `deliver` refuses it.
        self._log.close()
        self._log = None
        try:
            self.engine.tell(self.engine.world.stream, Unsubscribe(self))
        except ConfigError:
            log.debug("the engine has ended and has no stream left to leave")

    def open_forecast(
        self, client_id: str, environment: Environment, order_id: str
    ) -> ForecastRow | None:
        """What was forecast of an order as it started; None where it was not, or has ended."""
        if self._log is None:
            return None
        return self._log.open_forecast(OrderKey(client_id, environment, order_id))

    def ended_forecast(
        self, client_id: str, environment: Environment, order_id: str
    ) -> EndedRow | None:
        """What was forecast of an order, and what it came to; None where that is not kept."""
        if self._log is None:
            return None
        return self._log.ended_forecast(OrderKey(client_id, environment, order_id))

    def deliver(self, entries: Sequence[JournalEntry]) -> bool:
        """Called by the stream actor with what has become durable."""
        if self._log is None or self.calibrator is None:
            return False
        try:
            return self.calibrator.deliver(entries)
        except sqlite3.Error as error:
            # A forecast that is not kept costs a sample, never an order.
            log.warning("a forecast could not be kept: %s", error)
            return True

    def _open(self, path: Path | None) -> None:
        self._log = ForecastLog(path)
        self.calibrator = Calibrator(
            self.engine.world,
            self._log,
            time.time_ns,
            parameters=self.engine.config.policies,
            graph_of=self._graph_of,
            a_second=SAMPLED_A_SECOND,
            failed=lambda error: log.warning("an order could not be forecast or scored: %r", error),
        )

    def _graph_of(self, client: str, environment: Environment, graph_id: str) -> Graph | None:
        """A graph that was accepted before this start."""
        stored = self.engine.queries.graph(client, environment, graph_id)
        return None if stored is None else stored.accepted.graph
