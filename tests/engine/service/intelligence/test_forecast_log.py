"""The store of forecasts: exact across restarts, bounded, and one transaction a change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from engine.errors import ConfigError
from engine.intelligence.calibration import Calibration
from engine.intelligence.residuals import Bucket
from engine.model.instruments import Environment
from engine.service.intelligence.forecast_log import (
    EndedRow,
    ForecastLog,
    ForecastRow,
    OrderKey,
    ScoredRow,
)

KINDS = (
    Bucket("sor", "high", "small", "tight"),
    Bucket("sor", "low", "small", "tight"),
    Bucket("passive_limit", "low", "large", "wide"),
)
# As format 1 wrote its file: the id of an order alone tells which it is.
FORMAT_1 = """
CREATE TABLE forecasts(
    number INTEGER PRIMARY KEY, order_id TEXT UNIQUE NOT NULL, row BLOB NOT NULL);
CREATE TABLE outcomes(number INTEGER PRIMARY KEY, bucket TEXT NOT NULL, row BLOB NOT NULL);
CREATE INDEX outcomes_of ON outcomes(bucket, number);
CREATE TABLE voids(
    number INTEGER PRIMARY KEY, order_id TEXT NOT NULL, ended_ns INTEGER NOT NULL,
    why TEXT NOT NULL);
CREATE TABLE tallies(
    name TEXT PRIMARY KEY, offset REAL NOT NULL, scored INTEGER NOT NULL, inside INTEGER NOT NULL);
PRAGMA user_version=1;
"""
# What format 2 had instead of what is told of ended orders.
FORMAT_2 = """
DROP TABLE ended;
CREATE TABLE voids(
    number INTEGER PRIMARY KEY, client_id TEXT NOT NULL, environment TEXT NOT NULL,
    order_id TEXT NOT NULL, ended_ns INTEGER NOT NULL, why TEXT NOT NULL);
INSERT INTO voids(client_id, environment, order_id, ended_ns, why)
    VALUES ('desk', 'sandbox', 'v', 7, 'it was ended from outside');
