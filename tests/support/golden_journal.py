"""Writes the golden journal of the present format: `python -m tests.support.golden_journal`."""

from __future__ import annotations

from pathlib import Path

from engine.store.journal import SqliteStore
from tests.support.journals import grouped, story

FOLDER = Path(__file__).resolve().parents[1] / "data"
# One for each format version; only the last can be written again.
OLDER = tuple(FOLDER / f"journal_v{version}.db" for version in (1, 2, 3))
GOLDEN = FOLDER / "journal_v4.db"
ORDERS = 12
# Orders that rest have decisions since version 4.
POSTED = 3
SIZES = (1, 7, 30)


def write(path: Path) -> None:
    """The same entries in the same groups, every time."""
    store = SqliteStore(path)
    for group in grouped(story(ORDERS, seed=1, posted=POSTED), SIZES):
        store.commit(group)
    store.close()


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.unlink(missing_ok=True)
    write(GOLDEN)
