"""`execgraph keys`: make, list, revoke and rotate the API keys of a data folder.

It works beside a running server, which takes notice within a second. A new key is printed alone
on the last line of standard output, once.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.service.access.audit import AUDIT_NAME, Audit
from engine.service.access.key_rows import KeyInfo
from engine.service.access.keys import KEYS_NAME, KeyStore
from engine.service.access.scopes import DEFAULT_SCOPES, parse_scopes, scopes_text
from engine.service.cli.tables import print_table
from engine.service.data_dir import default_data_dir

__all__ = ["add_arguments", "run"]

DAY_NS = 86_400 * 1_000_000_000
DAYS_MAX = 3_650


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `keys`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a key and print it, once")
    create.add_argument("--sandbox", action="store_true", help="a key that cannot reach a venue")
    create.add_argument(
        "--scope",
        default=scopes_text(DEFAULT_SCOPES),
        metavar="SCOPES",
        help="a list like read,trade,admin; default %(default)s",
    )
    create.add_argument("--label", default="", metavar="TEXT", help="what it is for")
    create.add_argument("--client", metavar="TEXT", help="whose it is; default: the engine's own")
    create.add_argument("--expires-days", type=int, metavar="N", help="default: never")
    shown = actions.add_parser("list", help="the keys there are, without their text")
    shown.add_argument("--client", metavar="TEXT", help="of one client; default: of all")
    shown.add_argument("--json", action="store_true", help="print one JSON array")
    revoke = actions.add_parser("revoke", help="end a key at once")
    rotate = actions.add_parser("rotate", help="make its successor; the old lasts 24 hours more")
    for action in (revoke, rotate):
        action.add_argument("key_id", metavar="KEY_ID")
    for action in (create, shown, revoke, rotate):
        action.add_argument("--data-dir", type=Path, metavar="DIR", help="the engine's data folder")


def run(options: argparse.Namespace) -> int:
    """Do one of the four; 0 when it is done."""
    folder = options.data_dir or default_data_dir()
    if options.action != "create" and not (folder / KEYS_NAME).exists():
        raise ConfigError(f"there are no keys in {folder}; make one with 'execgraph keys create'")
    keys = KeyStore(folder / KEYS_NAME)
    try:
        if options.action == "list":
            show(keys.list(options.client), as_json=options.json)
            return 0
        trail = Audit(folder / AUDIT_NAME)
        try:
            change(options, keys, trail)
        finally:
            trail.close()
        return 0
    finally:
        keys.close()


def change(options: argparse.Namespace, keys: KeyStore, trail: Audit) -> None:
    """Make, end or replace a key, note it in the audit trail, and say what came of it."""
    raw = ""
    if options.action == "create":
        info, raw = create(options, keys)
        lines = [f"key {info.key_id} of {info.client_id}: {kind_of(info)}, {words(info)}"]
    elif options.action == "rotate":
        info, raw = keys.rotate(options.key_id)
        old = keys.find(options.key_id)
        ends = moment(old.expires_ns)
        lines = [f"key {info.key_id} follows {old.key_id}, which works until {ends}"]
    else:
        info = keys.revoke(options.key_id)
        lines = [f"key {info.key_id} of {info.client_id} is revoked"]
    trail.record(
        method="CLI",
        path=f"keys {options.action}",
        client_id=info.client_id,
        environment=info.environment.value,
        after=info,
    )
    if raw:
        lines += ["it is shown this once; keep it now", raw]
    print("\n".join(lines))


def create(options: argparse.Namespace, keys: KeyStore) -> tuple[KeyInfo, str]:
    """The key that the options describe."""
    expires_ns = None
    if options.expires_days is not None:
        if not 1 <= options.expires_days <= DAYS_MAX:
            days = options.expires_days
            raise ConfigError(f"--expires-days takes a number from 1 to {DAYS_MAX}, not {days}")
        expires_ns = time.time_ns() + options.expires_days * DAY_NS
    scopes = parse_scopes(options.scope)
    return keys.create(
        options.label, options.sandbox, scopes, options.client, expires_ns=expires_ns
    )


def show(infos: tuple[KeyInfo, ...], *, as_json: bool) -> None:
    """The keys as a table, or as one JSON array."""
    if as_json:
        print(msgspec.json.encode(infos).decode())
        return
    if not infos:
        print("there are no keys; make one with 'execgraph keys create'")
        return
    header = ("key", "label", "client", "kind", "scopes", "ends in", "status", "created", "used")
    rows = [
        (
            info.key_id,
            info.label or "-",
            info.client_id,
            kind_of(info),
            words(info),
            info.hint,
            status(info),
            moment(info.created_ns),
            moment(info.last_used_ns),
        )
        for info in infos
    ]
    print_table("keys", header, rows)


def kind_of(info: KeyInfo) -> str:
    """What its key starts with says the same."""
    return info.environment.value


def words(info: KeyInfo) -> str:
    """Its scopes, as `--scope` takes them."""
    return scopes_text(frozenset(info.scopes))


def status(info: KeyInfo) -> str:
    """How it stands, and until when."""
    if info.expires_ns is None or info.status not in ("active", "rotated"):
        return info.status
    return f"{info.status} until {moment(info.expires_ns)}"


def moment(when_ns: int | None) -> str:
    """A time to the minute, in UTC."""
    if when_ns is None:
        return "-"
    return datetime.fromtimestamp(when_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%MZ")
