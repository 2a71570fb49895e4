"""The folder of an engine: its own, and gone with it unless it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.service.journal_place import JournalPlace


def test_a_given_folder_is_made_and_taken_by_one(tmp_path: Path) -> None:
    place, other = JournalPlace(), JournalPlace()
    path = place.take(str(tmp_path / "new"))
    assert path.parent.is_dir()
    with pytest.raises(ConfigError):
        other.take(str(tmp_path / "new"))
    place.release()
    assert other.take(str(tmp_path / "new")) == path
    other.release()


def test_a_temporary_one_goes_with_the_engine() -> None:
    place = JournalPlace()
    folder = place.take(None).parent
    assert folder.is_dir()
    place.release()
    assert not folder.exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        JournalPlace().take(str(tmp_path / "file"))
