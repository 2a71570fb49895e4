"""What all tests share: the recordings' folder, warm kernels, settings of the property tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from engine.kernels.warm_up import warm_up

ROOT = Path(__file__).resolve().parent.parent

# Kernels and shared machines make single examples slow; time is what benchmarks are for.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def warm_kernels() -> None:
    """Compile every kernel once, frozen, as an engine does at its start."""
    warm_up()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of recorded venue frames, which are not part of the project.

    It is `shared/data` beside the project's folder, or what `EXECGRAPH_SHARED_DATA` names.
    """
    given = os.environ.get("EXECGRAPH_SHARED_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("recordings are absent: set EXECGRAPH_SHARED_DATA to their folder")
    return folder
