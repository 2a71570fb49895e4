"""The runtime limits of a graph: against a slow twin, and each limit by itself."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal

import msgspec

from engine.decisions.runtime_risk import (
    UNMARKABLE_AFTER_NS,
    Breach,
    RuntimeMonitor,
    increases_exposure,
)
from engine.errors import Reason
from engine.model.risk import RuntimeRisk
from engine.model.units import Side

QTY = 10**8
USD = 10**9
MS = 1_000_000


class Leg(msgspec.Struct, frozen=True):
    side: Side
    underlying: str
    multiplier_1e8: int
    market: str


SPOT = Leg(Side.BUY, "ETH", QTY, "ETH-USD")
HEDGE = Leg(Side.SELL, "ETH", QTY, "ETH-USD-PERP")
EXIT = Leg(Side.SELL, "ETH", QTY, "ETH-USD")


def reason_of(breach: Breach | None) -> Reason | None:
    return None if breach is None else breach.reason


def test_unhedged_quantity_breaches_at_once_and_is_told_once() -> None:
    monitor = RuntimeMonitor([SPOT, HEDGE], RuntimeRisk(max_unhedged_qty=Decimal(2)))
    monitor.update(0, 2 * QTY, 0, 0, 0, 0)
    assert monitor.check(1) is None
    monitor.update(0, 2 * QTY, 0, 1, 0, 0)
    assert reason_of(monitor.check(2)) is Reason.UNHEDGED_LIMIT
    assert monitor.check(3) is None
    monitor.forgive()
    assert reason_of(monitor.check(4)) is Reason.UNHEDGED_LIMIT
    monitor.forgive()
    monitor.update(1, QTY, 0, 0, 0, 0)
    assert monitor.check(5) is None


def test_the_clock_runs_only_while_something_is_unhedged() -> None:
    monitor = RuntimeMonitor([SPOT, HEDGE], RuntimeRisk(max_unhedged_ms=100))
    monitor.update(0, QTY, 0, 0, 0, 0)
    assert monitor.check(1) is None
    monitor.update(1, QTY, 0, 0, 0, 0)
    assert monitor.check(99 * MS) is None
    monitor.update(0, 2 * QTY, 0, 0, 0, 0)
    assert monitor.check(100 * MS) is None
    assert monitor.check(200 * MS) is None
    assert reason_of(monitor.mark(201 * MS, [USD, USD])) is Reason.UNHEDGED_LIMIT


def test_a_loss_needs_two_marks_that_agree() -> None:
    monitor = RuntimeMonitor([SPOT], RuntimeRisk(max_loss_usd=Decimal(10)))
    monitor.update(0, QTY, 0, 0, QTY * 100 * USD, USD)
    assert monitor.result_1e9([91 * USD]) == -10 * USD
    assert monitor.mark(0, [91 * USD]) is None
    assert monitor.mark(300 * MS, [90 * USD]) is None
    assert monitor.mark(400 * MS, [95 * USD]) is None
    assert monitor.mark(600 * MS, [90 * USD]) is None
    assert monitor.mark(849 * MS, [90 * USD]) is None
    assert reason_of(monitor.mark(850 * MS, [90 * USD])) is Reason.LOSS_LIMIT
    assert monitor.mark(1_200 * MS, [90 * USD]) is None


def test_a_closed_trade_has_its_result_without_any_price() -> None:
    monitor = RuntimeMonitor([SPOT, EXIT], RuntimeRisk(max_loss_usd=Decimal(10)))
    monitor.update(0, QTY, 0, 0, QTY * 100 * USD, 0)
    monitor.update(1, QTY, 0, 0, QTY * 103 * USD, USD)
    assert monitor.result_1e9([None, None]) == 2 * USD


def test_no_price_for_five_seconds_is_unmarkable() -> None:
    monitor = RuntimeMonitor([SPOT], RuntimeRisk(max_loss_usd=Decimal(10)))
    monitor.update(0, QTY, 0, 0, QTY * 100 * USD, 0)
    assert monitor.mark(1, [100 * USD]) is None
    assert monitor.mark(UNMARKABLE_AFTER_NS, [None]) is None
    assert reason_of(monitor.mark(1 + UNMARKABLE_AFTER_NS, [None])) is Reason.UNMARKABLE
    assert monitor.mark(2 * UNMARKABLE_AFTER_NS, [None]) is None


def test_residuals_follow_every_outcome_of_what_is_out() -> None:
    rng = random.Random(3)
    for _ in range(60):
        legs = [
            Leg(rng.choice(list(Side)), rng.choice("AB"), rng.choice((QTY, QTY // 10)), str(index))
            for index in range(4)
        ]
        monitor = RuntimeMonitor(legs, RuntimeRisk())
        facts = [(0, 0)] * len(legs)
        for _ in range(12):
            index = rng.randrange(len(legs))
            filled, out = rng.randrange(1000), 10 * rng.randrange(100)
            facts[index] = filled, out * legs[index].multiplier_1e8 // QTY
            monitor.update(index, filled, out // 2, out - out // 2, 0, 0)
        for one in monitor.residual():
            mine = [
                (leg, fact)
                for leg, fact in zip(legs, facts, strict=True)
                if leg.underlying == one.underlying
            ]
            outcomes = [
                sum(
                    leg.side.sign * (fact[0] + share * fact[1])
                    for (leg, fact), share in zip(mine, shares, strict=True)
                )
                for shares in itertools.product((0, 1), repeat=len(mine))
            ]
            assert one.low_qty_1e8 == min(outcomes)
            assert one.high_qty_1e8 == max(outcomes)
            assert one.worst_qty_1e8 == max(map(abs, outcomes))


def test_only_what_makes_a_position_larger_increases_it() -> None:
    assert increases_exposure(Side.BUY, 1) and increases_exposure(Side.SELL, -1)
    assert not increases_exposure(Side.SELL, 1) and not increases_exposure(Side.BUY, -1)
    assert increases_exposure(Side.BUY, 0) and increases_exposure(Side.SELL, 0)
