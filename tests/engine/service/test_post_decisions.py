"""Every order that rests has a decision before it, which its record alone makes again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.decisions.post_record import redo_post
from engine.model.orders import TimeInForce
from engine.model.records import ChildrenIntended, DecisionRecord, JournalEntry, PostRecord
from engine.service.incident import Incident, export_graph
from engine.service.incident_replay import replay_incident
from engine.store.queries import choice_record
from tests.support.graph_script import graph, node
from tests.support.graph_world import CLIENT, SANDBOX, GraphWorld
from tests.support.incidents import altered

ONE = 10**8
VENUES = ("binance", "coinbase")
RESTING: dict[str, dict[str, Any]] = {
    "passive_limit": {"policy": "passive_limit", "horizon_ms": 60_000},
    "passive_ladder": {"policy": "passive_ladder", "horizon_ms": 60_000},
    "iceberg": {"policy": "iceberg", "price": "2324.60", "display_qty_1e8": ONE},
    "time_drip": {"policy": "time_drip", "urgency": "low", "horizon_ms": 120_000},
    "sor_limit": {"policy": "sor", "price": "2325.00"},
}


def running(name: str) -> tuple[GraphWorld, str]:
    """A buy of 4 at two venues, after some seconds in which the bid moved away."""
    world = GraphWorld(VENUES)
    for venue in VENUES:
        # A wider spread than it was: a drip then waits at the touch instead of crossing.
        world.quote(venue, "ETH-USD", "2324.00", "2327.00")
    world.run(200)
    graph_id = world.start(graph([node("rests", "buy", "4", **RESTING[name])]), 500)
    for venue in VENUES:
        world.quote(venue, "ETH-USD", "2324.20", "2327.00")
    world.run(7_000)
    return world, graph_id


def entries_of(world: GraphWorld, graph_id: str) -> list[JournalEntry]:
    return [one for one in world.store.entries() if one.graph_id == graph_id]


def check(world: GraphWorld, graph_id: str) -> list[PostRecord]:
    """Every resting child is a place of the one decision of its attempt, recorded before it."""
    waiting: dict[int, PostRecord] = {}
    posts = []
    for entry in entries_of(world, graph_id):
        told = entry.payload
        if isinstance(told, PostRecord):
            choice = redo_post(told)
            assert (choice.places, choice.unplaced_qty_1e8) == (told.places, told.unplaced_qty_1e8)
            assert choice.reason == told.reason
            assert told.attempt not in waiting
            waiting[told.attempt] = told
            posts.append(told)
        elif isinstance(told, ChildrenIntended):
            resting = [one for one in told.children if one.tif is TimeInForce.GTC]
            if resting:
                made = waiting.pop(told.attempt)
                assert [(one.venue, one.qty_1e8, one.limit_price_1e9) for one in resting] == [
                    (made.venues[venue], qty, price) for venue, qty, price in made.places
                ]
    assert not any(one.places for one in waiting.values()), "what was placed left"
    rows = world.queries.decisions(CLIENT, SANDBOX, last_n=1_000, posts=True)
    listed = [choice_record(row) for row in reversed(rows) if row.graph_id == graph_id]
    assert [one for one in listed if isinstance(one, PostRecord)] == posts
    assert not world.queries.decisions("another", SANDBOX, posts=True)
    return posts


@pytest.mark.parametrize("name", RESTING)
def test_what_rests_was_decided_and_is_redone_also_after_a_restart(name: str) -> None:
    world, graph_id = running(name)
    before = check(world, graph_id)
    assert before and before[0].places
    second = GraphWorld(VENUES, before=world, down_ms=200, seed=2)
    for venue in VENUES:
        second.quote(venue, "ETH-USD", "2324.40", "2327.00")
    second.trade("coinbase", "ETH-USD", "sell", "500", "2324.00")
    second.run(8_000)
    after = check(second, graph_id)
    assert after[: len(before)] == before
    incident = export_graph(second.queries, CLIENT, SANDBOX, graph_id)
    report = replay_incident(incident)
    assert report.ok, report.problem
    takes = [one for one in incident.entries if isinstance(one.payload, DecisionRecord)]
    assert report.decisions == incident.header.decisions == len(after) + len(takes)


def test_a_limit_order_takes_and_rests_by_two_decisions_of_one_attempt() -> None:
    world = GraphWorld(VENUES)
    wire = graph([node("rests", "buy", "2001", price="2325.50")])
    graph_id = world.start(wire, 500)
    found = [choice_record(row) for row in world.queries.decisions(CLIENT, SANDBOX, posts=True)]
    rest, take = found
    assert isinstance(take, DecisionRecord) and isinstance(rest, PostRecord)
    assert take.attempt == rest.attempt
    assert take.decision_id < rest.decision_id
    assert take.qty_1e8 == 2_001 * ONE
    assert rest.qty_1e8 == take.qty_1e8 - take.planned_qty_1e8
    assert (rest.venues_max, len(rest.meets_own), len(rest.places)) == (0, len(rest.rules), 1)
    check(world, graph_id)


def incident_of(name: str) -> Incident:
    world, graph_id = running(name)
    return export_graph(world.queries, CLIENT, SANDBOX, graph_id)


@pytest.mark.parametrize(
    "changed",
    [
        {"places": ((0, ONE, 1), (1, ONE, 1))},
        {"far_1e9": (1, 1)},
        {"eligibility": ("STALE_VENUE", "STALE_VENUE")},
        {"price_1e9": 1},
        {"unplaced_qty_1e8": 5},
        {"reason": "BELOW_MINIMUM"},
        {"rules": ()},
        {"own_1e9": ()},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_changed_record_is_found(changed: dict[str, Any]) -> None:
    def change(record: object) -> PostRecord:
        assert isinstance(record, PostRecord)
        return msgspec.structs.replace(record, **changed)

    incident, seq = altered(incident_of("passive_limit"), PostRecord, change)
    report = replay_incident(incident)
    assert (report.ok, report.seq) == (False, seq)


def test_orders_that_are_not_those_decided_are_found() -> None:
    def change(told: object) -> ChildrenIntended:
        assert isinstance(told, ChildrenIntended)
        first = msgspec.structs.replace(told.children[0], venue="elsewhere")
        return msgspec.structs.replace(told, children=(first, *told.children[1:]))

    incident, seq = altered(incident_of("passive_limit"), ChildrenIntended, change)
    report = replay_incident(incident)
    assert (report.seq, report.field) == (seq, "resting child 0 venue")


def test_a_decision_that_is_gone_is_missed_but_not_in_an_older_journal() -> None:
    whole = incident_of("passive_limit")
    kept = [one for one in whole.entries if not isinstance(one.payload, PostRecord)]
    report = replay_incident(Incident(whole.header, tuple(kept), whole.venues))
    assert (report.field, report.stored, report.redone) == ("decisions to post", "0", "1")
    older = tuple(msgspec.structs.replace(one, version=3) for one in kept)
    assert replay_incident(Incident(whole.header, older, whole.venues)).ok
