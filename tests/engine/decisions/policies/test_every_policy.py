"""What holds for every policy and every pacing, over random markets, answers and pauses."""

from __future__ import annotations

import itertools
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions.policies.paced import PacedPolicy, slices_of
from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import Policy, PolicyView, Post, Route, Stop
from engine.decisions.policies.schedules import SliceSchedule
from engine.model.graph import (
    Execution,
    Pacing,
    ParticipationPacing,
    UniformPacing,
    Urgency,
    VolumePacing,
)
from engine.model.graph import Policy as Name
from engine.model.orders import TimeInForce
from engine.model.units import Side
from tests.support.policy_driver import LATENCY_MS_MAX, Chances, PolicyDriver
from tests.support.policy_views import ASK, BID, LOT, MS, TICK, S

HORIZON_MS = 12_000
SLICES = 6
INTERVAL_MS = 3_000
# Cancel, proof, and for a ladder the wait for it between its parts.
GRACE_NS = 8 * S
PACINGS = {
    "plain": None,
    "twap": Pacing(uniform=UniformPacing(num_slices=SLICES, interval_ms=INTERVAL_MS)),
    "vwap": Pacing(vwap=VolumePacing(num_slices=SLICES, interval_ms=INTERVAL_MS)),
    "pov": Pacing(pov=ParticipationPacing(participation_bps=2_000, interval_ms=500)),
}
CASES = [
    (name, pacing)
    for name, pacing in itertools.product(Name, PACINGS)
    if pacing in ("plain", "twap") or name in (Name.SOR, Name.PASSIVE_LIMIT)
]
every_case = pytest.mark.parametrize(("name", "pacing"), CASES, ids=str)
every_seed = given(
    seed=st.integers(0, 2**32),
    urgency=st.sampled_from(Urgency),
    side=st.sampled_from(Side),
    limit=st.booleans(),
    event=st.booleans(),
)
ROUGH = Chances(pause=0.01, reload=0.2, grow=0.01)


def driver(  # one argument for each thing that varies
    name: Name,
    pacing: str,
    *,
    seed: int,
    urgency: Urgency,
    side: Side,
    limit: bool,
    event: bool,
    chances: Chances,
) -> PolicyDriver:
    execution = Execution(
        policy=name, urgency=urgency, horizon_ms=HORIZON_MS, pacing=PACINGS[pacing]
    )

    def make() -> Policy:
        return make_policy(execution, limit=limit, event=event)

    limit_1e9 = None
    if limit:
        limit_1e9 = (51 * TICK if event else BID) + side.sign * 3 * TICK
    return PolicyDriver(
        make,
        seed=seed,
        side=side,
        target=(seed % 97 + 1) * 10 * LOT + seed % 3,
        limit_1e9=limit_1e9,
        chances=chances,
        event=event,
    )


def latest_end_ns(run: PolicyDriver, pacing: str) -> int:
    slices_ns = SLICES * INTERVAL_MS * MS if pacing in ("twap", "vwap") else 0
    # After a pause slices may be added, at most as many as were left.
    return slices_ns + HORIZON_MS * MS + GRACE_NS + run.paused_ns * 2 + slices_ns


@every_case
@every_seed
@settings(max_examples=25, deadline=None)
def test_it_asks_for_nothing_it_may_not_and_ends(
    name: Name, pacing: str, seed: int, urgency: Urgency, side: Side, limit: bool, event: bool
) -> None:
    run = driver(
        name,
        pacing,
        seed=seed,
        urgency=urgency,
        side=side,
        limit=limit,
        event=event,
        chances=ROUGH,
    )
    # Each slice is an episode of its own; a drip crosses and posts anew by its line.
    run.forward_only = pacing == "plain" and name in (Name.PASSIVE_LIMIT, Name.ICEBERG)
    run.run(300 * S)
    assert run.ended_ns is not None, "it never ended"
    assert run.ended_ns <= latest_end_ns(run, pacing)
    assert not run.orders
    assert not run.in_flight