PRAGMA user_version=2;
"""


def key_of(order_id: str, client: str = "desk") -> OrderKey:
    return OrderKey(client, Environment.SANDBOX, order_id)


def forecast_row(order_id: str, bucket: Bucket = KINDS[0], **changes: object) -> ForecastRow:
    row = ForecastRow(
        order=key_of(order_id),
        made_ns=5,
        symbol="ETH-USD",
        bucket=bucket.name,
        mid_x2=4_650_000_000_000,
        sign=1,
        qty_1e8=10**8,
        base_bps=10.0,
        spread_bps=1.0,
        median_bps=10.0,
        p90_bps=11.28,
        walk_bps=9.5,
        law_bps=None,
        unit_bps=1.0,
        latency_ns=60_000_000,
    )
    return msgspec.structs.replace(row, **changes)


def scored_row(order_id: str, bucket: Bucket, realised: float, inside: bool) -> ScoredRow:
    return ScoredRow(
        order=key_of(order_id),
        bucket=bucket.name,
        made_ns=5,
        ended_ns=6,
        symbol="ETH-USD",
        mid_x2=4_650_000_000_000,
        base_bps=10.0,
        spread_bps=1.0,
        median_bps=10.0,
        p90_bps=11.28,
        walk_bps=9.5,
        law_bps=12.0,
        unit_bps=1.0,
        realised_bps=realised,
        filled_share=1.0,
        draw=0.5,
        inside=inside,
    )


def fill(log: ForecastLog, calibration: Calibration, seed: int, count: int) -> None:
    """Score `count` drawn outcomes."""
    rng = Random(seed)
    for n in range(count):
        bucket = rng.choice(KINDS)
        realised = rng.gauss(10, 2)
        log.add(forecast_row(f"{seed}-{n}", bucket))
        row = scored_row(f"{seed}-{n}", bucket, realised, False)
        inside = calibration.learn(row.estimate, row.p90_bps, realised, row.draw)
        log.score(msgspec.structs.replace(row, inside=inside), calibration)


def state_of(calibration: Calibration) -> object:
    windows = {name: one.values for name, one in calibration.tree.windows.items()}
    tallies = {
        name: (one.offset, one.scored, one.inside)
        for name, one in calibration.levels.tallies.items()
    }
    return windows, tallies


def test_a_restart_goes_on_exactly_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.db"
    log, calibration = ForecastLog(path, window=20), Calibration(window=20)
    fill(log, calibration, 1, 150)
    log.close()
    log = ForecastLog(path, window=20)
    again = log.restored()
    assert state_of(again) == state_of(calibration)
    fill(log, again, 2, 30)
    fill(ForecastLog(window=20), calibration, 2, 30)
    assert state_of(again) == state_of(calibration)
    assert state_of(log.restored()) == state_of(calibration)
    log.close()


def test_of_each_kind_the_newest_are_kept(tmp_path: Path) -> None:
    log, calibration = ForecastLog(tmp_path / "forecasts.db", window=20), Calibration(window=20)
    fill(log, calibration, 1, 200)
    kept = [row.bucket for row in log.outcomes()]
    assert {name: kept.count(name) for name in set(kept)} == {one.name: 20 for one in KINDS}
    assert log.waiting() == 0
    log.close()


def test_open_forecasts_survive_and_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.db"
    log = ForecastLog(path, open_max=3)
    assert log.add(forecast_row("a"))
    assert not log.add(forecast_row("a", p90_bps=99.0))
    for name in "bcd":
        log.add(forecast_row(name))
    log.close()
    log = ForecastLog(path, open_max=3)
    assert log.open_forecast(key_of("a")) is None
    assert log.open_forecast(key_of("d")) == forecast_row("d")
    assert log.waiting() == 3
    log.close()


def test_one_id_of_two_clients_or_environments_is_of_several_orders() -> None:
    keys = (
        key_of("a", "alice"),
        key_of("a", "bob"),
        OrderKey("alice", Environment.LIVE, "a"),
    )
    log, calibration = ForecastLog(), Calibration()
    rows = [forecast_row("", order=key, p90_bps=11.0 + n) for n, key in enumerate(keys)]
    assert all(log.add(row) for row in rows)
    assert [log.open_forecast(key) for key in keys] == rows
    log.void(keys[1], 7, "it was ended from outside")
    assert log.voids() == [(keys[1], "it was ended from outside")]
    done = msgspec.structs.replace(scored_row("", KINDS[0], 1.0, True), order=keys[2])
    calibration.learn(done.estimate, done.p90_bps, 1.0, 0.5)
    assert log.score(done, calibration)
    assert [log.open_forecast(key) for key in keys] == [rows[0], None, None]
    log.close()


def test_a_file_of_format_1_keeps_what_was_learned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made, calibration = ForecastLog(window=20), Calibration(window=20)
    fill(made, calibration, 1, 60)
    path = tmp_path / "forecasts.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FORMAT_1)
        for row in made.outcomes():
            plain = msgspec.to_builtins(row)
            old = {"order_id": plain.pop("order")[-1], **plain}
            values = (row.bucket, msgspec.msgpack.encode(old))
            db.execute("INSERT INTO outcomes(bucket, row) VALUES (?, ?)", values)
        for name, tally in calibration.levels.tallies.items():
            told = (name, tally.offset, tally.scored, tally.inside)
            db.execute("INSERT INTO tallies VALUES (?, ?, ?, ?)", told)
        db.execute("INSERT INTO forecasts(order_id, row) VALUES ('a', x'00')")
        db.execute("INSERT INTO voids(order_id, ended_ns, why) VALUES ('b', 1, 'why')")
        db.commit()
    for warned in (1, 1):
        log = ForecastLog(path, window=20)
        assert state_of(log.restored()) == state_of(calibration)
        assert (log.waiting(), log.voids()) == (0, [])
        assert {row.order for row in log.outcomes()} == {None}
        assert caplog.text.count("was of format 1") == warned
        log.close()
    log = ForecastLog(path, window=20)
    assert log.add(forecast_row("a", order=key_of("a", "alice")))
    assert log.add(forecast_row("a", order=key_of("a", "bob")))
    log.close()
    made.close()


def test_what_does_not_count_is_kept_by_name() -> None:
    log = ForecastLog()
    log.add(forecast_row("a"))
    log.void(key_of("a"), 7, "it was ended from outside")
    assert (log.voids(), log.waiting()) == ([(key_of("a"), "it was ended from outside")], 0)
    assert list(log.outcomes()) == []
    assert state_of(log.restored()) == ({}, {})
    log.close()


def test_an_outcome_without_a_forecast_is_not_kept() -> None:
    log, calibration = ForecastLog(), Calibration()
    row = scored_row("a", KINDS[0], 1.0, True)
    calibration.learn(row.estimate, row.p90_bps, 1.0, 0.5)
    assert not log.score(row, calibration)
    log.add(forecast_row("a"))
    assert log.score(row, calibration)
    assert not log.score(row, calibration)
    assert list(log.outcomes()) == [row]
    log.close()


def test_a_change_that_fails_changes_nothing() -> None:
    log = ForecastLog()
    log.add(forecast_row("a"))
    with pytest.raises(KeyError):
        # Nothing was learned, so that there are no tallies to keep.
        log.score(scored_row("a", KINDS[0], 1.0, True), Calibration())
    assert log.waiting() == 1
    assert list(log.outcomes()) == []
    log.close()


def test_a_batch_is_one_change_and_a_fault_within_it_leaves_the_rest() -> None:
    log = ForecastLog()

    def broken() -> None:
        with log.batch():
            log.add(forecast_row("a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert log.waiting() == 0
    with log.batch():
        log.add(forecast_row("a"))
        with pytest.raises(KeyError):
            log.score(scored_row("a", KINDS[0], 1.0, True), Calibration())
        log.add(forecast_row("b"))
    assert log.waiting() == 2
    log.close()


def test_files_that_are_none_are_refused_with_a_way_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all, but long enough to be looked at" * 10)
    with pytest.raises(ConfigError, match="move it away"):
        ForecastLog(broken)
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(ConfigError, match="format 99"):
        ForecastLog(newer)


def test_what_was_said_of_an_order_outlives_its_end(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.db"
    log, calibration = ForecastLog(path), Calibration()
    when: dict[str, Any] = {"time_ms": 900, "fill_rate": 0.75}
    log.add(forecast_row("a", model_version="calibrated-1", sample_size=77, **when))
    row = scored_row("a", KINDS[0], 11.0, True)
    calibration.learn(row.estimate, row.p90_bps, 11.0, 0.5)
    assert log.ended_forecast(key_of("a")) is None
    assert log.score(row, calibration)
    kept = forecast_row("b", model_version="calibrated-1", sample_size=77, **when)
    log.add(kept)
    log.void(key_of("b"), 9, "degenerate", kept, 3.0)
    log.void(key_of("c"), 9, "a paced order has no closed form")
    log.close()
    log = ForecastLog(path)
    found = [log.ended_forecast(key_of(name)) for name in "abc"]
    whole = EndedRow(
        order=key_of("a"),
        ended_ns=6,
        made_ns=5,
        mid_x2=kept.mid_x2,
        median_bps=10.0,
        p90_bps=11.28,
        model_version="calibrated-1",
        sample_size=77,
        realised_bps=11.0,
        qty_1e8=kept.qty_1e8,
        time_ms=900,
        fill_rate=0.75,
    )
    assert found[0] == whole
    assert found[1] == msgspec.structs.replace(
        whole, order=key_of("b"), ended_ns=9, why="degenerate", realised_bps=3.0
    )
    why = "a paced order has no closed form"
    assert found[2] == EndedRow(order=key_of("c"), ended_ns=9, why=why)
    assert log.voids() == [(key_of("b"), "degenerate"), (key_of("c"), why)]
    assert log.ended_forecast(key_of("a", "mallory")) is None
    log.close()


def test_of_orders_that_ended_the_newest_are_kept() -> None:
    log = ForecastLog(ended_max=3)
    for name in "abcd":
        log.void(key_of(name), 1, "why")
    assert [order.order_id for order, _ in log.voids()] == ["b", "c", "d"]
    log.void(key_of("b"), 2, "again")
    assert [order.order_id for order, _ in log.voids()] == ["c", "d", "b"]
    log.close()


def test_a_file_of_format_2_keeps_what_it_knew(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.db"
    log, calibration = ForecastLog(path, window=20), Calibration(window=20)
    fill(log, calibration, 1, 30)
    log.add(forecast_row("open"))
    scored = list(log.outcomes())
    log.close()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(FORMAT_2)
    for _ in range(2):
        log = ForecastLog(path, window=20)
        assert state_of(log.restored()) == state_of(calibration)
        assert log.voids() == [(key_of("v"), "it was ended from outside")]
        assert log.open_forecast(key_of("open")) == forecast_row("open")
        for row in scored:
            assert row.order is not None
            told = log.ended_forecast(row.order)
            assert told is not None
            assert (told.p90_bps, told.realised_bps) == (row.p90_bps, row.realised_bps)
            assert (told.model_version, told.sample_size) == ("", None)
        log.close()
