"""The review of REST over the files of a data directory, with no engine running.

It is `Intelligence.review` itself, with a stand-in for the engine that has one instrument's
listings, the journal, the prices that were kept, and what its router had learned when that was last
saved. Nothing is written.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from engine.decisions.admission import InstrumentHandle
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.observations_memory import ObservationsMemory, recall
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.picture import MarketPicture
from engine.model.instruments import Environment, InstrumentType, Listing
from engine.service.cli.stored_prices import StoredHistory, connect_beside
from engine.service.config import EngineConfig
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.forecast_log import (
    FORECASTS_NAME,
    OrderKey,
    ended_forecast,
    open_forecast,
)
from engine.service.intelligence.observations_file import OBSERVATIONS_NAME
from engine.service.intelligence.observer import ROUTER
from engine.service.intelligence.order_forecast import Said
from engine.service.intelligence.pictures import Pictures
from engine.service.intelligence.views import Review
from engine.store.queries import Queries

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["StoredBoard"]

log = logging.getLogger("execgraph")

LEARNED: Final = "SELECT body FROM records WHERE name = ?"
decode_router = msgspec.msgpack.Decoder(ObservationsMemory).decode


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


class StoredPictures(Pictures):
    """The picture of the one instrument, with what its router had learned."""

    def __init__(self, engine: ExecutionEngine, folder: Path) -> None:
        super().__init__(engine)
        self.folder = folder

    def picture(self, symbol: str) -> MarketPicture:
        """Made anew; its books are empty, and estimates put recorded ones in their place."""
        world, config = self.engine.world, self.engine.config
        market = world.markets[symbol]
        seen = VenueObservations(market.listings)
        memory = learned_of(self.folder, symbol)
        if memory is not None:
            # As it was then, so that a review says the same whenever it is read.
            recall(seen, market.listings, memory, memory.saved_ns)
        return MarketPicture(market, seen, world.tapes[symbol], config.coefficients)


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
        self.pictures = StoredPictures(self.engine, folder)
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

    async def _facts(self, client_id: str, node_order_id: str) -> OrderFacts:
        """What is recorded, and the tape as the order found it."""
        facts = await super()._facts(client_id, node_order_id)
        symbol = facts.row.symbol
        tape = self.engine.world.tapes.get(symbol)
        if tape is not None and not tape.began_ns:
            self.stored_history.fill_tape(tape, symbol, facts.started_ns)
        return facts


def world_of(listings: Sequence[Listing]) -> StoredWorld:
    """One instrument; none where nobody lists it any more."""
    if not listings:
        return StoredWorld({}, {}, {})
    instrument = listings[0].instrument
    market = MarketBlock(instrument, listings)
    symbol, event = instrument.symbol, instrument.type is InstrumentType.PREDICTION
    handle = InstrumentHandle(symbol, tuple(listings), market, 0)
    return StoredWorld({symbol: market}, {symbol: handle}, {symbol: MarketTape(event)})


def learned_of(folder: Path, symbol: str) -> ObservationsMemory | None:
    """What the instrument's router had learned when that was last saved; None where it was not."""
    path = folder / OBSERVATIONS_NAME
    if not path.is_file():
        return None
    try:
        with closing(connect_beside(path)) as connection:
            found = connection.execute(LEARNED, (f"{ROUTER}@{symbol}",)).fetchone()
        return None if found is None else decode_router(found[0])
    except (sqlite3.Error, msgspec.MsgspecError) as error:
        log.warning("what was learned of %s cannot be read: %s", symbol, error)
        return None


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
