"""The keys that seal the vault: a small file of its own, for its owner only."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

import msgspec

from engine.service.access.database import AccessError, access_error, make_private

__all__ = ["KEY_NAME", "KeyRing", "VaultError", "new_key", "read_ring", "write_ring"]

KEY_NAME: Final = "vault.key"
KEY_BYTES: Final = 32
FILE_MAX: Final = 65_536


class VaultError(AccessError):
    """Sealed credentials that do not open, or a key file that cannot be trusted."""


class KeyRing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sealing keys by id. There is more than one only while a rotation is under way."""

    current: str
    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing(current={self.current!r}, keys={len(self.keys)})"


def new_key(ring: KeyRing | None = None) -> KeyRing:
    """A ring whose current key is a new one; those of `ring` stay on it."""
    name = secrets.token_hex(8)
    kept = {} if ring is None else ring.keys
    return KeyRing(current=name, keys={**kept, name: secrets.token_bytes(KEY_BYTES)})


def read_ring(path: Path) -> KeyRing | None:
    """The ring in the file, None when there is none; VaultError when it cannot be trusted."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(FILE_MAX)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise access_error("read", error, path) from error
    if os.name == "posix" and mode & 0o077:
        raise VaultError(f"{path} may be read by others (mode {mode:03o}); make it mode 600")
    try:
        ring = msgspec.json.decode(data, type=KeyRing)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # The text of the error could quote the key.
        raise VaultError(f"{path} is no vault key; restore it from your backup") from None
    if ring.current not in ring.keys or {len(key) for key in ring.keys.values()} != {KEY_BYTES}:
        raise VaultError(f"{path} holds no usable key; restore it from your backup")
    return ring


def write_ring(path: Path, ring: KeyRing) -> None:
    """Replace the file as a whole, durably; AccessError when the disk does not take it."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    make_private(new)
    try:
        with new.open("wb") as file:
            file.write(msgspec.json.encode(ring))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise access_error("written", error, path) from error