@every_case
@every_seed
@settings(max_examples=6, deadline=None)
def test_it_repeats_itself_and_a_reload_changes_nothing(
    name: Name, pacing: str, seed: int, urgency: Urgency, side: Side, limit: bool, event: bool
) -> None:
    logs = []
    for reload in (0.0, 0.0, 1.0):
        run = driver(
            name,
            pacing,
            seed=seed,
            urgency=urgency,
            side=side,
            limit=limit,
            event=event,
            chances=Chances(pause=0.01, reload=reload, grow=0.01),
        )
        run.run(300 * S)
        logs.append((run.log, run.filled, run.ended_ns, run.stopping))
    assert logs[0] == logs[1]
    assert logs[0] == logs[2]


@every_case
@every_seed
@settings(max_examples=6, deadline=None)
def test_the_owner_may_cancel_it_at_any_time(
    name: Name, pacing: str, seed: int, urgency: Urgency, side: Side, limit: bool, event: bool
) -> None:
    run = driver(
        name,
        pacing,
        seed=seed,
        urgency=urgency,
        side=side,
        limit=limit,
        event=event,
        chances=ROUGH,
    )
    at_ns = seed % 20_000 * MS
    run.after(at_ns, run.cancel)
    run.run(300 * S)
    assert run.ended_ns is not None
    late = [one for time, one in run.log if time > at_ns and isinstance(one, Route | Post)]
    assert run.ended_ns <= at_ns + GRACE_NS or not late
    assert not late


class CountedSlices(SliceSchedule):
    """Notes when each slice was released and how much it added."""

    def __init__(self, seen: list[tuple[int, int]]) -> None:
        super().__init__(count=SLICES, interval_ns=INTERVAL_MS * MS, by_volume=False)
        self.seen = seen

    def release(self, view: PolicyView) -> int:
        before = self.pack()[-1]
        after = super().release(view)
        self.seen.append((view.now_ns, after - before))
        return after


@given(seed=st.integers(0, 2**32), pause=st.sampled_from((0.0, 0.02, 0.1)))
@settings(max_examples=60, deadline=None)
def test_a_twap_never_bursts(seed: int, pause: float) -> None:
    seen: list[tuple[int, int]] = []

    def make() -> Policy:
        return PacedPolicy(
            schedule=CountedSlices(seen), make_inner=lambda: make_policy(Execution(), limit=False)
        )

    run = PolicyDriver(
        make,
        seed=seed,
        side=Side.BUY,
        target=(seed % 97 + 1) * 10 * LOT,
        chances=Chances(pause=pause, reload=0.1),
    )
    run.run(600 * S)
    assert all(size <= 2 * (run.target // SLICES + LOT) for _, size in seen)
    # A slice that waited for an answer is a little late and the next one keeps its time.
    assert LATENCY_MS_MAX < INTERVAL_MS // 4
    assert all(b[0] - a[0] >= INTERVAL_MS * MS * 3 // 4 for a, b in itertools.pairwise(seen))
    assert len(seen) <= SLICES
    assert len(slices_of(run.policy.state())) == len(seen)


def test_an_end_is_the_last_thing_asked_for() -> None:
    run = driver(
        Name.AGGRESSIVE_CHASE,
        "plain",
        seed=5,
        urgency=Urgency.LOW,
        side=Side.SELL,
        limit=True,
        event=False,
        chances=Chances(refuse=1.0),
    )
    run.limit_1e9 = run.cap_1e9 = ASK * 2
    run.run(300 * S)
    assert isinstance(run.log[-1][1], Stop)
    assert run.filled == 0


def test_immediate_orders_end_after_one_wave() -> None:
    for name in (Name.SOR, Name.IOC_SWEEP, Name.AGGRESSIVE_CHASE):
        execution = Execution(policy=name, tif=TimeInForce.IOC)
        make = partial(make_policy, execution, limit=False)
        run = PolicyDriver(make, seed=3, side=Side.BUY, target=7 * LOT)
        run.run(60 * S)
        assert sum(isinstance(one, Route) for _, one in run.log) == 1
