"""Sizes of the benchmarks: smoke in the ordinary test run, full when measuring."""

from __future__ import annotations

import os
from typing import TypeVar

__all__ = ["FULL", "sized"]

T = TypeVar("T")

FULL = os.environ.get("EXECGRAPH_BENCH", "smoke") == "full"
"""Set the environment variable EXECGRAPH_BENCH=full to measure; anything else is smoke."""


def sized(smoke: T, full: T) -> T:
    """The size that this run asks for."""
    return full if FULL else smoke
