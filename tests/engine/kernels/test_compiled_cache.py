"""What was compiled from other sources is deleted, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.kernels.compiled_cache import drop_outdated, fingerprint

SOURCES = {
    "entry": "from engine.kernels.near import x\nfrom numba import njit\n",
    "near": "from engine.kernels import (\n    far,\n    other,\n)\n",
    "far": "from engine.kernels.near import y\nimport numpy\n",
    "other": "X = 1\n",
    "alone": "from engine.model import units\n",
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    for name, text in SOURCES.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.mark.parametrize("changed", ["entry", "near", "far", "other"])
def test_a_fingerprint_follows_every_import(sources: Path, changed: str) -> None:
    before, alone = fingerprint("entry", sources), fingerprint("alone", sources)
    path = sources / f"{changed}.py"
    path.write_text(path.read_text() + "# more\n")
    assert fingerprint("entry", sources) != before
    assert fingerprint("alone", sources) == alone


def test_a_fingerprint_repeats(sources: Path) -> None:
    assert fingerprint("entry", sources) == fingerprint("entry", sources)
    assert fingerprint("far", sources) != fingerprint("near", sources)
    assert fingerprint("sweep") == fingerprint("sweep")
    assert fingerprint("sweep") != fingerprint("capacity")


def test_only_outdated_kernels_of_the_module_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert drop_outdated(folder, "sweep", "one") == 0, "the folder need not be there yet"
    kept = ["sweep_more.kernel-1.py311.nbi", "landed.f-1.py311.1.nbc", "sweep.py"]
    compiled = ["sweep.sweep-53.py311.nbi", "sweep.sweep-53.py311.1.nbc"]
    for name in [*kept, *compiled]:
        (folder / name).write_bytes(b"x")
    assert drop_outdated(folder, "sweep", "one") == 0
    assert all((folder / name).exists() for name in [*kept, *compiled])
    assert drop_outdated(folder, "sweep", "two") == 2
    assert all((folder / name).exists() for name in kept)
    assert not any((folder / name).exists() for name in compiled)
    assert drop_outdated(folder, "sweep", "two") == 0
