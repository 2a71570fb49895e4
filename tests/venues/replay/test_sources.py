"""Files chosen from paths and folders, and the metadata beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import CaptureError
from venues.replay.sources import find_metadata, find_sources

NAMES = [
    "BINANCE.0",
    "BINANCE.http.0.0.gz",
    "BINANCE.ws.1.0.gz",
    "BINANCE_FUTURES.ws.1.0.gz",
    "LICENSE.txt",
    ".hidden",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_text("x")
    return tmp_path


def names_of(spec: str, venue: str, symbol: str = "S") -> list[str]:
    return [path.name for path in find_sources(spec, venue, symbol).files]


def test_a_folder_gives_the_files_of_the_venue(folder: Path) -> None:
    assert names_of(str(folder), "binance") == ["BINANCE.http.0.0.gz", "BINANCE.ws.1.0.gz"]
    assert names_of(str(folder), "binance-usdm") == ["BINANCE_FUTURES.ws.1.0.gz"]
    with pytest.raises(CaptureError, match="no recording of kraken"):
        find_sources(str(folder), "kraken", "S")


def test_venue_after_the_mark_wins(folder: Path) -> None:
    sources = find_sources(f"{folder}#BINANCE_FUTURES", "other", "S")
    assert [path.name for path in sources.files] == ["BINANCE_FUTURES.ws.1.0.gz"]
    assert sources.venue == "binance-usdm"


def test_parts_may_leave_out_the_folder_and_repeat(folder: Path) -> None:
    spec = f"{folder}/BINANCE.http.0.0.gz+BINANCE.ws.1.0.gz+BINANCE.ws.1.0.gz"
    assert names_of(spec, "binance") == ["BINANCE.http.0.0.gz", "BINANCE.ws.1.0.gz"]
    assert find_sources(spec, "binance", "S").strict
    assert not find_sources(str(folder), "binance", "S").strict


def test_plus_and_mark_in_a_name_that_exists_belong_to_it(tmp_path: Path) -> None:
    odd = tmp_path / "a+b#c"
    odd.write_text("x")
    assert find_sources(str(odd), "kraken", "S").files == (odd,)


def test_a_folder_of_markets_is_narrowed_by_the_symbol(tmp_path: Path) -> None:
    for market in ("M-1", "M-2"):
        (tmp_path / market).mkdir()
        for day in ("1.ndjson", "2.ndjson"):
            (tmp_path / market / day).write_text("x")
    assert len(find_sources(str(tmp_path), "kalshi", "M-2").files) == 2
    assert len(find_sources(str(tmp_path), "kalshi", "M-3").files) == 4


@pytest.mark.parametrize("spec", ["/nowhere/x", "", "/nowhere/x#kraken", "a+b"])
def test_what_is_missing_is_named(spec: str) -> None:
    with pytest.raises(CaptureError, match="no recording"):
        find_sources(spec, "kraken", "S")


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="holds no recordings"):
        find_sources(str(tmp_path), "kraken", "S")


def test_instrument_answers_beside_a_stream(tmp_path: Path) -> None:
    answer = 'https://x.y/api/info -> 1633998511.5: {"a":1}\nconfiguration: {}\nnonsense\n'
    (tmp_path / "KRAKEN.0").write_text(answer)
    (tmp_path / "KRAKEN.ws.1.0").write_text("x")
    sources = find_sources(str(tmp_path / "KRAKEN.ws.1.0"), "kraken", "S")
    found = find_metadata(sources, ["S"])
    assert [(body.tag, body.body) for body in found] == [("/api/info", b'{"a":1}')]


def test_event_and_market_objects_beside_a_stream(tmp_path: Path) -> None:
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "EV-1.json").write_text("{}")
    (tmp_path / "metadata" / "EV-2.json").write_text("[]")
    market = tmp_path / "events" / "EV-1-A"
    market.mkdir(parents=True)
    (market / "day.ndjson").write_text("x")
    kalshi = find_sources(str(market), "kalshi", "EV-1-A")
    assert [body.tag for body in find_metadata(kalshi, ["EV-1-A"])] == ["EV-1.json"]
    (tmp_path / "gamma.jsonl").write_text('{"raw":{"t":"77"}}\n{"raw":{"t":"78"}}\nnonsense 77\n')
    (tmp_path / "session.jsonl").write_text("x")
    polymarket = find_sources(str(tmp_path / "session.jsonl"), "polymarket", "77")
    assert [body.body for body in find_metadata(polymarket, ["77"])] == [b'{"t":"77"}']
