"""One engine a data folder: a lock on a file in it, which the system lets go when we die."""

from __future__ import annotations

import sys
from io import FileIO
from pathlib import Path

from engine.errors import ConfigError

if sys.platform != "win32":
    import fcntl

__all__ = ["LOCK_NAME", "FolderLock"]

LOCK_NAME = "engine.lock"


class FolderLock:
    """Held from `take` to `release`. Where the system knows no such locks it holds nothing."""

    def __init__(self) -> None:
        self.file: FileIO | None = None

    def take(self, folder: Path) -> None:
        """ConfigError when another engine, of this process or another, has the folder."""
        self.release()
        try:
            file = FileIO(folder / LOCK_NAME, "a")
        except OSError as error:
            raise ConfigError(f"data_dir {folder} cannot be used: {error.strerror}") from None
        try:
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            text = f"data_dir {folder} belongs to an engine that is running; give each its own"
            raise ConfigError(text) from None
        self.file = file

    def release(self) -> None:
        """Let the folder go; twice is as good as once."""
        if self.file is not None:
            self.file.close()
            self.file = None
