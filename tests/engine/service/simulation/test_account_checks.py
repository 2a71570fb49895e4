"""Balances, holds, positions and reservations: each check notices a unit that is off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.service.simulation.account_checks import (
    wrong_balances,
    wrong_holds,
    wrong_reservations,
)
from engine.service.simulation.checkers import Checkers
from engine.service.simulation.seed import finished_world
from engine.service.simulation.swarm import MS, FaultLevel
from engine.service.simulation.workload import draw_swarm
from engine.service.simulation.world import SimulatedWorld

# Seeds whose clients trade spot, and perps besides.
SEEDS = range(1, 13)


@pytest.fixture(scope="module")
def ended() -> list[SimulatedWorld]:
    return [finished_world(seed, FaultLevel.NONE) for seed in SEEDS]


def working() -> Iterator[SimulatedWorld]:
    """Worlds with orders open at venues."""
    for seed in SEEDS:
        run = SimulatedWorld(draw_swarm(seed, FaultLevel.NONE, "single"))
        for at_ns, act in sorted(run.clients.plan(), key=lambda one: one[0]):
            run.driver.run_until(run.started_ns + at_ns)
            act()
            run.driver.run_for(400 * MS)
            if any(exchange.memory.open for exchange in run.exchanges.values()):
                yield run
                break


def test_honest_books_pass(ended: list[SimulatedWorld]) -> None:
    traded: set[str] = set()
    for run in ended:
        assert list(wrong_balances(run)) == []
        assert list(wrong_holds(run)) == []
        for exchange in run.exchanges.values():
            traded.update(exchange.account.positions)
    assert any(symbol.endswith("-PERP") for symbol in traded)


def test_a_unit_too_many_is_seen(ended: list[SimulatedWorld]) -> None:
    found = 0
    for run in ended:
        for exchange in run.exchanges.values():
            if any(symbol.endswith("-PERP") for symbol in exchange.listings):
                continue
            exchange.account.add("USD", 1)
            found += any("USD" in fault for fault in wrong_balances(run))
            exchange.account.add("USD", -1)
    assert found >= len(ended)


def test_a_wrong_position_is_seen(ended: list[SimulatedWorld]) -> None:
    run = next(run for run in ended if any(x.account.positions for x in run.exchanges.values()))
    exchange = next(one for one in run.exchanges.values() if one.account.positions)
    position = next(iter(exchange.account.positions.values()))
    position.qty_1e8 += 1
    assert any("its fills" in fault for fault in wrong_balances(run))
    position.qty_1e8 -= 1


def test_a_hold_without_an_order_is_seen() -> None:
    run = next(working())
    assert list(wrong_holds(run)) == []
    exchange = next(iter(run.exchanges.values()))
    exchange.account.held["USD"] = exchange.account.held.get("USD", 0) + 1
    assert any("open orders need" in fault for fault in wrong_holds(run))


def test_money_of_open_orders_is_reserved() -> None:
    for run in working():
        checkers = Checkers(run)
        assert list(checkers.on_the_way()) == []
        evidence = checkers.evidence
        orders = [one for x in run.exchanges.values() for one in x.memory.open.values()]
        grants = {run.grants[evidence.intended[one.client_id].grant_id] for one in orders}
        for grant in grants:
            run.world.ledger.settle(grant.grant_id, grant.qty_1e8, 0)
        said = list(wrong_reservations(run, evidence))
        assert any("reserved while orders" in one for one in said)
