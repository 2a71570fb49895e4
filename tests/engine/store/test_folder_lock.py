"""A data folder has one engine at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.store.folder_lock import FolderLock


def test_a_folder_is_held_by_one_until_it_is_let_go(tmp_path: Path) -> None:
    first, second = FolderLock(), FolderLock()
    first.take(tmp_path)
    with pytest.raises(ConfigError, match="running"):
        second.take(tmp_path)
    first.take(tmp_path)
    first.release()
    first.release()
    second.take(tmp_path)
    second.release()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        FolderLock().take(tmp_path / "missing")
