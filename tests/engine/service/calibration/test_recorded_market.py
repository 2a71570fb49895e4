"""Orders against captures: played whole, one pass, priced by the books that were recorded."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from engine.errors import CaptureError
from engine.intelligence.calibration import Calibration
from engine.intelligence.residuals import Bucket
from engine.kernels.warm_up import warm_up
from engine.service.calibration.recorded_market import (
    EVENTS,
    FAMILIES,
    TAIL_NS,
    WARM_UP_NS,
    Family,
    recorded_orders,
)
from engine.service.intelligence.forecast_log import ForecastLog
from tests.support.recorded_lines import NS, START, Row, coinbase_snapshot, stamped

GOLD = "kalshi_gold15m/events/KXGOLD15M-26AUG101900-00"


def played(family: Family, data: Path, seed: int = 1) -> list[object]:
    warm_up()
    log = ForecastLog()
    rows = list(recorded_orders(family, data, seed, log, Calibration()))
    log.close()
    return list(rows)


def test_orders_of_a_capture_do_not_overlap_and_repeat(shared_data: Path) -> None:
    gold = Family("gold", EVENTS, (("kalshi", "KXGOLD15M-26AUG101900-00", GOLD),))
    warm_up()
    log = ForecastLog()
    rows = list(recorded_orders(gold, shared_data, 1, log, Calibration()))
    assert len(rows) > 50
    spans = [(row.made_ns, row.ended_ns) for row in rows]
    assert all(b[0] > a[1] for a, b in pairwise(spans))
    assert {Bucket.of(row.bucket).liquidity for row in rows} == {"event"}
    assert all(row.unit_bps == pytest.approx(2e4 * 10**7 / row.mid_x2) for row in rows)
    assert log.waiting() == 0
    assert rows == played(gold, shared_data)
    log.close()


def test_a_book_that_stands_still_gives_back_its_own_walk(tmp_path: Path) -> None:
    seconds = (WARM_UP_NS + TAIL_NS) // NS + 60
    book: list[Row] = [(START + n * NS, coinbase_snapshot("X", 100)) for n in range(seconds)]
    (tmp_path / "still").write_text(stamped(book))
    family = Family("still", FAMILIES[0].fees, (("coinbase", "X", "still"),))
    warm_up()
    log = ForecastLog()
    rows = list(recorded_orders(family, tmp_path, 2, log, Calibration()))
    takes = [row for row in rows if Bucket.of(row.bucket).policy in ("sor", "ioc_sweep")]
    assert takes
    for row in takes:
        assert row.realised_bps == pytest.approx(row.walk_bps, abs=1e-6)
    log.close()


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        played(Family("none", EVENTS, (("kalshi", "X", "nowhere"),)), tmp_path)
