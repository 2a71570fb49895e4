"""Checks of everything an engine stands on before it is started: each finding with what to do."""

from __future__ import annotations

import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from engine.errors import EngineError
from engine.service.access.audit import AUDIT_NAME, Audit
from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.vault import VAULT_NAME, Vault
from engine.service.access.vault_key import KEY_NAME
from engine.service.config import EngineConfig, SandboxVenues
from engine.service.flight_recorder import INCIDENTS_NAME
from engine.service.journal_place import JOURNAL_NAME
from engine.store.queries import Queries
from engine.store.verify import verify
from venues.simulated.catalogue import sandbox_listings

__all__ = ["Finding", "Verdict", "examine"]

FREE_BYTES_MIN = 256 * 2**20
FREE_BYTES_LOW = 2 * 2**30
SECRETS = (VAULT_NAME, KEY_NAME, KEYS_NAME, AUDIT_NAME)
# No engine ran before this was written, so an earlier clock is wrong.
EPOCH_MIN_S = 1_760_000_000


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what was looked at, how it stands, and what to do about it ("" for nothing)."""

    check: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(
    config: EngineConfig,
    folder: Path,
    *,
    deep: bool = False,
    now_s: Callable[[], float] = time.time,
) -> Iterator[Finding]:
    """Every check of a configuration and its data folder; `deep` also reads the whole journal."""
    yield from folder_findings(folder)
    yield from secret_findings(folder)
    yield from journal_findings(folder, deep)
    yield from key_findings(folder)
    yield from credential_findings(folder)
    yield from trail_findings(folder)
    yield clock_finding(folder, now_s())
    yield from venue_findings(config)
    yield port_finding(config)


def folder_findings(folder: Path) -> Iterator[Finding]:
    """Whether files can be written there, and how much room is left."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        advice = "choose another --data-dir, or mend its owner and rights"
        yield Finding(check="data folder", verdict=Verdict.FAILED, found=text, advice=advice)
        return
    yield Finding(check="data folder", verdict=Verdict.OK, found=f"{folder} can be written")
    free = shutil.disk_usage(folder).free
    text = f"{free / 2**30:.1f} GiB free"
    if free < FREE_BYTES_MIN:
        advice = "make room: new orders are refused when the journal cannot be written"
        yield Finding(check="disk", verdict=Verdict.FAILED, found=text, advice=advice)
    elif free < FREE_BYTES_LOW:
        advice = "make room soon; a busy day writes about 1 GiB"
        yield Finding(check="disk", verdict=Verdict.WARNING, found=text, advice=advice)
    else:
        yield Finding(check="disk", verdict=Verdict.OK, found=text)


