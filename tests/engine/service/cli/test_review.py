"""The review command says what REST says, from the files of an ended or a running server."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine.errors import ConfigError, JournalError
from engine.service.cli.review import add_arguments, run, stored_review
from engine.service.intelligence.price_file import PRICES_NAME
from tests.support.rest_world import RestWorld, with_rest

NO = "btc-above-70k-year-end:NO"
CLIENT = "someone"
RESTS = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2_000, "venue": "binance"}
ORDERS: dict[str, dict[str, Any]] = {
    "no": {"symbol": NO, "side": "buy", "qty": 500},
    "eth": {"symbol": "ETH-USD", "side": "buy", "qty": 20},
    "rests": RESTS,
}
# The command is asked at another moment.
LATER = ("as_of_ns",)


class Kept(NamedTuple):
    """A data folder, what REST said of its orders, and what the command said beside the server."""

    folder: Path
    told: dict[str, dict[str, Any]]
    beside: dict[str, Any]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("server")
    told: dict[str, dict[str, Any]] = {}
    beside: list[dict[str, Any]] = []

    async def main(world: RestWorld) -> None:
        key = world.key(client=CLIENT)
        for name, order in ORDERS.items():
            await world.ok("POST", "/v1/orders", {**order, "graph_id": name}, key=key)
        ended = ("completed", "cancelled", "failed")
        for name in ("no", "eth"):
            path = f"/v1/execution_graphs/{name}"
            await world.until(path, lambda graph: graph["status"] in ended, key=key)
        # Until the prices of a second after the fills have come to the file.
        await asyncio.sleep(2.0)
        for name in ORDERS:
            path = f"/v1/execution/review/graph:{name}:order:1"
            told[name] = await world.ok("GET", path, key=key)
        found = await asyncio.to_thread(stored_review, folder, CLIENT, "no:order:1")
        beside.append({"side": found.order.side, "status": found.order.status})

    with_rest(main, data_dir=folder, latency_scale=0.1)
    return Kept(folder, told, beside[0])


def review(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*words, "--data-dir", str(folder), "--client", CLIENT]))


def as_json(kept: Kept, name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert review(kept.folder, f"{name}:order:1", "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("name", ["no", "eth"])
def test_its_json_is_the_body_of_rest(
    kept: Kept, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, told = as_json(kept, name, capsys), kept.told[name]
    # The regret too: it is of the first decision's record, and of nothing that was seen since.
    assert found["policy_regret"] is not None
    assert {key: one for key, one in found.items() if key not in LATER} == {
        key: one for key, one in told.items() if key not in LATER
    }
    assert found["benchmarks"]["twap"] is not None, "prices of the time of the order are on disk"
    assert found["benchmarks"]["markouts"][1]["markout_bps"] is not None


def test_a_no_order_is_shown_as_it_was_given(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    found = as_json(kept, "no", capsys)
    order = found["order"]
    assert (order["side"], order["symbol"]) == ("buy", NO)
    assert order["avg_fill_price_1e9"] > 500_000_000, "YES of it is at less than a half"
    assert found["tca_cents"]["shortfall"] > 0
    assert [one["side"] for one in found["decisions"]] == ["buy"]
    assert review(kept.folder, "no:order:1") == 0
    out = capsys.readouterr().out
    assert f"buy 500 {NO}" in out and "cents" in out
    assert kept.beside == {"side": "buy", "status": "filled"}, "also while the server ran"


def test_an_order_that_never_filled(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert review(kept.folder, "rests:order:1") == 0
    out = capsys.readouterr().out
    assert "Nothing of 1 ETH" in out and "nothing in 0 fills" not in out


def test_words_and_a_page(kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "review.html"
    assert review(kept.folder, "graph:eth:order:1", "--html", str(page)) == 0
    out = capsys.readouterr().out
    for words in (
        "buy 20 ETH-USD",
        "Filled 20 of 20 ETH",
        "shortfall",
        "children",
        "TWAP",
        "drift",
    ):
        assert words in out
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "<svg" in text


def test_without_the_prices_it_says_what_is_missing(
    kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal.db").write_bytes((kept.folder / "journal.db").read_bytes())
    assert review(tmp_path, "eth:order:1", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert PRICES_NAME in found["missing"][0]
    assert found["benchmarks"]["twap"] is None
    assert [one.name for one in tmp_path.iterdir()] == ["journal.db"], "nothing is written"


def test_what_is_not_there_is_told(kept: Kept, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no order"):
        review(kept.folder, "b:order:1")
    with pytest.raises(ConfigError, match="no order"):
        stored_review(kept.folder, "another", "eth:order:1")
    with pytest.raises(JournalError, match="no journal"):
        review(tmp_path, "eth:order:1")
    with pytest.raises(ConfigError, match="cannot be written"):
        review(kept.folder, "eth:order:1", "--html", str(tmp_path / "no" / "page.html"))
