"""Where an engine keeps its files when nobody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["DATA_DIR_VARIABLE", "default_data_dir"]

DATA_DIR_VARIABLE: Final = "EXECGRAPH_DATA_DIR"


def default_data_dir() -> Path:
    """The folder that EXECGRAPH_DATA_DIR names, else `.execgraph` in the user's own folder."""
    given = os.environ.get(DATA_DIR_VARIABLE)
    return Path(given).expanduser() if given else Path.home() / ".execgraph"
