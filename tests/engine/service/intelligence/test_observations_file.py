"""The observations' file: what is saved is loaded, together with how far it reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.service.access.database import AccessError
from engine.service.intelligence.observations_file import OBSERVATIONS_NAME, ObservationsFile


def test_what_is_saved_is_there_the_next_time(tmp_path: Path) -> None:
    file = ObservationsFile(tmp_path)
    assert (file.load().records, file.load().seq) == ({}, 0)
    file.save({"a": b"1", "b": b"2"}, 7, 100)
    file.save({"a": b"3"}, 9, 200)
    file.close()
    again = ObservationsFile(tmp_path)
    stored = again.load()
    again.close()
    assert stored.records == {"a": b"3", "b": b"2"}
    assert (stored.seq, stored.saved_ns) == (9, 200)


def test_a_save_that_fails_changes_nothing(tmp_path: Path) -> None:
    file = ObservationsFile(tmp_path)
    file.save({"a": b"1"}, 1, 1)
    with pytest.raises(AccessError):
        file.save({"a": b"2", "b": None}, 2, 2)  # type: ignore[dict-item]  # what must not be
    assert (file.load().records, file.load().seq) == ({"a": b"1"}, 1)
    file.close()


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / OBSERVATIONS_NAME).write_bytes(b"no database at all, but long enough" * 50)
    with pytest.raises(AccessError):
        ObservationsFile(tmp_path)


def test_without_a_folder_nothing_is_written() -> None:
    file = ObservationsFile(None)
    file.save({"a": b"1"}, 1, 1)
    assert file.load().seq == 1
    file.close()
