"""The forecast command: a picture for people, JSON for programs, a sentence for mistakes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec
import pytest

from engine import ExecutionEngine
from engine.errors import ConfigError
from engine.model.units import QTY_SCALE, Side, format_qty
from engine.service.cli.forecast import (
    add_arguments,
    bar,
    curve_lines,
    forecast_of,
    print_forecast,
    run,
)
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.views import ForecastView
from engine.service.markets.board import Markets
from engine.service.quotes.board import Quotes
from tests.support.intelligence_rig import with_board

NAMES = (
    "btc-above-70k-year-end:NO",
    "btc-above-70k-year-end",
    "KXBTCZ-26DEC31-T70000:no",
    "https://polymarket.com/event/btc-updown-today:down",
)

CONFIG = '[venues]\ntype = "sandbox"\nseed = 3\nevents = false\nlatency_scale = 0.1\n'


def forecast(tmp_path: Path, *words: str) -> int:
    path = tmp_path / "engine.toml"
    path.write_text(CONFIG)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*words, "--config", str(path)]))


def test_it_draws_the_curve_and_the_venues(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forecast(tmp_path, "ETH-USD", "buy", "20") == 0
    out = capsys.readouterr().out
    for words in ("buy 20 ETH-USD at once", "P90", "cost in bps", "landed bps", "binance"):
        assert words in out
    assert "size in ETH, logarithmic axis" in out
    # The headline is of a sweep now; the table is of taking time.
    assert "taking more time instead, by urgency" in out and "an immediate sweep" in out
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_the_wires_answer_and_its_curve_is_drawn_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forecast(tmp_path, "ETH-USD", "sell", "0.5", "--json") == 0
    text = capsys.readouterr().out
    assert json.loads(text)["qty_1e8"] == 50_000_000
    view = msgspec.json.decode(text, type=ForecastView)
    lines = curve_lines(view, columns=40, height=6)
    assert len(lines) == 6 + 2
    assert sum(line.count("o") for line in lines[:6]) == 1
    bare = msgspec.structs.replace(view, capacity_curve=())
    assert curve_lines(bare) == []


def test_mistakes_are_told(tmp_path: Path) -> None:
    for qty in ("x", "-1", "1e30"):
        words = ("ETH-USD", "buy", qty)
        with pytest.raises(ConfigError, match=r"^qty"):
            forecast(tmp_path, *words)
    with pytest.raises(ConfigError, match="did you mean ETH-USD") as unknown:
        forecast(tmp_path, "ETHUSD", "buy", "1")
    assert "GET" not in str(unknown.value), "there is no server here"


def test_event_contracts_are_named_as_over_rest_on_both_sides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> list[ForecastView]:
        markets = Markets(engine)
        board = Intelligence(engine, Quotes(engine, resolve=markets.resolve))
        made = [await forecast_of(engine, name, Side.BUY, 500 * QTY_SCALE, "low") for name in NAMES]
        at_rest = await board.forecast(NAMES[0], "buy", 500 * QTY_SCALE, "low")
        board.close()
        assert made[0].expected_cost_cents == pytest.approx(at_rest.expected_cost_cents, rel=0.5)
        with pytest.raises(ConfigError, match="name one of them: next-mayor"):
            await forecast_of(engine, "next-mayor-of-rivermouth", Side.BUY, QTY_SCALE, "low")
        return made

    made = with_board(work, events=True)
    assert [one.symbol for one in made] == list(NAMES)
    no, yes = made[0], made[1]
    assert (
        no.mid is not None and yes.mid is not None and no.mid + yes.mid == pytest.approx(1, abs=0.1)
    )
    print_forecast(no)
    out = capsys.readouterr().out
    assert f"buy 500 {NAMES[0]} at once" in out and "size in contracts, logarithmic axis" in out


def test_a_bar_keeps_within_its_width() -> None:
    assert [len(bar(share, 10)) for share in (-1.0, 0.0, 0.5, 1.0, 7.0)] == [0, 0, 5, 10, 10]


def test_what_a_row_leaves_out_and_small_sizes_are_told_in_plain_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def work(_: ExecutionEngine, board: Intelligence) -> list[ForecastView]:
        whole = await board.forecast("ETH-USD", "buy", QTY_SCALE)
        assert whole.book is not None
        most = max(one.fillable_qty_1e8 for one in whole.venue_ranking)
        shown = whole.book.visible_qty_1e8
        assert most < shown
        much = await board.forecast("ETH-USD", "buy", shown // 2)
        beyond = await board.forecast("ETH-USD", "buy", 3 * shown)
        return [much, beyond, msgspec.structs.replace(whole, qty=1e-6, qty_1e8=100)]

    much, beyond, tiny = with_board(work)
    print_forecast(much)
    out = capsys.readouterr().out
    for one in much.venue_ranking:
        (row,) = [line for line in out.splitlines() if line.strip().startswith(one.venue)]
        if one.landed_cost_bps is not None and one.fillable_qty_1e8 < much.qty_1e8:
            assert f"of {format_qty(one.fillable_qty_1e8)} only (NO_LIQUIDITY)" in row
        else:
            assert " only (" not in row
    assert any(one.fillable_qty_1e8 < much.qty_1e8 for one in much.venue_ranking)
    assert beyond.urgency_tradeoff is None
    print_forecast(beyond)
    assert "note: urgency_tradeoff: the books do not show all of it" in capsys.readouterr().err
    print_forecast(tiny)
    assert "buy 0.000001 ETH-USD at once" in capsys.readouterr().out
    small = msgspec.structs.replace(
        tiny,
        capacity_curve=tuple(
            msgspec.structs.replace(one, qty=one.qty * 1e-6) for one in tiny.capacity_curve
        ),
    )
    assert "e-" not in curve_lines(small)[-1]
