"""The review of REST over the files of a data directory, with no engine running.

It is `Intelligence.review` itself, with a stand-in for the engine that has one instrument's
listings, the journal, and the prices and forecasts that were kept. Nothing is written.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from engine.decisions.admission import InstrumentHandle
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.model.instruments import Environment, InstrumentType, Listing
from engine.service.cli.stored_prices import StoredHistory, connect_beside
from engine.service.config import EngineConfig
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.forecast_log import (
    FORECASTS_NAME,
    OrderKey,
    ended_forecast,
    open_forecast,
)
from engine.service.intelligence.order_forecast import Said
from engine.service.intelligence.pictures import Pictures
from engine.service.intelligence.views import Review
from engine.store.queries import Queries

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["StoredBoard"]

log = logging.getLogger("execgraph")


class StoredWorld(msgspec.Struct, frozen=True):
    """The instrument of an order, as the joined cast of an engine would have it."""

    markets: Mapping[str, MarketBlock]
    symbols: Mapping[str, InstrumentHandle]
    tapes: Mapping[str, MarketTape]


class StoredEngine:
    """What the review needs of an engine: its configuration, its record and its instruments."""

    def __init__(self, queries: Queries, environment: Environment, world: StoredWorld) -> None:
        self.config = EngineConfig()
        self.queries = queries
        self.environment = environment
        self.world = world

    async def flush(self) -> None:
        """Nothing: what is not durable yet is not seen from here."""


class StoredBoard(Intelligence):
    """Reviews the orders of one instrument; `listings` are its own, in the order of their rows."""

    def __init__(
        self, queries: Queries, environment: Environment, folder: Path, listings: Sequence[Listing]
    ) -> None:
        # Not the engine's own start: it would open files for writing and watch markets.
        stored = StoredEngine(queries, environment, world_of(listings))
        self.folder = folder
        self.engine = cast("ExecutionEngine", stored)
        self.quotes = None
        self.pictures = Pictures(self.engine)
        self.stored_history = StoredHistory(
            self.engine, folder, listings[0].instrument.symbol if listings else ""
        )
        self.history = self.stored_history
        self._known = None

    def start(self) -> None:
        """Nothing: there is no market to watch."""

    def close(self) -> None:
        """Let the files go."""
        self.stored_history.close()

    async def review(
        self, client_id: str, node_order_id: str, decision_price_1e9: int | None = None
    ) -> Review:
        """The review of REST; why the file of prices was no help is said first of what is missing.

        ApiError for an order that is not there.
        """
        made = await super().review(client_id, node_order_id, decision_price_1e9)
        why = self.stored_history.reader.why
        return msgspec.structs.replace(made, missing=(why, *made.missing)) if why else made

    def _said(self, client_id: str, node_order_id: str) -> Said:
        """What was forecast of an order, from the file beside the journal."""
        key = OrderKey(client_id, self.engine.environment, node_order_id)
        return said_in(self.folder / FORECASTS_NAME, key)


def world_of(listings: Sequence[Listing]) -> StoredWorld:
    """One instrument; none where nobody lists it any more."""
    if not listings:
        return StoredWorld({}, {}, {})
    instrument = listings[0].instrument
    market = MarketBlock(instrument, listings)
    symbol, event = instrument.symbol, instrument.type is InstrumentType.PREDICTION
    handle = InstrumentHandle(symbol, tuple(listings), market, 0)
    return StoredWorld({symbol: market}, {symbol: handle}, {symbol: MarketTape(event)})


def said_in(path: Path, order: OrderKey) -> Said:
    """What a file of forecasts has of an order; nothing where it cannot be read."""
    if not path.is_file():
        return Said()
    try:
        with closing(connect_beside(path)) as connection:
            return Said(open_forecast(connection, order), ended_forecast(connection, order))
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        log.warning("what was forecast cannot be read: %s", error)
        return Said()
