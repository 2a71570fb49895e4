"""Prices that an engine kept beside its journal, read without it and without writing anything."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.decisions.market_tape import MINUTE_NS, MarketTape
from engine.intelligence.observations import MidHistory
from engine.service.intelligence.history import STEP_NS, MarketHistory
from engine.service.intelligence.price_file import (
    PRICES_NAME,
    PRINTS,
    VERSION,
    PriceFile,
    Stretch,
)

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["PriceReader", "StoredHistory", "connect_beside"]

log = logging.getLogger("execgraph")

# Whatever time is asked for lies before it, so that only the file can tell.
NEVER_NS: Final = 2**63 - 1
DAY_NS: Final = 86_400_000_000_000
# Half a million trades, 12 MB.
BLOCKS_MAX: Final = 1_024
BEFORE: Final = (
    "SELECT from_ns, to_ns, body FROM blocks WHERE symbol = ? AND kind = ? AND from_ns <= ? "
    "AND from_ns > ? ORDER BY from_ns DESC LIMIT ?"
)


class PriceReader(PriceFile):
    """The reads of a `PriceFile`, also while an engine writes it; `why` says what stands against.

    Nothing is created, mended or begun anew: a file that cannot be read is left as it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.why = ""
        self._open = {}
        self._cache = {}
        self._written = 0
        self._connection = None
        if not path.is_file():
            self.why = f"there is no {path.name} beside the journal, so that no price is kept"
            return
        try:
            connection = connect_beside(path)
        except sqlite3.Error as error:
            self.why = f"{path.name} beside the journal cannot be read: {error}"
            return
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            version, self.why = None, f"{path.name} beside the journal cannot be read: {error}"
        if version not in (None, VERSION):
            self.why = f"{path.name} beside the journal is of format {version}, not {VERSION}"
        if self.why:
            connection.close()
        else:
            self._connection = connection

    def watched_until(self, symbol: str, kind: int, until_ns: int) -> Stretch | None:
        """What was watched without a gap up to a time, of at most a day before it; None: nothing.

        Of a crowded instrument the newest `BLOCKS_MAX` blocks.
        """
        values = (symbol, kind, until_ns, until_ns - DAY_NS, BLOCKS_MAX)
        parts: list[Stretch] = []
        for found in self._fetch(BEFORE, values):
            if parts and found[1] != parts[-1].from_ns:
                break
            part = self._decoded(symbol, kind, found)
            if part is None:
                break
            parts.append(part)
        if not parts or parts[0].to_ns + STEP_NS < until_ns:
            return None
        rows = np.concatenate([part.rows for part in reversed(parts)])
        return Stretch(parts[-1].from_ns, parts[0].to_ns, rows[rows[:, 0] <= until_ns])


class StoredHistory(MarketHistory):
    """What an engine watched of one instrument and wrote; nothing is watched here.

    It is the engine's own history with an empty memory, so that both tell the same.
    """

    def __init__(self, engine: ExecutionEngine, folder: Path, symbol: str) -> None:
        super().__init__(engine)
        self.reader = PriceReader(folder / PRICES_NAME)
        self._file = self.reader
        self.began_ns = NEVER_NS
        self.mids[symbol] = MidHistory(STEP_NS)

    def fill_tape(self, tape: MarketTape, symbol: str, until_ns: int) -> None:
        """Tell an empty tape what others traded up to a time, a minute at once."""
        seen = self.reader.watched_until(symbol, PRINTS, until_ns)
        if seen is None:
            return
        tape.observe_time(seen.from_ns)
        minutes, places = np.unique(seen.rows[:, 0] // MINUTE_NS, return_inverse=True)
        volumes = np.zeros(len(minutes), np.int64)
        np.add.at(volumes, places, seen.rows[:, 2])
        for minute, volume in zip(minutes.tolist(), volumes.tolist(), strict=True):
            tape.observe_trade(max(seen.from_ns, minute * MINUTE_NS), volume)
        tape.observe_time(until_ns)

    def start(self) -> None:
        """Nothing: there is no market to watch."""

    def close(self) -> None:
        """Let the file go."""
        self.reader.close()


def connect_beside(path: Path) -> sqlite3.Connection:
    """A connection to a file beside the journal that can only read; sqlite3.Error."""
    # Without a log beside it nobody writes the file, and nothing needs to be created to read it.
    quiet = "&immutable=1" if not Path(f"{path}-wal").exists() else ""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{quiet}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
