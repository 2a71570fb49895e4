"""The C peers of the kernels, compiled when asked for and called by ctypes.

`-ffp-contract=off` because the kernels promise the same result on every run and machine: both
sides round after every operation, and their curves are compared bit for bit.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.kernel_data import CurveProblem

__all__ = ["CFrames", "CReference"]

SOURCE = Path(__file__).with_name("reference.c")
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")
INT = ctypes.c_int64
POINTER = ctypes.c_void_p


class CReference:
    """The library, built into `folder`; SystemExit when there is no gcc."""

    def __init__(self, folder: Path) -> None:
        gcc = shutil.which("gcc")
        if gcc is None:
            raise SystemExit("gcc is needed to compile the C peers")
        target = folder / "reference.so"
        subprocess.run([gcc, *FLAGS, "-o", str(target), str(SOURCE)], check=True)
        library = ctypes.CDLL(str(target))
        self.apply_runs = library.book_apply_runs
        self.apply_runs.argtypes = [POINTER, INT, INT, POINTER, INT, INT]
        self.frames = library.parse_frames
        self.frames.argtypes = [POINTER] * 5 + [INT, POINTER, INT]
        self.curve = library.capacity_curve
        self.curve.argtypes = [POINTER, INT, INT, INT, POINTER, POINTER, INT, POINTER]
        self.curves = library.capacity_curves
        self.curves.argtypes = [POINTER, *[INT] * 5, POINTER, POINTER, INT, POINTER]
        for function in (self.apply_runs, self.frames, self.curve, self.curves):
            function.restype = INT

    def book_apply_runs(
        self, block: NDArray[np.int64], venue: int, rows: NDArray[np.int64], batch: int
    ) -> int:
        """All rows in runs of `batch`; a checksum of the runs' moved bits, modulo 2**64."""
        depth = block.shape[2]
        data = block.ctypes.data, depth, venue, rows.ctypes.data, len(rows), batch
        return int(self.apply_runs(*data))

    def parse_frames(self, frames: CFrames, rows: NDArray[np.int64]) -> int:
        """Levels of all frames one after the other into the same rows; how many, or -1."""
        tables = [table.ctypes.data for table in frames.tables]
        return int(self.frames(frames.raw, *tables, frames.count, rows.ctypes.data, len(rows)))

    def capacity_curve(self, problem: CurveProblem, side: int, costs: NDArray[np.float64]) -> int:
        """One curve, as the kernel draws it."""
        block, terms, sizes = problem.block, problem.terms, problem.sizes
        venues, _, depth, _ = block.shape
        data = block.ctypes.data, venues, depth, side, terms.ctypes.data
        return int(self.curve(*data, sizes.ctypes.data, len(sizes), costs.ctypes.data))

    def capacity_curves(
        self, problems: list[CurveProblem], repeat: int, costs: NDArray[np.float64]
    ) -> int:
        """Buys on every problem's block in turn, with the first one's terms and sizes."""
        blocks = np.array([problem.block.ctypes.data for problem in problems], np.int64)
        first = problems[0]
        venues, _, depth, _ = first.block.shape
        shape = blocks.ctypes.data, len(problems), repeat, venues, depth, 0
        given = first.terms.ctypes.data, first.sizes.ctypes.data, len(first.sizes)
        return int(self.curves(*shape, *given, costs.ctypes.data))


class CFrames:
    """Frames end to end, with where each begins, how long it is, and where its levels begin."""

    def __init__(self, frames: list[bytes]) -> None:
        self.count = len(frames)
        self.raw = b"".join(frames)
        lengths = [len(frame) for frame in frames]
        offsets = np.cumsum([0, *lengths[:-1]])
        bids = [frame.index(b'"b":') + 4 for frame in frames]
        asks = [frame.index(b'"a":') + 4 for frame in frames]
        self.tables = [np.array(column, np.int64) for column in (offsets, lengths, bids, asks)]
