"""Prices that an engine kept beside its journal, read without it and without writing anything."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.intelligence.observations import MidHistory
from engine.service.intelligence.history import STEP_NS, MarketHistory
from engine.service.intelligence.price_file import (
    PRICES_NAME,
    VERSION,
    PriceFile,
)

if TYPE_CHECKING:
    from engine.service.engine import ExecutionEngine

__all__ = ["PriceReader", "StoredHistory", "connect_beside"]

log = logging.getLogger("execgraph")

# Whatever time is asked for lies before it, so that only the file can tell.
NEVER_NS: Final = 2**63 - 1


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
