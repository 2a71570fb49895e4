"""What all tests share: the recordings' folder, warm kernels, hypothesis settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from engine.kernels.warm_up import warm_up

ROOT = Path(__file__).resolve().parent.parent
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def warm_kernels() -> None:
    """Compile every kernel once, frozen, as an engine does at its start."""
    warm_up()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recordings, which are not part of the project."""
    given = os.environ.get("EXECGRAPH_SHARED_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"recordings are absent: {folder.name} is not beside the project")
    return folder
