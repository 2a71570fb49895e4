"""Keeping compiled kernels true to their sources.

numba renews a cached kernel when the file of that kernel changes, not when a helper it inlined
from another file does. So each kernel module leaves the fingerprint of its own and all imported
kernel sources beside its compiled kernels; where that differs they are deleted before loading.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

__all__ = ["drop_outdated", "fingerprint"]

IMPORT: Final = re.compile(
    r"^from engine\.kernels(?:\.(\w+))? import (?:\(([^)]*)\)|(.*))$", re.MULTILINE
)
SOURCES: Final = Path(__file__).parent


def drop_outdated(folder: Path, module: str, wanted: str) -> int:
    """Delete what a module compiled from sources other than `wanted`; returns how many files."""
    stamp = folder / f"{module}.sha256"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return 0
    outdated = sorted(folder.glob(f"{module}.*.nb[ic]"))
    for compiled in outdated:
        compiled.unlink(missing_ok=True)  # another process may be at the same work
    folder.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted, encoding="ascii")
    return len(outdated)


def fingerprint(module: str, sources: Path = SOURCES) -> str:
    """Digest of a kernel module's source and of every kernel source it imports, near or far."""
    digest = hashlib.sha256()
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = sources / f"{name}.py"
        if name in seen or not path.is_file():
            continue
        seen.add(name)
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
        waiting.extend(_imported(content))
    return digest.hexdigest()


def _imported(content: bytes) -> list[str]:
    """Kernel modules that a source names in its imports, in order."""
    names: list[str] = []
    for module, several, one in IMPORT.findall(content.decode("utf-8")):
        names.extend([module] if module else (several or one).replace(",", " ").split())
    return names
