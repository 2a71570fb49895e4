"""The flight recorder: the last received market frames of every venue, spilled on an incident.

A ring keeps sealed segments of joined bytes and one open segment, so that a frame costs two
appends, the collector has little to look at, and a spill takes references instead of copies.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.model.instruments import Listing
from engine.service.frame_file import FRAME_HEAD, Segment, SpilledVenue, SpillHeader, write_spill

__all__ = [
    "INCIDENTS_NAME",
    "FlightLimits",
    "FlightRecorder",
    "FrameRing",
    "call_now",
    "in_thread",
    "spill_files",
]

# The folder of spilled frames inside an engine's data folder.
INCIDENTS_NAME: Final = "incidents"

SEGMENT_BYTES: Final = 32_768
SUFFIX: Final = ".frames"
PART: Final = ".part"
CLOSE_TIMEOUT_S: Final = 10.0
REASON_MAX: Final = 64
HEAD: Final = FRAME_HEAD.size

log = logging.getLogger("execgraph")

Task = Callable[[], None]


class FlightLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much is kept: of each venue in memory, and of incidents on disk.

    `pause_ns` is the least time between two spills; an incident inside it is spilled after it.
    At most `files_max` files are kept, each at most `venues * ring_bytes` large.
    """

    ring_bytes: int = 8 * 1024 * 1024
    ring_ns: int = 120 * 10**9
    files_max: int = 20
    pause_ns: int = 10 * 10**9


