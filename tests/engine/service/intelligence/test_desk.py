"""The desk's totals: equal to a full scan, read once, apart by account, day, venue, symbol."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

from engine import ExecutionEngine
from engine.intelligence.rollups import RELATIVE_ERROR
from engine.model.intake import parse_graph
from engine.model.units import notional_1e9
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.desk import DAY_NS, DeskTotals
from engine.service.intelligence.rollup_file import RollupFile
from engine.service.markets.board import Markets
from engine.service.order_views import FillView
from tests.support.intelligence_rig import ended, facts_of, with_board


def test_totals_are_those_of_a_full_scan_and_grow_with_what_comes() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        desk = DeskTotals(engine.queries)
        ids: list[str] = []
        for number, side in enumerate(("buy", "sell", "buy")):
            ids.append(await ended(engine, f"g{number}", side, 5 + 10 * number))
            await desk.catch_up()
            check(engine, desk, ids)
        await desk.catch_up()
        check(engine, desk, ids)

    with_board(work)


def check(engine: ExecutionEngine, desk: DeskTotals, ids: list[str]) -> None:
    """Against every fill, one by one."""
    account = engine.queries.account("local", engine.environment)
    assert account is not None
    slips: list[float] = []
    venues: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    days: set[int] = set()
    for order_id in ids:
        facts = facts_of(engine, order_id)
        for fill in facts.fills:
            money = notional_1e9(fill.price_1e9, fill.qty_1e8)
            row = venues[fill.venue]
            row[0], row[1], row[2] = row[0] + 1, row[1] + money, row[2] + fill.fee_1e9
            away = fill.side.sign * (2 * fill.price_1e9 - facts.arrival_x2)
            slips.append(1e4 * away / facts.arrival_x2)
            days.add(fill.ts_unix_ns // DAY_NS)
    window = range(min(days), max(days) + 1)
    whole, by_venue, by_symbol = desk.merged(account.account, window, None, None)
    assert {name: [t.fills, t.notional_1e9, t.fees_1e9] for name, t in by_venue.items()} == venues
    assert set(by_symbol) == {"ETH-USD"}
    assert whole.fills == len(slips)
    slips.sort()
    for level in (0.5, 0.75, 0.95, 0.99):
        true = slips[max(1, -(-int(level * 100) * len(slips) // 100)) - 1]
        (found,) = whole.quantiles([level])
        assert found == pytest.approx(true, rel=1.01 * RELATIVE_ERROR, abs=0.001)
    one = next(iter(venues))
    only, _, _ = desk.merged(account.account, window, None, one)
    assert only.fills == venues[one][0]
    assert desk.merged(account.account, window, "BTC-USD", None)[0].fills == 0
    assert desk.merged(account.account, range(window.start - 9, window.start), None, None)[
        0
    ].fills == (0)
    assert desk.merged(account.account + 1, window, None, None)[0].fills == 0
    assert desk.order_count(account.account, window, None, None) == len(ids)
    assert 0 < desk.order_count(account.account, window, None, one) <= len(ids)
    assert desk.order_count(account.account, window, "BTC-USD", None) == 0


def test_two_readers_at_once_count_once() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a")
        desk = DeskTotals(engine.queries)
        await asyncio.gather(*(desk.catch_up() for _ in range(5)))
        fills = engine.queries.fills("local", engine.environment).total
        assert sum(t.fills for keyed in desk.fills.values() for t in keyed.values()) == fills > 0

    with_board(work)


def contents(desk: DeskTotals) -> tuple[object, ...]:
    """Everything that a summary could read."""
    packed = {
        day: {key: totals.packed() for key, totals in keyed.items()}
        for day, keyed in desk.fills.items()
    }
    return packed, desk.orders, desk.orders_filled, desk.last_fill, desk.last_order


def test_a_restart_goes_on_from_the_file_and_a_strange_file_is_not_believed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rollups.db"

    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a", "buy", 25)
        first = DeskTotals(engine.queries, RollupFile(path))
        await first.catch_up()
        first.save()
        # Orders that come after what was saved are read from the journal.
        await ended(engine, "b", "sell", 25)
        full = DeskTotals(engine.queries)
        await full.catch_up()
        again = DeskTotals(engine.queries, RollupFile(path))
        assert (again.last_fill, again.last_order) == (first.last_fill, first.last_order) > (0, 0)
        assert contents(again) == contents(first)
        await again.catch_up()
        assert contents(again) == contents(full)
        again.save()
        # An anchor of another journal, and one whose totals leave fills out.
        file = RollupFile(path)
        found = file.load()
        assert found is not None
        anchor, rows = found
        for wrong in (
            msgspec.structs.replace(anchor, hash=b"another journal"),
            msgspec.structs.replace(anchor, seq=anchor.seq + 10**9),
            msgspec.structs.replace(anchor, last_fill=anchor.last_fill - 1),
            msgspec.structs.replace(anchor, last_order=anchor.last_order - 1),
        ):
            file.save(wrong, rows)
            anew = DeskTotals(engine.queries, RollupFile(path))
            assert (anew.last_fill, anew.fills) == (0, {})
            await anew.catch_up()
            assert contents(anew) == contents(full)

    with_board(work)


def test_an_order_counts_once_a_venue_though_a_restart_lies_between_its_fills() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a", "buy", 400)
        fills = engine.queries.fills("local", engine.environment).total
        assert fills > 1
        # As after a restart that fell between any two fills.
        split = DeskTotals(engine.queries)
        while True:
            rows = split._fetch(
                "SELECT seq FROM fills WHERE seq > ? ORDER BY seq LIMIT 1", (split.last_fill,)
            )
            if not rows:
                break
            split._known.clear()
            seq = rows[0][0]
            known = split._order(
                split._fetch("SELECT order_number FROM fills WHERE seq = ?", (seq,))[0][0], seq
            )
            earlier = split._fetch("SELECT DISTINCT venue FROM fills WHERE seq < ?", (seq,))
            assert known.venues == {row[0] for row in earlier}
            assert known.version == 1 and known.arrival_x2 > 0
            split.last_fill = seq

    with_board(work)


def test_versions_are_kept_apart() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "a", "buy", 25)
        desk = DeskTotals(engine.queries)
        await desk.catch_up()
        account = engine.queries.account("local", engine.environment)
        assert account is not None
        days = range(min(day for _, day in desk.fills), max(day for _, day in desk.fills) + 1)
        one = desk.merged(account.account, days, None, None, 1)[0]
        assert one.fills == desk.merged(account.account, days, None, None)[0].fills > 0
        assert desk.merged(account.account, days, None, None, 2)[0].fills == 0
        assert desk.order_count(account.account, days, None, None, 1) == 1
        assert desk.order_count(account.account, days, None, None, 2) == 0

    with_board(work)


def test_a_no_order_counts_at_its_own_prices() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        markets = Markets(engine)
        body = {"symbol": "btc-above-70k-year-end:no", "side": "buy", "qty": 10, "graph_id": "n"}
        run = await engine.submit(await markets.prepare(parse_graph(body)))
        await run.done(timeout_s=30)
        given = markets.given
        fills = [
            given.fill(FillView.of(row), "local")
            for row in engine.queries.fills("local", engine.environment).rows
        ]
        paid = sum(notional_1e9(one.price_1e9, one.qty_1e8) for one in fills)
        summary = await board.summary("local")
        assert fills and summary.total_notional_1e9 == paid
        assert all(one.side == "BUY" for one in fills)
        order = (await board.review("local", "graph:n:order:1")).benchmarks
        assert summary.slippage_bps.mean == pytest.approx(order.arrival_slippage_bps, rel=1e-3)
        report = await board.ab_report("local")
        (version,) = report.versions
        assert version.notional_1e9 == pytest.approx(paid, abs=1)
        assert (version.unit, version.slippage_bps) == ("cents", None)
        assert version.slippage_cents is not None
        assert version.slippage_cents.mean == pytest.approx(order.arrival_slippage_cents, rel=1e-3)

    with_board(work, events=True)
