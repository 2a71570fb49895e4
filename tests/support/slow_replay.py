"""A slow, obvious replay: raw recordings into dict books, one walk over merged levels in integers.

Nothing of the engine is used: files are read line by line, numbers are Decimals, and each venue's
documented book rules are written out once more in `slow_books`. This file reads and walks.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.support.slow_books import Levels, SlowFrame, book_of

__all__ = [
    "SlowFeed",
    "SlowFill",
    "SlowResult",
    "average",
    "deep_enough",
    "fills_by_venue",
    "read_frames",
    "slow_walk",
]

NS = 10**9
SECONDS = re.compile(r"^(\d{9,11}(?:\.\d+)?): ?(.*)$")
ANSWER = re.compile(r"^(\S+) -> (\d{9,11}(?:\.\d+)?): ?(.*)$")


@dataclass
class SlowFeed:
    """One feed as a person would describe it, its frames and its fee."""

    venue: str
    files: Sequence[Path]
    symbol: str
    fee_ppm: int = 0
    merged_name: str = ""
    frames: list[SlowFrame] = field(default_factory=list)

    def load(self) -> SlowFeed:
        """Read the files; frames by receive time, those of one time in the order of the files."""
        rows = [row for path in self.files for row in read_frames(path, self.merged_name)]
        self.frames = sorted(rows, key=lambda row: row.recv_ns)
        return self

    @property
    def first_ns(self) -> int:
        return self.frames[0].recv_ns

    @property
    def last_ns(self) -> int:
        return self.frames[-1].recv_ns

    def book_at(self, at_ns: int) -> tuple[Levels, Levels]:
        """Bids and asks (price_1e9 -> qty_1e8) after the last frame received at or before."""
        seen = [frame for frame in self.frames if frame.recv_ns <= at_ns]
        return book_of(self.venue, self.symbol, seen)


@dataclass
class SlowFill:
    """One level taken."""

    venue: str
    price_1e9: int
    qty_1e8: int
    fee_1e9: int


@dataclass
class SlowResult:
    """What the walk came to."""

    side: str
    fills: list[SlowFill]

    @property
    def qty_1e8(self) -> int:
        return sum(fill.qty_1e8 for fill in self.fills)

    @property
    def fee_1e9(self) -> int:
        return sum(fill.fee_1e9 for fill in self.fills)

    def by_venue(self) -> dict[str, tuple[int, int, int, int]]:
        """Venue -> (quantity, average, fee, number of levels)."""
        return {
            venue: (
                sum(fill.qty_1e8 for fill in fills),
                average(fills),
                sum(fill.fee_1e9 for fill in fills),
                len(fills),
            )
            for venue, fills in fills_by_venue(self.fills).items()
        }


def fills_by_venue(fills: Sequence[SlowFill]) -> dict[str, list[SlowFill]]:
    """Fills of each venue, in the order in which the venues were first used."""
    found: dict[str, list[SlowFill]] = {}
    for fill in fills:
        found.setdefault(fill.venue, []).append(fill)
    return found


def average(fills: Sequence[SlowFill]) -> int:
    """sum(p q) / sum(q); Python's round of a Fraction goes half to even."""
    qty = sum(fill.qty_1e8 for fill in fills)
    return round(Fraction(sum(fill.price_1e9 * fill.qty_1e8 for fill in fills), qty)) if qty else 0


def landed(side: str, price_1e9: int, fee_ppm: int) -> Fraction:
    """What a unit costs (buy) or brings (sell, negated so that less is better) after the fee."""
    fee = Fraction(fee_ppm, 10**6)
    return price_1e9 * (1 + fee) if side == "buy" else -price_1e9 * (1 - fee)


def ladder(
    feeds: Sequence[SlowFeed], books: Sequence[tuple[Levels, Levels]], side: str
) -> list[tuple[Fraction, int, int, int]]:
    """All levels to take as (landed, signed raw price, feed number, quantity), best first."""
    sign = 1 if side == "buy" else -1
    rows = []
    for number, (feed, (bids, asks)) in enumerate(zip(feeds, books, strict=True)):
        for price, qty in (asks if side == "buy" else bids).items():
            rows.append((landed(side, price, feed.fee_ppm), sign * price, number, qty))
    return sorted(rows)


def slow_walk(
    feeds: Sequence[SlowFeed],
    books: Sequence[tuple[Levels, Levels]],
    side: str,
    qty_1e8: int,
) -> SlowResult:
    """Take levels in order until the quantity or the books are used up."""
    fills = []
    left = qty_1e8
    for _, signed, number, qty in ladder(feeds, books, side):
        if not left:
            break
        taken = min(qty, left)
        left -= taken
        fee = Fraction(abs(signed) * taken * feeds[number].fee_ppm, 10**8 * 10**6)
        fills.append(SlowFill(feeds[number].venue, abs(signed), taken, -(-fee // 1)))
    return SlowResult(side, fills)


def deep_enough(
    feeds: Sequence[SlowFeed],
    books: Sequence[tuple[Levels, Levels]],
    side: str,
    levels: int,
) -> int:
    """The least quantity that takes `levels` levels of every feed."""
    missing = dict.fromkeys(range(len(feeds)), levels)
    total = 0
    for _, _, number, qty in ladder(feeds, books, side):
        if not any(missing.values()):
            break
        total += qty
        missing[number] = max(0, missing[number] - 1)
    assert not any(missing.values()), f"a book is not {levels} levels deep: {missing}"
    return total


def read_frames(path: Path, merged_name: str = "") -> Iterator[SlowFrame]:
    """Every frame and answer of one file; what the recorder sent or noted is left out."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text:
        if "multi_exchange" in path.name:
            yield from standing(json.load(text), merged_name)
            return
        for line in text:
            row = parsed(line.rstrip("\n"), merged_name)
            if row is not None:
                yield row


def parsed(line: str, merged_name: str) -> SlowFrame | None:
    """One line of any of the recorded forms."""
    answer = ANSWER.match(line)
    if answer:
        return SlowFrame(nanoseconds(answer[2]), json.loads(answer[3]), answer[1])
    seconds = SECONDS.match(line)
    if seconds:
        return SlowFrame(nanoseconds(seconds[1]), json.loads(seconds[2]), "")
    if line.startswith("{"):
        row = json.loads(line)
        if merged_name and row["venue"] != merged_name:
            return None
        body = next(row[key] for key in ("msg", "event", "raw") if key in row)
        stamp = row["recv_ns"] if "recv_ns" in row else row["recv_ms"] * 10**6
        return SlowFrame(stamp, body, "")
    stamp_text, _, body_text = line.partition(" ")
    if stamp_text.isdigit():
        return SlowFrame(int(stamp_text), json.loads(body_text), "")
    return None


def standing(document: Mapping[str, Any], venue: str) -> Iterator[SlowFrame]:
    """Books of the static recording; the i-th instant stands for second i."""
    for number, instant in enumerate(document["snapshots"], 1):
        for book in instant["books"]:
            if book["venue"] == venue:
                yield SlowFrame(number * NS, book, "")


def nanoseconds(text: str) -> int:
    """Decimal seconds, exactly; finer digits are cut."""
    return int(Decimal(text) * NS)
