"""Advice: by what holds an order back, and by what a concern says of the orders that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.intelligence.pace import Pace
from engine.intelligence.venue_health import FADES, SILENT, VenueHealth
from engine.model.orders import TimeInForce
from engine.service.intelligence.advice import HeldBack, advise
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.views import LiveView
from tests.support.intelligence_rig import ETH, facts_of, with_board

GOING = Pace("on_track", 0.1, 0.1, 5, "a line", 0.1)
LATE = Pace("behind", 0.9, 0.2, 30_000, "a line", 0.9)
ORDER_ID = "graph:p:order:1"


def with_resting(check: Callable[[OrderFacts, LiveView], Awaitable[None]], **more: object) -> None:
    """A buy that rests far below the market, and its monitor."""

    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 2, "price": 2_200, "graph_id": "p"}
        run = await engine.submit({**order, **more})
        assert run.accepted, (run.text, run.faults)
        for _ in range(500):
            view = await board.live("local", ORDER_ID)
            if view.working_qty_1e8 == 2 * ETH:
                break
            await asyncio.sleep(0.01)
        await check(facts_of(engine, ORDER_ID), view)
        await run.cancel()
        await run.done(timeout_s=30)

    with_board(work)


def concerned(view: LiveView, venue: str, severity: int) -> tuple[VenueHealth, ...]:
    text = "60.0 % of what was sent there at once did not fill (5 takes)"
    return tuple(
        structs.replace(
            one,
            routable=True,
            severity=severity if one.venue == venue else 0,
            concern=text if one.venue == venue else "",
            concern_value=60.0,
            concern_usual=2.0,
            concern_unit="%",
        )
        for one in view.venue_health
    )


def test_takes_that_find_nothing_are_no_reason_to_move_an_order_that_rests() -> None:
    async def check(facts: OrderFacts, view: LiveView) -> None:
        (child,) = [one for one in facts.children if not one.state.terminal]
        faded = concerned(view, child.venue, FADES)
        assert [one.action for one in advise(facts, GOING, view.tca, faded)] == ["none"]
        silent = concerned(view, child.venue, SILENT)
        told = advise(facts, GOING, view.tca, silent)
        assert [one.action for one in told] == ["reroute"]
        assert told[0].reason.startswith(f"{child.venue} holds part of this order")
        # What is to take there at once is another matter.
        taking = structs.replace(child, tif=TimeInForce.IOC)
        other = structs.replace(facts, children=[taking])
        assert [one.action for one in advise(other, GOING, view.tca, faded)] == ["reroute"]
        # A worse concern elsewhere does not hide that of the venue that holds it.
        away = next(one.venue for one in faded if one.venue != child.venue)
        both = tuple(
            structs.replace(one, severity=SILENT + 1) if one.venue == away else one
            for one in silent
        )
        assert [one.action for one in advise(facts, GOING, view.tca, both)] == ["reroute"]

    with_resting(check)


def test_being_behind_is_advised_on_by_urgency_and_by_what_holds_it_back() -> None:
    async def check(facts: OrderFacts, view: LiveView) -> None:
        told = advise(facts, LATE, view.tca, view.venue_health)
        assert [one.action for one in told] == ["more_aggressive"]
        assert told[0].value == pytest.approx(70.0)
        assert told[0].unit == "%"
        held = HeldBack("the best price to take is 100.00 bps beyond its limit", 100.0, "bps")
        (only,) = advise(facts, LATE, view.tca, view.venue_health, held)
        assert (only.action, only.value, only.unit) == ("wait", 100.0, "bps")
        assert "its limit holds it back" in only.reason

    with_resting(check)


def test_what_is_ahead_is_called_ahead() -> None:
    async def check(facts: OrderFacts, view: LiveView) -> None:
        ahead = Pace("ahead", 0.2, 0.9, 5, "a line", 0.4)
        (told,) = advise(facts, ahead, view.tca, view.venue_health)
        assert (told.action, told.reason) == ("none", "it is 50 % of its quantity ahead (a line)")
        (told,) = advise(facts, GOING, view.tca, view.venue_health)
        assert told.reason == "it goes as expected"

    with_resting(check)


def test_a_schedule_outside_its_limit_is_told_to_wait() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        pacing = {"uniform": {"num_slices": 40, "interval_ms": 50}}
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 4, "price": 2_200, "graph_id": "p"}
        run = await engine.submit({**order, "execution": {"pacing": pacing}})
        assert run.accepted, (run.text, run.faults)
        for _ in range(500):
            view = await board.live("local", ORDER_ID)
            if view.pace.status == "behind":
                break
            await asyncio.sleep(0.01)
        assert view.pace.status == "behind"
        (told,) = view.advice
        assert (told.action, told.unit) == ("wait", "bps")
        assert "its limit holds it back" in told.reason
        ask = engine.world.markets["ETH-USD"].best(1)
        assert ask is not None
        assert told.value == pytest.approx(1e4 * (ask / (2_200 * 10**9) - 1), abs=5.0)
        await run.cancel()
        await run.done(timeout_s=30)

    with_board(work)
