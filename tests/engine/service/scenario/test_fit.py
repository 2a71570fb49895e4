"""The start of a scenario, read from a live market."""

from __future__ import annotations

import pytest

from engine.decisions.policies.parameters import DEFAULT_PARAMETERS
from engine.decisions.print_ring import SIDE_UNKNOWN, PrintRing
from engine.model.graph import Policy
from engine.model.units import Side
from engine.service.engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.scenario.fit import fit_setting, fit_trades, plan_of, refill_s
from tests.support.intelligence_rig import ETH, with_board

S = 10**9
T0 = 1_700_000_000 * S


def ring_of(*prints: tuple[int, int, int], room: int = 64) -> PrintRing:
    ring = PrintRing(room)
    for at_ns, qty, side in prints:
        ring.put(T0 + at_ns, 100, qty, side, 0)
    return ring


def test_prints_of_one_moment_and_side_are_one_order() -> None:
    ring = ring_of((0, 5, 0), (0, 7, 0), (0, 3, 1), (S, 4, 0))
    found = fit_trades(ring, T0 + 4 * S, T0)
    assert (found.buys_per_s, found.sells_per_s) == (0.5, 0.25)
    assert found.sizes_1e8 == (3, 4, 12)


def test_silence_since_the_tape_began_counts() -> None:
    found = fit_trades(ring_of((9 * S, 5, 0)), T0 + 10 * S, T0)
    assert found.buys_per_s == pytest.approx(0.1)


def test_a_full_ring_tells_of_its_own_time_only() -> None:
    ring = ring_of(*[(k * S, 5, 0) for k in range(100)], room=10)
    assert fit_trades(ring, T0 + 100 * S, T0).buys_per_s == pytest.approx(1.0)


def test_a_print_without_a_side_is_half_of_each() -> None:
    found = fit_trades(ring_of((0, 5, SIDE_UNKNOWN)), T0 + S, T0)
    assert (found.buys_per_s, found.sells_per_s) == (0.5, 0.5)


def test_without_prints_nobody_trades_and_the_prior_refills() -> None:
    found = fit_trades(None, T0, T0)
    assert not found.seen
    assert refill_s(found, 100.0) == 5.0


def test_what_is_taken_faster_comes_back_faster() -> None:
    slow = fit_trades(ring_of((0, 10, 0)), T0 + 2 * S, T0)
    fast = fit_trades(ring_of((0, 10, 0), (S // 2, 10, 0), (S, 10, 0)), T0 + 2 * S, T0)
    assert refill_s(fast, 10.0) < refill_s(slow, 10.0) <= 5.0


def test_a_split_is_two_parts_that_add_up() -> None:
    plan = plan_of("split", 1_000, 10, 1, 0.333)
    assert plan.parts == ((Policy.SOR, 330), (Policy.PASSIVE_LIMIT, 670))
    assert plan_of("passive", 1_000, 10, 0, None).parts == ((Policy.PASSIVE_LIMIT, 1_000),)


def test_a_setting_is_the_live_book() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        seen = board.pictures.look("ETH-USD", Side.BUY, "medium", frozenset({"kraken"}))
        found = fit_setting(seen, 5 * ETH, DEFAULT_PARAMETERS, 100)
        assert found is not None
        assert [one.listing.venue for one in found.venues] == ["binance", "coinbase"]
        assert [one.listing.venue_index for one in found.venues] == [0, 1]
        for v, start in enumerate(found.venues):
            assert list(start.asks) == seen.market.levels(v, 1, len(start.asks))
            assert sum(qty for _, qty in start.asks) > 20 * ETH
            assert start.latencies_ns
        best = max(one.bids[0][0] for one in found.venues)
        assert found.mid_x2 == best + min(one.asks[0][0] for one in found.venues)
        assert found.sigma_bps == seen.sigma_bps

    with_board(look)


def test_what_rests_of_ours_is_not_there_for_the_order_to_take() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        seen = board.pictures.look("ETH-USD", Side.BUY)
        price, qty = seen.market.levels(0, 1, 1)[0]
        bid = seen.market.levels(0, 0, 1)[0]
        seen.market.own.put("ours", 0, 1, price, qty // 2)
        seen.market.own.put("ours too", 0, 0, *bid)
        seen = board.pictures.look("ETH-USD", Side.BUY)
        found = fit_setting(seen, 5 * ETH, DEFAULT_PARAMETERS, 100)
        assert found is not None
        assert found.venues[0].asks[0] == (price, qty - qty // 2)
        assert found.venues[0].bids[0] == bid, "of its own side it takes nothing"

    with_board(look)


def test_no_usable_book_is_no_setting() -> None:
    async def look(engine: ExecutionEngine, board: Intelligence) -> None:
        venues = frozenset({"binance", "coinbase", "kraken"})
        seen = board.pictures.look("ETH-USD", Side.BUY, "medium", venues)
        assert fit_setting(seen, ETH, DEFAULT_PARAMETERS, 100) is None

    with_board(look)
