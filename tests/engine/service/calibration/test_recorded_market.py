"""Orders against captures: played whole, in recorded time, priced by the recorded books.

What is learned must have ended before a forecast is made, by the recordings' clock and whatever
recording it is from: two markets of one time are played here, and one of them is bent late.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from engine.errors import CaptureError, ConfigError
from engine.intelligence.calibration import Calibration
from engine.intelligence.residuals import Bucket
from engine.kernels.warm_up import warm_up
from engine.service.calibration.recorded_market import (
    EVENTS,
    FAMILIES,
    TAIL_NS,
    WARM_UP_NS,
    Family,
    RecordedMarket,
    open_recordings,
    recorded_orders,
    stretches,
)
from engine.service.intelligence.forecast_log import ForecastLog, ScoredRow
from tests.support.recorded_lines import (
    NS,
    START,
    Row,
    coinbase_snapshot,
    hyperliquid_book,
    stamped,
)
from tests.support.watched_log import WatchedLog

GOLD = "kalshi_gold15m/events/KXGOLD15M-26AUG101900-00"
FEES = FAMILIES[0].fees
COINBASE = Family("moving", FEES, (("coinbase", "X", "moving"),))
HYPERLIQUID = Family("still", FEES, (("hyperliquid", "BTC", "standing"),))
SECONDS = (WARM_UP_NS + TAIL_NS) // NS + 90
BENT_FROM = SECONDS // 2


def played(
    data: Path, *families: Family, seed: int = 1, log: ForecastLog | None = None
) -> list[ScoredRow]:
    warm_up()
    log = log or ForecastLog()
    rows = list(recorded_orders(families, data, seed, log, Calibration()))
    assert log.waiting() == 0
    log.close()
    return rows


def write_two(data: Path, bent: bool) -> None:
    """A book that wanders, and half way runs away if it is bent; another that stands still."""
    rng, bid, moving = Random(4), 100_000, list[Row]()
    for second in range(SECONDS):
        bid += rng.randrange(-3, 4)
        if bent and second >= BENT_FROM:
            bid += 300
        moving.append((START + second * NS, coinbase_snapshot("X", bid)))
    (data / "moving").write_text(stamped(moving))
    (data / "standing").write_text(stamped(hyperliquid_book(n) for n in range(2, SECONDS)))


def test_orders_of_a_capture_do_not_overlap_and_repeat(shared_data: Path) -> None:
    gold = Family("gold", EVENTS, (("kalshi", "KXGOLD15M-26AUG101900-00", GOLD),))
    rows = played(shared_data, gold)
    assert len(rows) > 50
    spans = [(row.made_ns, row.ended_ns) for row in rows]
    assert all(b[0] > a[1] for a, b in pairwise(spans))
    assert {Bucket.of(row.bucket).liquidity for row in rows} == {"event"}
    assert all(row.unit_bps == pytest.approx(2e4 * 10**7 / row.mid_x2) for row in rows)
    assert rows == played(shared_data, gold)


def test_a_book_that_stands_still_gives_back_its_own_walk(tmp_path: Path) -> None:
    seconds = (WARM_UP_NS + TAIL_NS) // NS + 60
    book: list[Row] = [(START + n * NS, coinbase_snapshot("X", 100)) for n in range(seconds)]
    (tmp_path / "still").write_text(stamped(book))
    family = Family("still", FEES, (("coinbase", "X", "still"),))
    rows = played(tmp_path, family, seed=2)
    takes = [row for row in rows if Bucket.of(row.bucket).policy in ("sor", "ioc_sweep")]
    assert takes
    for row in takes:
        assert row.realised_bps == pytest.approx(row.walk_bps, abs=1e-6)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        played(tmp_path, Family("none", EVENTS, (("kalshi", "X", "nowhere"),)))


def test_a_forecast_knows_what_has_ended_by_then_in_any_recording_and_nothing_else(
    tmp_path: Path,
) -> None:
    write_two(tmp_path, bent=False)
    log = WatchedLog()
    rows = played(tmp_path, COINBASE, HYPERLIQUID, log=log)
    assert {row.symbol for row in rows} == {"coinbase X", "hyperliquid BTC"}
    assert len(log.made) >= len(rows) > 20
    assert log.ended_ns == [row.ended_ns for row in rows]
    log.assert_causal()


def test_what_comes_late_in_one_recording_is_not_known_early_in_another(tmp_path: Path) -> None:
    outcomes = []
    for bent in (False, True):
        write_two(tmp_path, bent)
        rows = played(tmp_path, COINBASE, HYPERLIQUID)
        outcomes.append([row for row in rows if row.symbol == "hyperliquid BTC"])
    plain, beside = outcomes
    bent_ns = START + BENT_FROM * NS
    assert [row.made_ns for row in plain] == [row.made_ns for row in beside]
    early = [pair for pair in zip(plain, beside, strict=True) if pair[0].made_ns < bent_ns]
    assert len(early) > 5
    assert all(one == other for one, other in early)
    # It would have been felt: what is said after it has ended differs.
    assert any(
        other.p90_bps > one.p90_bps
        for one, other in zip(plain, beside, strict=True)
        if one.made_ns > bent_ns
    )


def test_recordings_of_one_time_are_one_stretch_in_the_order_of_time(tmp_path: Path) -> None:
    spans = {"a": (100, 160), "b": (0, 50), "c": (40, 90), "d": (85, 95), "e": (161, 170)}
    for name, span in spans.items():
        rows = [(START + second * NS, coinbase_snapshot("X", 100)) for second in span]
        (tmp_path / name).write_text(stamped(rows))
    families = [Family(name, FEES, (("coinbase", "X", name),)) for name in spans]
    found = stretches(open_recordings(families, tmp_path, 1))
    assert [[one.name for one in group] for group in found] == [
        ["b-0", "c-0", "d-0"],
        ["a-0"],
        ["e-0"],
    ]
    with pytest.raises(ConfigError, match="one venue and one time"):
        RecordedMarket(found[0], 1, ForecastLog(), Calibration(), lambda row: None)