def secret_findings(folder: Path) -> Iterator[Finding]:
    """Whether anybody else may read what is kept; only those that hold secrets must not be."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if not path.is_file() or not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            continue
        yield Finding(
            check="file rights",
            verdict=Verdict.FAILED if path.name in SECRETS else Verdict.WARNING,
            found=f"{path.name} can be read by others",
            advice=f"run: chmod 600 {path}",
        )
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    spilled = sum(path.stat().st_size for path in (folder / INCIDENTS_NAME).glob("*"))
    text = f"{total / 2**20:.0f} MiB, {spilled / 2**20:.0f} of them market frames of incidents"
    yield Finding(check="size", verdict=Verdict.OK, found=text)


def journal_findings(folder: Path, deep: bool) -> Iterator[Finding]:
    """Whether the journal opens, is whole, and what is open in it."""
    path = folder / JOURNAL_NAME
    if not path.exists():
        yield Finding(check="journal", verdict=Verdict.OK, found="none yet; a start makes it")
        return
    try:
        queries = Queries(path)
        try:
            runs, graphs = queries.last_numbers()
            still = sum(1 for _ in queries.open_graphs())
        finally:
            queries.close()
        report = verify(path) if deep else None
    except EngineError as error:
        advice = "restore it from a copy, or start with another --data-dir"
        yield Finding(check="journal", verdict=Verdict.FAILED, found=str(error), advice=advice)
        return
    text = f"{runs} runs, {graphs} graphs, {still} open"
    if report is None:
        yield Finding(check="journal", verdict=Verdict.OK, found=f"{text} (not read whole: --deep)")
    elif report.ok:
        yield Finding(
            check="journal", verdict=Verdict.OK, found=f"{text}; {report.entries} entries are sound"
        )
    else:
        advice = "keep the file, and restore a copy from before"
        yield Finding(check="journal", verdict=Verdict.FAILED, found=report.problem, advice=advice)


def key_findings(folder: Path) -> Iterator[Finding]:
    """Whether anybody could ask at all."""
    path = folder / KEYS_NAME
    advice = "run: execgraph keys create --sandbox"
    if not path.exists():
        yield Finding(check="API keys", verdict=Verdict.WARNING, found="none yet", advice=advice)
        return
    try:
        keys = KeyStore(path)
        try:
            active = [key for key in keys.list() if keys.active(key.key_id)]
        finally:
            keys.close()
    except EngineError as error:
        yield Finding(check="API keys", verdict=Verdict.FAILED, found=str(error), advice=advice)
        return
    if active:
        yield Finding(check="API keys", verdict=Verdict.OK, found=f"{len(active)} in force")
    else:
        text = "none in force"
        yield Finding(check="API keys", verdict=Verdict.WARNING, found=text, advice=advice)


def credential_findings(folder: Path) -> Iterator[Finding]:
    """Whether what is sealed can be opened again; nothing of it is shown."""
    path = folder / VAULT_NAME
    if not path.exists():
        text = "none are kept; the sandbox needs none"
        yield Finding(check="venue credentials", verdict=Verdict.OK, found=text)
        return
    try:
        vault = Vault(path)
        try:
            stored = vault.check()
        finally:
            vault.close()
    except EngineError as error:
        advice = f"restore {KEY_NAME} beside {VAULT_NAME}, or enter the credentials again"
        yield Finding(
            check="venue credentials", verdict=Verdict.FAILED, found=str(error), advice=advice
        )
        return
    text = f"{stored} kept, all of them open"
    yield Finding(check="venue credentials", verdict=Verdict.OK, found=text)


def trail_findings(folder: Path) -> Iterator[Finding]:
    """Whether the audit trail is whole."""
    path = folder / AUDIT_NAME
    if not path.exists():
        return
    try:
        audit = Audit(path)
        try:
            report = audit.verify()
        finally:
            audit.close()
    except EngineError as error:
        advice = "keep the file and look who wrote to it"
        yield Finding(check="audit trail", verdict=Verdict.FAILED, found=str(error), advice=advice)
        return
    if report.ok:
        text = f"{report.entries} entries are sound"
        yield Finding(check="audit trail", verdict=Verdict.OK, found=text)
    else:
        advice = "keep the file and look who wrote to it"
        text = report.problem or "the chain is broken"
        yield Finding(check="audit trail", verdict=Verdict.FAILED, found=text, advice=advice)


def clock_finding(folder: Path, now_s: float) -> Finding:
    """Whether the clock can be right: past the last entry, and past this program's own making."""
    path = folder / JOURNAL_NAME
    written_s = path.stat().st_mtime if path.exists() else 0.0
    if now_s < EPOCH_MIN_S or now_s + 60 < written_s:
        text = "the clock stands before what was written already"
        advice = "set it (NTP): stamps of orders and signatures depend on it"
        return Finding(check="clock", verdict=Verdict.FAILED, found=text, advice=advice)
    text = "plausible; no live venue is configured to compare it with"
    return Finding(check="clock", verdict=Verdict.OK, found=text)


def venue_findings(config: EngineConfig) -> Iterator[Finding]:
    """Whether every listing has rules that an order can be made to fit."""
    kind = "embedded sandbox" if isinstance(config.venues, SandboxVenues) else "remote sandbox"
    listings = sandbox_listings(events=config.venues.events)
    unknown = sorted({f"{one.venue}:{one.venue_symbol}" for one in listings if one.fees is None})
    odd = sorted(
        f"{one.venue}:{one.venue_symbol}" for one in listings if one.qty_min_1e8 % one.lot_1e8
    )
    venues = len({one.venue for one in listings})
    text = f"{kind}: {len(listings)} listings on {venues} venues"
    if unknown:
        yield Finding(
            check="venue rules",
            verdict=Verdict.WARNING,
            found=f"fees of {', '.join(unknown[:5])} are not known",
            advice="nothing is routed there until its fee schedule is configured",
        )
    if odd:
        yield Finding(
            check="venue rules",
            verdict=Verdict.WARNING,
            found=f"the minimum of {', '.join(odd[:5])} is no whole lot",
            advice="check the venue's rules",
        )
    if not unknown and not odd:
        yield Finding(check="venue rules", verdict=Verdict.OK, found=text)


def port_finding(config: EngineConfig) -> Finding:
    """Whether the facade could listen."""
    rest = config.rest
    where = f"{rest.host}:{rest.port}"
    family = socket.AF_INET6 if ":" in rest.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((rest.host, rest.port))
        except OSError as error:
            text = f"{where} cannot be taken: {error.strerror}"
            advice = "stop what listens there, or choose another --port"
            return Finding(check="address", verdict=Verdict.WARNING, found=text, advice=advice)
    return Finding(check="address", verdict=Verdict.OK, found=f"{where} is free")
