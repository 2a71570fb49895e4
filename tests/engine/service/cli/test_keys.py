"""`execgraph keys`: a key is shown once, alone on the last line, and noted in the audit trail."""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

import msgspec
import pytest

from engine.errors import ConfigError
from engine.model.instruments import Environment
from engine.service.access.audit import AUDIT_NAME, Audit
from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError
from engine.service.cli import keys
from engine.service.data_dir import DATA_DIR_VARIABLE

DAY_NS = 86_400 * 1_000_000_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


def call(*words: str) -> int:
    """The command with these words."""
    parser = argparse.ArgumentParser()
    keys.add_arguments(parser)
    return keys.run(parser.parse_args(words))


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What a script takes as the key."""
    return capsys.readouterr().out.splitlines()[-1]


def created(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """A new key's raw text."""
    assert call("create", *words) == 0
    return last_line(capsys)


def test_a_key_is_the_last_line_and_works(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    raw = created(capsys, "--sandbox", "--scope", "read,admin", "--label", "bot")
    assert re.fullmatch(r"seq_test_[0-9a-f]{64}", raw)
    store = KeyStore(folder / KEYS_NAME)
    caller = store.authenticate(raw)
    store.close()
    assert caller is not None
    assert (caller.label, caller.client_id) == ("bot", "local")
    assert caller.environment is Environment.SANDBOX and caller.may(Scope.CREDENTIALS)


def test_without_options_it_is_a_live_trading_key(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    raw = created(capsys, "--client", "alice", "--expires-days", "2")
    assert raw.startswith("seq_live_")
    store = KeyStore(folder / KEYS_NAME)
    (info,) = store.list("alice")
    store.close()
    assert info.scopes == (Scope.READ, Scope.TRADE)
    assert info.expires_ns is not None
    assert 0 <= time.time_ns() + 2 * DAY_NS - info.expires_ns < DAY_NS


def test_another_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path, folder: Path) -> None:
    created(capsys, "--data-dir", str(tmp_path / "other"))
    assert (tmp_path / "other" / KEYS_NAME).exists() and not folder.exists()


def test_the_list_has_no_raw_key(capsys: pytest.CaptureFixture[str]) -> None:
    raw = created(capsys, "--sandbox", "--label", "bot")
    created(capsys, "--client", "bob", "--expires-days", "1")
    assert call("list") == 0
    out = capsys.readouterr().out
    assert "bot" in out and "sandbox" in out and "read,trade" in out and raw[-4:] in out
    assert "bob" in out and "active until 2" in out
    assert raw[9:] not in out
    assert call("list", "--client", "bob") == 0
    assert "bot" not in capsys.readouterr().out


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    created(capsys, "--label", "bot")
    assert call("list", "--json") == 0
    (row,) = msgspec.json.decode(capsys.readouterr().out)
    assert (row["label"], row["environment"], row["status"]) == ("bot", "live", "active")
    assert "api_key" not in row and "hash" not in row


def test_revoke_ends_it(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    raw = created(capsys)
    server = KeyStore(folder / KEYS_NAME)
    caller = server.authenticate(raw)
    assert caller is not None
    assert call("revoke", caller.key_id) == 0
    assert "is revoked" in capsys.readouterr().out
    server.close()
    again = KeyStore(folder / KEYS_NAME)
    assert again.authenticate(raw) is None
    again.close()
    assert call("list", "--client", "nobody") == 0
    assert "there are no keys" in capsys.readouterr().out


def test_rotate_prints_the_successor(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    old = created(capsys, "--sandbox")
    store = KeyStore(folder / KEYS_NAME)
    (info,) = store.list()
    assert call("rotate", info.key_id) == 0
    new = last_line(capsys)
    assert re.fullmatch(r"seq_test_[0-9a-f]{64}", new) and new != old
    store.close()
    both = KeyStore(folder / KEYS_NAME)
    assert both.authenticate(old) is not None and both.authenticate(new) is not None
    both.close()


def test_every_change_is_in_the_audit_trail(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    raw = created(capsys, "--client", "alice", "--label", "bot")
    store = KeyStore(folder / KEYS_NAME)
    (info,) = store.list()
    store.close()
    call("rotate", info.key_id)
    new = last_line(capsys)
    call("revoke", info.key_id)
    call("list")
    trail = Audit(folder / AUDIT_NAME)
    entries = trail.entries()
    assert trail.verify().ok
    trail.close()
    assert [each.path for each in entries] == ["keys revoke", "keys rotate", "keys create"]
    assert {(each.method, each.client_id) for each in entries} == {("CLI", "alice")}
    assert entries[-1].after["key_id"] == info.key_id
    held = b"".join(each.read_bytes() for each in folder.iterdir())
    assert raw.encode() not in held and new.encode() not in held


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["create", "--scope", "write"], "scopes are a list"),
        (["create", "--expires-days", "0"], "from 1 to 3650, not 0"),
        (["list"], "there are no keys in"),
        (["revoke", "key_1"], "there are no keys in"),
    ],
)
def test_wrong_calls_are_one_sentence(words: list[str], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        call(*words)


def test_a_key_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    created(capsys)
    for action in ("revoke", "rotate"):
        with pytest.raises(ApiError, match="no such key"):
            call(action, "key_0")
    with pytest.raises(ApiError, match="a label is"):
        call("create", "--label", "x" * 200)
