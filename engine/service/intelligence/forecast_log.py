"""The forecasts of submitted orders and what became of them, in a small file beside the journal.

Exact across restarts and bounded: of each kind of order the newest outcomes that its windows hold
are kept, of open forecasts at most `OPEN_MAX`, and of orders that need no more watching the newest
`ENDED_MAX`, each with what was said of it and what it came to. It is no record of money: without it
forecasts start from the stated prior again.

An order is its client, its environment and its id: clients choose the ids of their graphs, so that
two of them may have orders of one id at work. Files of format 1 knew the id alone; of them what was
learned is kept, since it is of kinds and not of orders, and what was open is not scored. Files of
format 2 did not keep what was said of an order that did not count.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibration, Estimate
from engine.intelligence.conformal import Tally
from engine.intelligence.residuals import WINDOW, Bucket
from engine.model.instruments import Environment

__all__ = [
    "ENDED_MAX",
    "FORECASTS_NAME",
    "OPEN_MAX",
    "EndedRow",
    "ForecastLog",
    "ForecastRow",
    "OrderKey",
    "ScoredRow",
    "ended_forecast",
    "open_forecast",
]

log = logging.getLogger("execgraph")

FORECASTS_NAME: Final = "forecasts.db"
OPEN_MAX: Final = 65_536
ENDED_MAX: Final = 65_536
FORMAT: Final = 3
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS forecasts(
    number INTEGER PRIMARY KEY, client_id TEXT NOT NULL, environment TEXT NOT NULL,
    order_id TEXT NOT NULL, row BLOB NOT NULL, UNIQUE (client_id, environment, order_id));
CREATE TABLE IF NOT EXISTS outcomes(
    number INTEGER PRIMARY KEY, bucket TEXT NOT NULL, row BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS outcomes_of ON outcomes(bucket, number);
CREATE TABLE IF NOT EXISTS ended(
    number INTEGER PRIMARY KEY, client_id TEXT NOT NULL, environment TEXT NOT NULL,
    order_id TEXT NOT NULL, row BLOB NOT NULL, UNIQUE (client_id, environment, order_id));
CREATE TABLE IF NOT EXISTS tallies(
    name TEXT PRIMARY KEY, offset REAL NOT NULL, scored INTEGER NOT NULL, inside INTEGER NOT NULL);
"""
# What format 1 told by the id of an order alone.
OUTDATED: Final = "DROP TABLE IF EXISTS forecasts; DROP TABLE IF EXISTS voids"
VOIDS_2: Final = "SELECT client_id, environment, order_id, ended_ns, why FROM voids ORDER BY number"
FIND: Final = "SELECT row FROM forecasts WHERE client_id = ? AND environment = ? AND order_id = ?"
ENDED: Final = "SELECT row FROM ended WHERE client_id = ? AND environment = ? AND order_id = ?"
ALL_ENDED: Final = "SELECT row FROM ended ORDER BY number"
REMOVE: Final = "DELETE FROM forecasts WHERE client_id = ? AND environment = ? AND order_id = ?"


class OrderKey(NamedTuple):
    """One order of the engine; its id alone may be that of another client's order, too."""

    client_id: str
    environment: Environment
    order_id: str


class ForecastRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A forecast of an order at work. `mid_x2` is twice the mid that its cost counts from.

    `walk_bps` and `law_bps` are what the two baselines said: the books alone, and the static
    square-root law (null where no volume was known). `latency_ns` is one way, to the slowest leg;
    `time_ms` how long it was to take and `fill_rate` what it was to fill by itself, both null in
    rows of before they were kept; so are `model_version` (empty) and `sample_size`, how many scored
    forecasts stood behind it.
    """

    order: OrderKey
    made_ns: int
    symbol: str
    bucket: str
    mid_x2: int
    sign: int
    qty_1e8: int
    base_bps: float
    spread_bps: float
    median_bps: float
    p90_bps: float
    walk_bps: float
    law_bps: float | None
    unit_bps: float
    latency_ns: int
    time_ms: int | None = None
    fill_rate: float | None = None
    model_version: str = ""
    sample_size: int | None = None

    @property
    def estimate(self) -> Estimate:
        return estimate_of(self)


class EndedRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is told of an order later: what was said at its start, and what it came to.

    `why` says why its outcome does not count, empty for one that was scored; with `made_ns` 0
    nothing was said. `realised_bps` is null where its cost cannot be told. `qty_1e8`, `time_ms` and
    `fill_rate` are those of the forecast, 0 and null in rows of before they were kept.
    """

    order: OrderKey
    ended_ns: int
    why: str = ""
    made_ns: int = 0
    mid_x2: int = 0
    median_bps: float = 0.0
    p90_bps: float = 0.0
    model_version: str = ""
    sample_size: int | None = None
    realised_bps: float | None = None
    qty_1e8: int = 0
    time_ms: int | None = None
    fill_rate: float | None = None


class ScoredRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A forecast whose order has ended, and what it came to; `order` is null of format 1."""

    order: OrderKey | None = None
    bucket: str
    made_ns: int
    ended_ns: int
    symbol: str
    mid_x2: int
    base_bps: float
    spread_bps: float
    median_bps: float
    p90_bps: float
    walk_bps: float
    law_bps: float | None
    unit_bps: float
    realised_bps: float
    filled_share: float
    draw: float
    inside: bool

    @property
    def estimate(self) -> Estimate:
        return estimate_of(self)


_encode = msgspec.msgpack.Encoder().encode
_decode_forecast = msgspec.msgpack.Decoder(ForecastRow).decode
_decode_scored = msgspec.msgpack.Decoder(ScoredRow).decode
_decode_ended = msgspec.msgpack.Decoder(EndedRow).decode


class ForecastLog:
    """One writer over `path` (None: memory only). Each change, or batch, is one transaction."""

    def __init__(
        self,
        path: Path | None = None,
        window: int = WINDOW,
        open_max: int = OPEN_MAX,
        ended_max: int = ENDED_MAX,
    ) -> None:
        self.window = window
        self.open_max = open_max
        self.ended_max = ended_max
        place = ":memory:" if path is None else str(path)
        try:
            self._db = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            # A lost tail costs a few forecasts their score, never money.
            self._db.execute("PRAGMA synchronous=NORMAL")
            (found,) = self._db.execute("PRAGMA user_version").fetchone()
            if found not in range(FORMAT + 1):
                text = f"{place} is of format {found}; move it away and forecasts start afresh"
                raise ConfigError(text)
            with self.batch():
                self._bring_up(found)
            if found == 1:
                log.warning("%s was of format 1: forecasts open there are not scored", place)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            text = f"{place} is no store of forecasts ({error}); move it away"
            raise ConfigError(text) from error

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction for all changes of the block; what fails as a whole leaves nothing."""
        self._db.execute("BEGIN")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # A full disk has rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def add(self, row: ForecastRow) -> bool:
        """Keep the forecast of an order; False for an order that has one. The oldest may go."""
        with self._change():
            made = self._db.execute(
                "INSERT OR IGNORE INTO forecasts(client_id, environment, order_id, row) "
                "VALUES (?, ?, ?, ?)",
                (*row.order, _encode(row)),
            )
            # Counting costs as much as there are, so that it is done for a few at once.
            if made.rowcount and (made.lastrowid or 0) % max(1, self.open_max // 64) == 0:
                self._db.execute(
                    "DELETE FROM forecasts WHERE number <= "
                    "(SELECT number FROM forecasts ORDER BY number DESC LIMIT 1 OFFSET ?)",
                    (self.open_max,),
                )
        return bool(made.rowcount)

    def open_forecast(self, order: OrderKey) -> ForecastRow | None:
        """The forecast of an order that has not ended."""
        return open_forecast(self._db, order)

    def ended_forecast(self, order: OrderKey) -> EndedRow | None:
        """What was said of an order that needs no more watching; None where it is not kept."""
        return ended_forecast(self._db, order)

    def score(self, row: ScoredRow, calibration: Calibration) -> bool:
        """An order has ended: its outcome, and the tallies of its kinds as they are now.

        False for an order that has no forecast here, which is not kept.
        """
        assert row.order is not None, "what is scored now has its order"
        bucket = row.estimate.bucket
        with self._change():
            said = self.open_forecast(row.order)
            if said is None:
                return False
            self._db.execute(REMOVE, row.order)
            self._tell(told_of(row.order, row.ended_ns, "", said, row.realised_bps))
            self._db.execute(
                "INSERT INTO outcomes(bucket, row) VALUES (?, ?)", (row.bucket, _encode(row))
            )
            self._db.execute(
                "DELETE FROM outcomes WHERE bucket = ? AND number <= (SELECT number FROM outcomes "
                "WHERE bucket = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (row.bucket, row.bucket, self.window),
            )
            for name in dict.fromkeys((*bucket.groups(), *bucket.path())):
                tally = calibration.levels.tallies[name]
                self._db.execute(
                    "INSERT OR REPLACE INTO tallies VALUES (?, ?, ?, ?)",
                    (name, tally.offset, tally.scored, tally.inside),
                )
        return True

    def void(
        self,
        order: OrderKey,
        ended_ns: int,
        why: str,
        said: ForecastRow | None = None,
        realised_bps: float | None = None,
    ) -> None:
        """An order whose outcome is no outcome of its policy: kept by name, never counted."""
        with self._change():
            self._db.execute(REMOVE, order)
            self._tell(told_of(order, ended_ns, why, said, realised_bps))

    def outcomes(self) -> Iterator[ScoredRow]:
        """What is kept of scored forecasts, in the order they were scored."""
        for (row,) in self._db.execute("SELECT row FROM outcomes ORDER BY number"):
            yield _decode_scored(row)

    def voids(self) -> list[tuple[OrderKey, str]]:
        """(order, why) of those not counted, oldest first."""
        rows = map(_decode_ended, (row for (row,) in self._db.execute(ALL_ENDED)))
        return [(row.order, row.why) for row in rows if row.why]

    def waiting(self) -> int:
        """How many forecasts have no outcome yet."""
        (count,) = self._db.execute("SELECT count(*) FROM forecasts").fetchone()
        return int(count)

    def restored(self) -> Calibration:
        """The calibration as it stood after the last outcome."""
        made = Calibration(window=self.window)
        for row in self.outcomes():
            made.note(row.estimate, row.realised_bps)
        for name, offset, scored, within in self._db.execute("SELECT * FROM tallies"):
            made.levels.tallies[name] = Tally(offset, scored, within)
        return made

    def _tell(self, row: EndedRow) -> None:
        """Keep what is told of an order, the newest of so many."""
        number = self._db.execute(
            "INSERT OR REPLACE INTO ended(client_id, environment, order_id, row) "
            "VALUES (?, ?, ?, ?)",
            (*row.order, _encode(row)),
        ).lastrowid
        assert number is not None, "a row was written"
        self._db.execute("DELETE FROM ended WHERE number <= ?", (number - self.ended_max,))

    def _bring_up(self, found: int) -> None:
        """Make the tables, and take over what an older file has of them."""
        outdated = OUTDATED if found == 1 else ""
        for statement in (*outdated.split(";"), *SCHEMA.split(";")):
            self._db.execute(statement)
        if found == 2:
            for client, place, order_id, ended_ns, why in self._db.execute(VOIDS_2).fetchall():
                order = OrderKey(client, Environment(place), order_id)
                self._tell(EndedRow(order=order, ended_ns=ended_ns, why=why))
            for row in self.outcomes():
                if row.order is not None:
                    self._tell(told_of(row.order, row.ended_ns, "", row, row.realised_bps))
            self._db.execute("DROP TABLE voids")
        self._db.execute(f"PRAGMA user_version={FORMAT:d}")

    @contextmanager
    def _change(self) -> Iterator[None]:
        """A change that happens whole or not at all, alone or within a batch."""
        if not self._db.in_transaction:
            with self.batch():
                yield
            return
        self._db.execute("SAVEPOINT change")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO change")
            self._db.execute("RELEASE change")
            raise
        self._db.execute("RELEASE change")


def estimate_of(row: ForecastRow | ScoredRow) -> Estimate:
    """The closed form's answer that a row keeps."""
    bucket = Bucket.of(row.bucket)
    return Estimate(row.base_bps, row.spread_bps, row.walk_bps, bucket, row.unit_bps)


def open_forecast(db: sqlite3.Connection, order: OrderKey) -> ForecastRow | None:
    """The forecast of an order that has not ended, of a file of this format."""
    found = db.execute(FIND, order).fetchone()
    return None if found is None else _decode_forecast(found[0])


def ended_forecast(db: sqlite3.Connection, order: OrderKey) -> EndedRow | None:
    """What was said of an order that has ended, of a file of this format."""
    found = db.execute(ENDED, order).fetchone()
    return None if found is None else _decode_ended(found[0])


def told_of(
    order: OrderKey,
    ended_ns: int,
    why: str,
    said: ForecastRow | ScoredRow | None,
    realised_bps: float | None,
) -> EndedRow:
    """What is kept of an order; `said` None: it was not forecast."""
    if said is None:
        return EndedRow(order=order, ended_ns=ended_ns, why=why)
    return EndedRow(
        order=order,
        ended_ns=ended_ns,
        why=why,
        made_ns=said.made_ns,
        mid_x2=said.mid_x2,
        median_bps=said.median_bps,
        p90_bps=said.p90_bps,
        model_version="" if isinstance(said, ScoredRow) else said.model_version,
        sample_size=None if isinstance(said, ScoredRow) else said.sample_size,
        realised_bps=realised_bps,
        qty_1e8=0 if isinstance(said, ScoredRow) else said.qty_1e8,
        time_ms=None if isinstance(said, ScoredRow) else said.time_ms,
        fill_rate=None if isinstance(said, ScoredRow) else said.fill_rate,
    )
