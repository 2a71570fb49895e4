"""Where an engine's journal stands: in the host's folder, or in one that goes with the engine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from engine.errors import ConfigError
from engine.store.folder_lock import FolderLock

__all__ = ["JOURNAL_NAME", "JournalPlace"]

JOURNAL_NAME = "journal.db"


class JournalPlace:
    """The folder of one engine, its own while it runs."""

    def __init__(self) -> None:
        self.lock = FolderLock()
        self.temporary: tempfile.TemporaryDirectory[str] | None = None

    def take(self, data_dir: str | None) -> Path:
        """The journal's path; ConfigError for a folder that cannot be used or is in use."""
        if data_dir is None:
            self.temporary = tempfile.TemporaryDirectory(prefix="execgraph-")
            return Path(self.temporary.name) / JOURNAL_NAME
        folder = Path(data_dir)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"data_dir {folder} cannot be used: {error.strerror}") from None
        self.lock.take(folder)
        return folder / JOURNAL_NAME

    def release(self) -> None:
        """Let the next engine have it; what was temporary is gone."""
        self.lock.release()
        if self.temporary is not None:
            self.temporary.cleanup()
            self.temporary = None
