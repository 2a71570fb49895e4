"""The forecasts of submitted orders and what became of them, in a small file beside the journal.

Exact across restarts and bounded: of each kind of order the newest outcomes that its windows hold
are kept, of open forecasts at most `OPEN_MAX`. It is no record of money: without it forecasts
start from the stated prior again.

An order is its client, its environment and its id: clients choose the ids of their graphs, so that
two of them may have orders of one id at work. Files of format 1 knew the id alone; of them what was
learned is kept, since it is of kinds and not of orders, and what was open is not scored.
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

__all__ = ["FORECASTS_NAME", "OPEN_MAX", "ForecastLog", "ForecastRow", "OrderKey", "ScoredRow"]

log = logging.getLogger("execgraph")

FORECASTS_NAME: Final = "forecasts.db"
OPEN_MAX: Final = 65_536
VOID_MAX: Final = 10_000
FORMAT: Final = 2
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS forecasts(
    number INTEGER PRIMARY KEY, client_id TEXT NOT NULL, environment TEXT NOT NULL,
    order_id TEXT NOT NULL, row BLOB NOT NULL, UNIQUE (client_id, environment, order_id));
CREATE TABLE IF NOT EXISTS outcomes(
    number INTEGER PRIMARY KEY, bucket TEXT NOT NULL, row BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS outcomes_of ON outcomes(bucket, number);
CREATE TABLE IF NOT EXISTS voids(
    number INTEGER PRIMARY KEY, client_id TEXT NOT NULL, environment TEXT NOT NULL,
    order_id TEXT NOT NULL, ended_ns INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tallies(
    name TEXT PRIMARY KEY, offset REAL NOT NULL, scored INTEGER NOT NULL, inside INTEGER NOT NULL);
"""
# What format 1 told by the id of an order alone.
OUTDATED: Final = "DROP TABLE IF EXISTS forecasts; DROP TABLE IF EXISTS voids;"
FIND: Final = "SELECT row FROM forecasts WHERE client_id = ? AND environment = ? AND order_id = ?"
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
    rows of before they were kept.
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

    @property
    def estimate(self) -> Estimate:
        return estimate_of(self)


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


class ForecastLog:
    """One writer over `path` (None: memory only). Each change, or batch, is one transaction."""

    def __init__(
        self, path: Path | None = None, window: int = WINDOW, open_max: int = OPEN_MAX
    ) -> None:
        self.window = window
        self.open_max = open_max
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
            outdated = OUTDATED if found == 1 else ""
            self._db.executescript(
                f"BEGIN; {outdated} {SCHEMA} PRAGMA user_version={FORMAT:d}; COMMIT;"
            )
            if outdated:
                log.warning("%s was of format 1: forecasts open there are not scored", place)
        except sqlite3.Error as error:
            text = f"{place} is no store of forecasts ({error}); move it away"
            raise ConfigError(text) from None

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """One transaction for all changes of the block; what fails as a whole leaves nothing."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add(self, row: ForecastRow) -> bool:
        """Keep the forecast of an order; False for an order that has one. The oldest may go."""
        with self._change():
            added = self._db.execute(
                "INSERT OR IGNORE INTO forecasts(client_id, environment, order_id, row) "
                "VALUES (?, ?, ?, ?)",
                (*row.order, _encode(row)),
            ).rowcount
            self._db.execute(
                "DELETE FROM forecasts WHERE number <= "
                "(SELECT number FROM forecasts ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (self.open_max,),
            )
        return bool(added)

    def open_forecast(self, order: OrderKey) -> ForecastRow | None:
        """The forecast of an order that has not ended."""
        found = self._db.execute(FIND, order).fetchone()
        return None if found is None else _decode_forecast(found[0])

    def score(self, row: ScoredRow, calibration: Calibration) -> bool:
        """An order has ended: its outcome, and the tallies of its kinds as they are now.

        False for an order that has no forecast here, which is not kept.
        """
        assert row.order is not None, "what is scored now has its order"
        bucket = row.estimate.bucket
        with self._change():
            if not self._db.execute(REMOVE, row.order).rowcount:
                return False
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

    def void(self, order: OrderKey, ended_ns: int, why: str) -> None:
        """An order whose outcome is no outcome of its policy: kept by name, never counted."""
        with self._change():
            self._db.execute(REMOVE, order)
            self._db.execute(
                "INSERT INTO voids(client_id, environment, order_id, ended_ns, why) "
                "VALUES (?, ?, ?, ?, ?)",
                (*order, ended_ns, why),
            )
            self._db.execute(
                "DELETE FROM voids WHERE number <= "
                "(SELECT number FROM voids ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (VOID_MAX,),
            )

    def outcomes(self) -> Iterator[ScoredRow]:
        """What is kept of scored forecasts, in the order they were scored."""
        for (row,) in self._db.execute("SELECT row FROM outcomes ORDER BY number"):
            yield _decode_scored(row)

    def voids(self) -> list[tuple[OrderKey, str]]:
        """(order, why) of those not counted, oldest first."""
        rows = self._db.execute(
            "SELECT client_id, environment, order_id, why FROM voids ORDER BY number"
        )
        return [
            (OrderKey(client, Environment(environment), order_id), why)
            for client, environment, order_id, why in rows
        ]

    def waiting(self) -> int:
        """How many forecasts have no outcome yet."""
        (count,) = self._db.execute("SELECT count(*) FROM forecasts").fetchone()
        return int(count)

    def restored(self) -> Calibration:
        """The calibration as it stood after the last outcome."""
        made = Calibration(window=self.window)
        for row in self.outcomes():
            estimate = row.estimate
            made.tree.add(estimate.bucket, estimate.residual(row.realised_bps))
        for name, offset, scored, within in self._db.execute("SELECT * FROM tallies"):
            made.levels.tallies[name] = Tally(offset, scored, within)
        return made

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
