"""The doctor: a sound folder passes, and each planted fault is found and told apart."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from engine import EngineConfig, ExecutionEngine
from engine.model.instruments import Environment
from engine.service.access.audit import AUDIT_NAME
from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.scopes import DEFAULT_SCOPES
from engine.service.access.secret import Secret
from engine.service.access.vault import VAULT_NAME, Credentials, Vault
from engine.service.access.vault_key import KEY_NAME
from engine.service.config import RestConfig, SandboxVenues
from engine.service.doctor import Finding, Verdict, examine
from engine.service.journal_place import JOURNAL_NAME
from tests.support.rest_world import BUY, rest_world

CONFIG = EngineConfig(rest=RestConfig(port=0))


def findings(folder: Path, config: EngineConfig = CONFIG, **options: Any) -> dict[str, Finding]:
    """By check; the worst of those with the same name."""
    order = [Verdict.OK, Verdict.WARNING, Verdict.FAILED]
    found: dict[str, Finding] = {}
    for one in examine(config, folder, **options):
        before = found.get(one.check)
        if before is None or order.index(one.verdict) > order.index(before.verdict):
            found[one.check] = one
    return found


def lived_in(folder: Path) -> None:
    """A folder in which a server ran, traded and had keys and credentials."""

    async def main() -> None:
        async with rest_world(folder) as world:
            made = await world.ok("POST", "/v1/orders", BUY)
            await world.done(made["graph_id"])

    asyncio.run(main())
    vault = Vault(folder / VAULT_NAME)
    vault.put(
        "local",
        Environment.SANDBOX,
        "kraken",
        Credentials(api_key=Secret("key"), api_secret=Secret("secret")),
    )
    vault.close()


def test_an_empty_folder_is_fine_but_for_the_keys(tmp_path: Path) -> None:
    found = findings(tmp_path / "new")
    bad = {name for name, one in found.items() if one.verdict is not Verdict.OK}
    assert bad <= {"API keys", "disk"}
    assert "execgraph keys create" in found["API keys"].advice


def test_a_folder_that_was_used_passes_whole(tmp_path: Path) -> None:
    lived_in(tmp_path)
    for path in tmp_path.iterdir():
        if path.is_file():
            path.chmod(0o600)
    found = findings(tmp_path, deep=True)
    assert {one.verdict for name, one in found.items() if name != "disk"} == {Verdict.OK}
    assert "1 graphs, 0 open" in found["journal"].found
    assert "sound" in found["journal"].found
    assert found["venue credentials"].found.startswith("1 kept")


def test_each_fault_is_found(tmp_path: Path) -> None:
    lived_in(tmp_path)
    (tmp_path / KEYS_NAME).chmod(0o644)
    assert findings(tmp_path)["file rights"].verdict is Verdict.FAILED
    (tmp_path / KEYS_NAME).chmod(0o600)
    (tmp_path / JOURNAL_NAME).chmod(0o644)
    assert findings(tmp_path)["file rights"].verdict is Verdict.WARNING
    with sqlite3.connect(tmp_path / AUDIT_NAME) as audit:
        audit.execute("DROP TRIGGER audit_stays")
        audit.execute("UPDATE audit SET entry = x'80' WHERE seq = 1")
    audit.close()
    assert findings(tmp_path)["audit trail"].verdict is Verdict.FAILED
    (tmp_path / KEY_NAME).unlink()
    assert findings(tmp_path)["venue credentials"].verdict is Verdict.FAILED
    (tmp_path / JOURNAL_NAME).write_bytes(b"no journal")
    assert findings(tmp_path)["journal"].verdict is Verdict.FAILED
    early = findings(tmp_path, now_s=lambda: 1_000.0)
    assert early["clock"].verdict is Verdict.FAILED
    assert findings(tmp_path, now_s=time.time)["clock"].verdict is Verdict.OK
    for one in early.values():
        assert one.verdict is Verdict.OK or one.advice


def test_keys_that_are_all_revoked_are_none(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / KEYS_NAME)
    info, _ = keys.create("x", True, DEFAULT_SCOPES)
    keys.revoke(info.key_id)
    keys.close()
    assert findings(tmp_path)["API keys"].verdict is Verdict.WARNING


def test_a_taken_port_and_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = EngineConfig(rest=RestConfig(port=taken.getsockname()[1]))
        assert findings(tmp_path, config)["address"].verdict is Verdict.WARNING
    (tmp_path / "file").write_text("")
    assert findings(tmp_path / "file" / "x")["data folder"].verdict is Verdict.FAILED


def test_open_graphs_are_counted(tmp_path: Path) -> None:
    async def main() -> None:
        config = EngineConfig(venues=SandboxVenues(latency_scale=0), data_dir=str(tmp_path))
        async with ExecutionEngine(config) as engine:
            await engine.ready()
            await engine.submit({**BUY, "price": 60_000, "venue": "binance"})

    asyncio.run(main())
    assert "1 open" in findings(tmp_path)["journal"].found


@pytest.mark.parametrize("free", [2**20, 2**30])
def test_a_disk_that_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = type("Usage", (), {"free": free})()
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    wanted = Verdict.FAILED if free < 2**28 else Verdict.WARNING
    assert findings(tmp_path)["disk"].verdict is wanted
