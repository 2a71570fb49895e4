"""The vault's key file: private, whole, and never quoted."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.service.access.vault_key import VaultError, new_key, read_ring, write_ring


def test_it_is_its_owners_only_and_goes_round(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.key"
    ring = new_key()
    write_ring(path, ring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_ring(path) == ring
    assert [each.name for each in path.parent.iterdir()] == ["vault.key"]


def test_none_is_none(tmp_path: Path) -> None:
    assert read_ring(tmp_path / "vault.key") is None


def test_a_new_key_is_added_and_current() -> None:
    old = new_key()
    both = new_key(old)
    assert both.current != old.current
    assert both.keys.keys() == {old.current, both.current}
    assert len(both.keys[both.current]) == 32
    assert both.keys[both.current] != old.keys[old.current]


def test_a_file_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    write_ring(path, new_key())
    path.chmod(0o640)
    with pytest.raises(VaultError, match=r"mode 640\); make it mode 600"):
        read_ring(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "hunter2",
        '{"current": "a", "keys": {}}',
        '{"current": "a", "keys": {"a": "aHVudGVyMg=="}}',
        '{"current": "a", "keys": {"a": "hunter2"}}',
        '{"current": "b", "keys": {"a": "' + "A" * 43 + '="}}',
        "\udcff",
    ],
)
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.key"
    path.touch(mode=0o600)
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(VaultError, match="restore it from your backup") as caught:
        read_ring(path)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_its_repr_shows_no_key() -> None:
    ring = new_key()
    assert repr(ring.keys[ring.current]) not in repr(ring)
    assert ring.keys[ring.current].hex() not in repr(ring)
