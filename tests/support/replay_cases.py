"""Recorded feeds as `execgraph replay` names them, and as the slow replay reads them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd, lcm
from pathlib import Path
from typing import Any

import pytest

from engine.service.cli.main import main
from tests.support.slow_books import Levels
from tests.support.slow_replay import (
    SlowFeed,
    SlowResult,
    average,
    deep_enough,
    fills_by_venue,
    slow_walk,
)

NS = 10**9
Books = Sequence[tuple[Levels, Levels]]


@dataclass(frozen=True)
class Case:
    """One feed: the venue, the symbol as a user and as the venue writes it, and its files."""

    venue: str
    spelled: str
    path: str
    files: tuple[str, ...]
    symbol: str = ""
    at: str = "20"
    inside: str = ""
    lot_1e8: int = 1

    @property
    def name(self) -> str:
        return f"{self.venue}-{self.spelled[-24:]}"

    @property
    def order_symbol(self) -> str:
        return self.symbol or self.spelled


def run_json(
    capsys: pytest.CaptureFixture[str], words: Sequence[str]
) -> tuple[int, dict[str, Any], str]:
    """Exit code, the one object printed on standard output, and what went to standard error."""
    capsys.readouterr()
    code = main(["replay", *words, "--json"])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 1, out
    found = json.loads(lines[0])
    assert isinstance(found, dict)
    return code, found, err


def market_order(symbol: str, side: str, qty_1e8: int) -> str:
    """The JSON of a market order."""
    whole, rest = divmod(qty_1e8, 10**8)
    return json.dumps({"symbol": symbol, "side": side, "qty": f"{whole}.{rest:08d}"})


def seconds_of(text: str) -> int:
    """Decimal seconds in ns."""
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(9, "0"))


def partial_depth(
    feeds: Sequence[SlowFeed], books: Books, side: str, levels: int, lot_1e8: int = 1
) -> int:
    """A quantity that takes `levels` levels of each feed and stops, where it can, inside the next.

    It lies on the grid of the recorded quantities (which old orders may have left finer than the
    lot) and on `lot_1e8`.
    """
    grid = gcd(*(qty for sides in books for levels_ in sides for qty in levels_.values()))
    grid = lcm(grid, lot_1e8)
    least = deep_enough(feeds, books, side, levels)
    least += -least % grid
    total = 0
    for fill in slow_walk(feeds, books, side, 10**30).fills:
        total += fill.qty_1e8
        if total > least:
            return least + (total - least) // 2 // grid * grid
    return least


def check_outcome(
    found: dict[str, Any], slow: SlowResult, feeds: Sequence[SlowFeed], qty_1e8: int
) -> None:
    """Sum, average, fees and split equal those of the slow walk, to the last unit."""
    assert found["status"] == "filled"
    assert found["qty_1e8"] == qty_1e8 == slow.qty_1e8
    assert found["filled_qty_1e8"] == slow.qty_1e8
    assert found["avg_fill_price_1e9"] == average(slow.fills)
    assert found["fees_1e9"] == slow.fee_1e9
    legs = found["legs"]
    assert isinstance(legs, list)
    worst = {
        venue: (max if slow.side == "buy" else min)(fill.price_1e9 for fill in fills)
        for venue, fills in fills_by_venue(slow.fills).items()
    }
    assert {
        leg["venue"]: (leg["qty_1e8"], leg["avg_price_1e9"], leg["fee_1e9"]) for leg in legs
    } == {venue: row[:3] for venue, row in slow.by_venue().items()}
    assert {leg["venue"]: leg["limit_price_1e9"] for leg in legs} == worst


def cut_copy(source: Path, target: Path, seconds: int) -> Path:
    """The lines of a stamped recording that were received in its first seconds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(source, "rt") as lines, target.open("w") as out:
        first = None
        for line in lines:
            stamp = int(line.partition(" ")[0])
            first = stamp if first is None else first
            if stamp > first + seconds * NS:
                break
            out.write(line)
    return target
