"""The observer over a running engine: what it learns, that it forgets nothing over a restart."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from actors.router import RouterActor
from engine.decisions.market_tape import MarketTape
from engine.decisions.print_ring import SIDE_UNKNOWN
from engine.decisions.venue_observations import VenueObservations
from engine.service.engine import ExecutionEngine
from engine.service.intelligence import observer as module
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.observations_file import OBSERVATIONS_NAME, ObservationsFile
from engine.service.intelligence.observer import Observer
from tests.support.intelligence_rig import ended, facts_of, with_board

ETH_USD = "ETH-USD"


def observer_of(
    engine: ExecutionEngine, board: Intelligence, folder: Path | None = None
) -> Observer:
    found = Observer(engine, board.history.mid_x2_at, folder)
    found.start()
    return found


async def steps(watching: Observer, count: int = 2) -> None:
    """Steps of a second each, in less."""
    for _ in range(count):
        await asyncio.sleep(0.2)
        await watching.step(time.time_ns())


def test_orders_and_the_tape_teach() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = observer_of(engine, board)
        await steps(watching)
        for number in range(3):
            await ended(engine, f"g{number}", qty=2)
        await engine.flush()
        await steps(watching, 4)
        records = [watching.venue(v, ETH_USD) for v in ("binance", "coinbase", "kraken")]
        answers = sum(one.answer_s.weight for one in records)
        assert answers > 2.9
        (quickest, *_) = sorted(one.answer_s.quantile(0.5) or 9.0 for one in records)
        assert 0.0005 < quickest < 1.0
        assert sum(one.fades.total for one in records) == pytest.approx(answers, rel=1e-3)
        # A tenth of a second after each fill has long gone by.
        assert sum(one.taker_markouts[0].weight for one in records) > 2.9
        assert all(one.frame_age_s.weight > 3 for one in records)
        assert all(one.hazard.seconds > 4 for one in records)
        assert sum(one.traded_1e8 for one in records) > 0
        assert watching.instrument(ETH_USD).slot_1e8 > 0
        watching.close()

    with_board(look)


def test_a_restart_goes_on_and_takes_each_entry_once(tmp_path: Path) -> None:
    folder, data = tmp_path / "seen", tmp_path / "data"

    async def first(engine: ExecutionEngine, board: Intelligence) -> tuple[int, float, int]:
        watching = observer_of(engine, board, folder)
        await ended(engine, "g1", qty=2)
        await engine.flush()
        await steps(watching)
        watching.close()
        # This one is not seen by anybody.
        unseen = await ended(engine, "g2", qty=2)
        await engine.flush()
        return watching.seq, answers(watching), len(facts_of(engine, unseen).children)

    async def second(engine: ExecutionEngine, board: Intelligence) -> tuple[int, float, float]:
        watching = observer_of(engine, board, folder)
        loaded = watching.seq, answers(watching)
        await steps(watching)
        found = answers(watching)
        assert watching.seq == engine.journal_parts[0].last_seq
        watching.close()
        return *loaded, found

    def answers(watching: Observer) -> float:
        seen = [one for (_, symbol), one in watching.venues.items() if symbol == ETH_USD]
        return sum(one.answer_s.weight for one in seen if one.answer_s.total)

    seq, before, unseen = with_board(first, data_dir=str(data))
    again, loaded, after = with_board(second, data_dir=str(data))
    assert again == seq
    assert loaded == pytest.approx(before, rel=1e-6)
    assert before > 0.9
    assert after == pytest.approx(before + unseen, rel=1e-3)


def test_routers_go_on_from_what_they_had_learned(tmp_path: Path) -> None:
    def seen_by(engine: ExecutionEngine) -> VenueObservations:
        actor = engine.world.routers[ETH_USD].actor
        assert isinstance(actor, RouterActor)
        return actor.costs.observations

    async def first(engine: ExecutionEngine, board: Intelligence) -> tuple[float, float, list[int]]:
        await ended(engine, "g1", qty=2)
        seen = seen_by(engine)
        cold = seen.miss_rate(0)
        for _ in range(300):
            seen.observe_take(0, 0, 0, hit=False, now_ns=time.time_ns())
            seen.observe_cost(1, 2.0)
        return cold, seen.miss_rate(0), list(seen.latency_ns)

    async def second(engine: ExecutionEngine, board: Intelligence) -> None:
        seen = seen_by(engine)
        assert seen.miss_rate(0) == pytest.approx(missed, rel=1e-3)
        assert seen.latency_ns == latency_ns
        assert seen.delta(1, 100.0) > 0.5
        assert seen.usable == [True] * len(seen.usable), "how lines stand now is not remembered"

    cold, missed, latency_ns = with_board(first, data_dir=str(tmp_path))
    assert cold < 0.05
    assert missed > 0.7
    with_board(second, data_dir=str(tmp_path))


def test_what_the_stream_drops_is_read_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG_MAX", 3)

    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = observer_of(engine, board)
        for number in range(4):
            await ended(engine, f"g{number}", qty=2)
        await engine.flush()
        await steps(watching, 3)
        assert watching.seq == engine.journal_parts[0].last_seq
        assert not watching.orders.children
        assert len(watching.markouts.waiting[-1]) >= 4
        watching.close()

    with_board(look)


def test_too_much_to_catch_up_with_is_skipped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        for number in range(3):
            await ended(engine, f"g{number}", qty=2)
        await engine.flush()
        head = engine.journal_parts[0].last_seq
        monkeypatch.setattr(module, "CATCH_UP_MAX", 5)
        watching = observer_of(engine, board)
        await steps(watching)
        assert watching.skipped == head - 5
        assert watching.seq >= head
        watching.close()

    with_board(look)


def test_an_unhealthy_book_is_not_looked_at() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = observer_of(engine, board)
        world = engine.world
        market, tape = world.markets[ETH_USD], world.tapes[ETH_USD]
        now_ns = time.time_ns()
        watching.look(ETH_USD, market, tape, now_ns)
        market.healthy[0] = False
        before = watching.venue("binance", ETH_USD).frame_age_s.weight
        watching.look(ETH_USD, market, tape, now_ns)
        market.healthy[0] = True
        assert watching.venue("binance", ETH_USD).frame_age_s.weight == before
        assert watching.resting("binance", ETH_USD, 0) is None
        assert watching.resting("coinbase", ETH_USD, 0) is not None
        watching.close()

    with_board(look)


def test_of_many_listings_some_are_looked_at_deeply_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DEEP_MAX", 3)

    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = observer_of(engine, board)
        markets = engine.world.markets
        total = sum(len(market.listings) for market in markets.values())
        met: set[str] = set()
        for turn in range(total):
            await watching.step(turn * module.TURN_NS)
            deep = {symbol for _, symbol in watching._resting}
            assert sum(len(markets[symbol].listings) for symbol in deep) <= 2 * 3
            met |= deep
        assert met == set(markets)
        assert watching.looks == total
        watching.close()

    with_board(look)


def test_a_trade_without_a_side_is_volume_once_and_may_have_hit_either_side() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = Observer(engine, board.history.mid_x2_at)
        world = engine.world
        market, tape = world.markets[ETH_USD], MarketTape()
        ring = tape.ring_of(0, 8)
        now_ns = time.time_ns()
        ring.put(now_ns, 1, 99, 0, 0)
        watching.look(ETH_USD, market, tape, now_ns)
        assert watching.venue("binance", ETH_USD).traded_1e8 == 0, "that was before"
        ring.put(now_ns, 1, 5, SIDE_UNKNOWN, 0)
        ring.put(now_ns, 1, 7, 1, 0)
        watching.look(ETH_USD, market, tape, now_ns)
        assert watching.venue("binance", ETH_USD).traded_1e8 == 12
        outflows = []
        for side in (0, 1):
            resting = watching.resting("binance", ETH_USD, side)
            assert resting is not None
            outflows.append(resting.outflow_1e8)
        assert outflows == [pytest.approx(0.05 * 12), pytest.approx(0.05 * 5)]

    with_board(look)


def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / OBSERVATIONS_NAME).write_bytes(b"this is no database, and long enough to tell" * 30)

    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        observer_of(engine, board, tmp_path).close()

    with_board(look)
    assert (tmp_path / f"{OBSERVATIONS_NAME}.broken-1").exists()
    ObservationsFile(tmp_path).close()


def test_closing_twice_or_before_starting_is_nothing() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = observer_of(engine, board)
        watching.close()
        watching.close()
        assert not watching.deliver([])
        never = Observer(engine, board.history.mid_x2_at)
        never.close()
        never.start()
        assert never.looks == 0

    with_board(look)


def test_all_is_saved_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAVE_S", 0.0)
    monkeypatch.setattr(module, "STEP_S", 0.05)

    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        watching = observer_of(engine, board, tmp_path)
        await ended(engine, "g", qty=2)
        await engine.flush()
        await asyncio.sleep(1.0)
        reader = ObservationsFile(tmp_path)
        stored = reader.load()
        reader.close()
        assert stored.seq == engine.journal_parts[0].last_seq
        assert "ETH-USD" in stored.records
        assert "ETH-USD@kraken" in stored.records
        watching.close()

    with_board(look)