class FrameRing:
    """The last frames of one venue session, at most `bytes_max` bytes and `span_ns` old.

    Bytes count the payload and a head of 16 a frame. `numbers` frames were received; one that is
    larger than half the ring is only counted (`too_big`). Old ones leave by segments of 32 KB.
    """

    __slots__ = (
        "bytes_max",
        "numbers",
        "opened",
        "opened_bytes",
        "sealed",
        "sealed_bytes",
        "segment_bytes",
        "span_ns",
        "too_big",
    )

    def __init__(self, bytes_max: int, span_ns: int) -> None:
        assert bytes_max > 0, "a ring has room"
        assert span_ns > 0, "a ring remembers"
        self.bytes_max = bytes_max
        self.span_ns = span_ns
        self.segment_bytes = min(SEGMENT_BYTES, max(1, bytes_max // 16))
        self.sealed: deque[Segment] = deque()
        self.sealed_bytes = 0
        self.opened: list[bytes] = []
        self.opened_bytes = 0
        self.numbers = 0
        self.too_big = 0

    def keep(self, recv_ns: int, line: int, payload: bytes) -> None:
        """Keep one received frame. A `line` of -1 marks an answered request, after its tag."""
        size = len(payload)
        self.opened += (FRAME_HEAD.pack(recv_ns, line, size), payload)
        self.opened_bytes += size + HEAD
        if self.opened_bytes >= self.segment_bytes:
            self.seal(recv_ns)

    def seal(self, recv_ns: int) -> None:
        """Close the open segment and forget what is too much or too old at `recv_ns`."""
        opened, count = self.opened, len(self.opened) // 2
        if self.opened_bytes >= self.segment_bytes and len(opened[-1]) > self.bytes_max // 2:
            # Only the last frame of a segment can be that large.
            del opened[-2:]
            self.too_big += 1
        if opened:
            joined = b"".join(opened)
            first_ns = FRAME_HEAD.unpack_from(joined)[0]
            self.sealed.append(Segment(self.numbers, first_ns, recv_ns, joined))
            self.sealed_bytes += len(joined)
        self.numbers += count
        self.opened = []
        self.opened_bytes = 0
        self.forget(recv_ns)

    def forget(self, now_ns: int) -> None:
        """Drop the oldest segments that are past a bound."""
        sealed = self.sealed
        # Room stays for the segment that opens next.
        room = self.bytes_max - self.segment_bytes
        oldest_ns = now_ns - self.span_ns
        while sealed and (self.sealed_bytes > room or sealed[0].last_ns < oldest_ns):
            self.sealed_bytes -= len(sealed.popleft().frames)

    @property
    def bytes_kept(self) -> int:
        """Bytes held now, heads included."""
        return self.sealed_bytes + self.opened_bytes

    def segments(self, now_ns: int) -> tuple[Segment, ...]:
        """Everything kept at `now_ns`, oldest first, sealed: references, no copies."""
        if self.opened:
            self.seal(FRAME_HEAD.unpack(self.opened[-2])[0])
        self.forget(now_ns)
        return tuple(self.sealed)


class FlightRecorder:
    """The rings of all venues and the folder they are spilled to.

    `run` tells runs of one data folder apart (the engine's number). `start` runs a write away
    from the loop, one at a time; it must not run it twice. What fails to be written is counted
    in `failed`, kept in `fault` and logged: an incident never stops trading by itself.
    """

    def __init__(
        self,
        folder: str | Path,
        listings: Mapping[str, Sequence[Listing]],
        *,
        run: int = 0,
        limits: FlightLimits | None = None,
        start: Callable[[Task], None] | None = None,
    ) -> None:
        self.limits = limits or FlightLimits()
        self.folder = Path(folder)
        self.listings = {venue: tuple(of) for venue, of in listings.items()}
        self.run = run
        self.start = start or in_thread
        bounds = self.limits.ring_bytes, self.limits.ring_ns
        self.rings = {venue: FrameRing(*bounds) for venue in self.listings}
        self.spills = 0
        self.failed = 0
        self.fault = ""
        self.last_ns: int | None = None
        self.waiting = ""
        self._free = threading.Event()
        self._free.set()

    def ring(self, venue: str) -> FrameRing:
        """The ring of one venue, the `recorder` of its feed."""
        return self.rings[venue]

    def spill(self, reason: str, now_ns: int) -> bool:
        """Write the rings to a file of their own, elsewhere; False: later, by `catch_up`.

        Costs the loop some microseconds a venue. Incidents that come in a burst share a file:
        while one is being written or within `pause_ns` the first reason waits for `catch_up`.
        """
        last_ns = self.last_ns
        resting = last_ns is not None and 0 <= now_ns - last_ns < self.limits.pause_ns
        if resting or not self._free.is_set():
            self.waiting = self.waiting or reason
            return False
        self._begin(reason, now_ns, self.start)
        return True

    def catch_up(self, now_ns: int) -> bool:
        """Spill what waits, if it may now; to be called about once a second and at the end."""
        return bool(self.waiting) and self.spill(self.waiting, now_ns)

    def close(self, now_ns: int) -> None:
        """Wait for a write that runs, then write what waits; blocks, so for the very end only."""
        if self._free.wait(CLOSE_TIMEOUT_S) and self.waiting:
            self._begin(self.waiting, now_ns, call_now)

    def snapshot(self, now_ns: int) -> tuple[SpilledVenue, ...]:
        """Every ring as it is now, for a live export."""
        return tuple(
            SpilledVenue(venue=venue, listings=self.listings[venue], segments=ring.segments(now_ns))
            for venue, ring in self.rings.items()
        )

    def _begin(self, reason: str, now_ns: int, start: Callable[[Task], None]) -> None:
        self._free.clear()
        self.last_ns = now_ns
        self.waiting = ""
        venues = self.snapshot(now_ns)
        header = SpillHeader(reason=reason[:REASON_MAX], now_ns=now_ns, run=self.run)
        try:
            start(lambda: self._write(header, venues))
        except RuntimeError as error:
            # A process without room for one more thread still trades.
            self._fail(error)
            self._free.set()

    def _fail(self, error: Exception) -> None:
        self.failed += 1
        self.fault = f"the frames of an incident could not be written ({error}); check the disk"
        log.warning("%s", self.fault)

    # -- away from the loop

    def _write(self, header: SpillHeader, venues: tuple[SpilledVenue, ...]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{header.now_ns:020d}-{header.run}-{slug(header.reason)}"
            part = self.folder / (name + PART)
            write_spill(part, header, venues)
            part.replace(self.folder / (name + SUFFIX))
            self._tidy()
            self.spills += 1
        except OSError as error:
            self._fail(error)
        finally:
            self._free.set()

    def _tidy(self) -> None:
        """Keep the newest files only, and no half-written ones."""
        old = spill_files(self.folder)[: -self.limits.files_max]
        for path in (*old, *sorted(self.folder.glob("*" + PART))):
            path.unlink(missing_ok=True)


def spill_files(folder: Path) -> list[Path]:
    """The spilled files of a folder, oldest first; none where there is no folder."""
    return sorted(folder.glob("*" + SUFFIX))


def slug(reason: str) -> str:
    """A reason as part of a file name."""
    text = "".join(letter if letter.isalnum() else "-" for letter in reason.lower())
    return "-".join(text.split("-")).strip("-")[:REASON_MAX] or "incident"


def call_now(task: Task) -> None:
    """Run a task at once, for simulations and for the end."""
    task()


def in_thread(task: Task) -> None:
    """Run a task on a thread of its own, which does not keep the process alive."""
    threading.Thread(target=task, name="execgraph-incident", daemon=True).start()
