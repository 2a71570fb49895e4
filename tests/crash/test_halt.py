"""A kill switch thrown while graphs come back, and drops right after it: nothing trades again."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence

import pytest

from engine.model.graph import GraphStatus
from engine.model.orders import parse_client_order_id
from engine.model.records import GraphChanged, TradingHalted
from engine.model.risk import KillScope
from tests.crash.shapes import SHAPES
from tests.crash.test_every_record import COMMIT_NS, MODES, after, whole
from tests.support.crash_outcome import wrong
from tests.support.crash_shapes import Shape
from tests.support.crash_world import Life, Mode, Site

ALL = bool(os.environ.get("EXECGRAPH_CRASH_ALL"))
S = 1_000_000_000
SWITCHED = ("killed", "killed_graph", "twap", "hedge_streaming", "native_larger", "bracket_stopped")
SHAPES_SWITCHED = [shape for shape in SHAPES if shape.name in SWITCHED]
# Records of the life that the switch is thrown in, counted from its start.
AFTERWARDS = 9 if ALL else 6


def first(shape: Shape, sites: Sequence[Site], stop: int) -> Life:
    """A life that is dropped after this record, or at its end."""
    life = Life(sites, shape.graph, (), seed=1, commit_ns=COMMIT_NS, stop=stop)
    life.run_until(life.driver.now_ns + S // 10)
    if not life.sink.crashed:
        life.submit()
        life.run_until(life.driver.now_ns + 5 * S)
    return life


def sent_later(sites: Sequence[Site]) -> Iterator[str]:
    """Orders that reached a venue from a life in which the switch was on."""
    for site in sites:
        for order in (*site.exchange.memory.closed.values(), *site.exchange.memory.open.values()):
            parsed = parse_client_order_id(order.client_id)
            if parsed is not None and parsed[0] > 1:
                yield f"{order.client_id} went to {site.venue} under the switch"


def switched(shape: Shape, stop: int, then: int, mode: Mode) -> list[str]:
    """Drop, come back under a kill switch, drop again after its life's record `then`."""
    sites = shape.sites()
    rng = random.Random(f"{shape.name} {stop} {then} {mode}")
    life = first(shape, sites, stop)
    if not life.sink.crashed:
        life.close()
        return []
    for number, stopped in ((2, then), (3, 0)):
        life = after(life, sites, shape, mode, rng, stopped, number)
        life.acts = ()
        life.kill(KillScope.DESK)
        if life.run():
            break
    else:
        raise AssertionError("nobody drops the last one")
    found = [*wrong(life, sites), *sent_later(sites)]
    life.close()
    return found


@pytest.mark.parametrize("shape", SHAPES_SWITCHED, ids=[shape.name for shape in SHAPES_SWITCHED])
def test_a_switch_thrown_during_recovery_ends_what_comes_back(shape: Shape) -> None:
    records = whole(shape)[1]
    stride = 1 if ALL else max(1, records // 8)
    found = [
        f"record {stop} of {records}, then {then}, {mode}: {sentence}"
        for stop in range(1, records + 1, stride)
        for then in range(1, AFTERWARDS)
        for mode in MODES
        for sentence in switched(shape, stop, then, mode)
    ]
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize("cancel", [True, False])
def test_a_drop_right_after_the_switch_was_recorded(cancel: bool) -> None:
    (shape,) = (one for one in SHAPES if one.name == "killed_venue")
    sites = shape.sites()
    life = first(shape, sites, 0)
    (before,) = sites[0].exchange.memory.open.values()
    life.kill(KillScope.DESK, cancel=cancel)
    life.run_until(life.driver.now_ns)
    # Handed over in this order: of what followed, nothing is kept.
    switch = next(one for one in life.entries if isinstance(one.payload, TradingHalted))
    assert isinstance(switch.payload, TradingHalted)
    assert switch.payload.cancel_open is cancel
    entries = [one for one in life.entries if one.seq <= switch.seq]
    now_ns = life.driver.now_ns
    life.close()
    again = Life(sites, shape.graph, (), seed=2, now_ns=now_ns, entries=entries, number=2)
    again.run_until(now_ns + 5 * S)
    changes = [one.payload for one in again.entries if isinstance(one.payload, GraphChanged)]
    if cancel:
        assert changes[-1].status is GraphStatus.CANCELLED
        assert not sites[0].exchange.memory.open
    else:
        assert (changes[-1].status, changes[-1].reason) == (
            GraphStatus.PAUSED,
            "kill switch: enough",
        )
        assert list(sites[0].exchange.memory.open.values()) == [before]
    assert not list(sent_later(sites))
    again.close()
