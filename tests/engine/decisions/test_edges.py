"""Edges act on cumulative facts: every trigger and gate, and convergence whatever is told when."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
import pytest

from engine.decisions import edges as edges_module
from engine.decisions.edges import EdgePlan, Incoming, TriggerKind, edge_plans
from engine.model.graph import EdgeAction, Graph, NodeStatus
from engine.model.graph_analysis import Shape
from engine.model.progress import NodeProgress
from tests.support.graphs import edge, graph_of_edges

S = 10**9
LOT = 1_000
ONE = 10**8


def progress(filled: int = 0, target: int = 10 * ONE, version: int = 1, **changes: object):  # type: ignore[no-untyped-def]  # a short builder
    status = NodeStatus.FILLED if filled >= target else NodeStatus.EXECUTING
    fields: dict[str, object] = {
        "node_index": 0,
        "version": version,
        "status": status,
        "accepted": True,
        "started_ns": 5 * S,
        "target_qty_1e8": target,
        "filled_qty_1e8": filled,
        "net_qty_1e8": filled,
        "avg_price_1e9": 100 * S if filled else 0,
        "final": filled >= target,
        "by_cancel": False,
        "unreachable": False,
    }
    return NodeProgress(**(fields | changes))  # type: ignore[arg-type]  # a table of keywords


def one_edge(*, join_all: bool = False, **fields: object) -> Incoming:
    graph: Graph = graph_of_edges(edge("a", "b", **fields))
    return Incoming(edge_plans(graph)[1], join_all=join_all)


ended = {"final": True, "status": NodeStatus.PARTIAL_FILL, "by_cancel": True}
failed = {"final": True, "status": NodeStatus.REJECTED}


@pytest.mark.parametrize(
    ("trigger", "before", "after"),
    [
        ("on_accepted", progress(accepted=False), progress(version=2)),
        ("on_first_fill", progress(), progress(1, version=2)),
        ("on_fill", progress(), progress(1, version=2)),
        ("on_full_fill", progress(10 * ONE - 1), progress(10 * ONE, version=2)),
        ("on_cancel", progress(ONE), progress(ONE, version=2, **ended)),
        ("on_done", progress(ONE), progress(0, version=2, **failed)),
        ({"on_timeout": {"ms": 2_000}}, progress(started_ns=9 * S), progress(version=2)),
    ],
)
def test_a_trigger_fires_once_its_fact_is_there(
    trigger: object, before: NodeProgress, after: NodeProgress
) -> None:
    incoming = one_edge(trigger=trigger)
    assert incoming.fire(7 * S) == []
    incoming.hear(before)
    assert incoming.fire(7 * S) == [] and not incoming.activated
    incoming.hear(after)
    assert len(incoming.fire(7 * S)) == 1 and incoming.activated
    assert incoming.fire(8 * S) == []


def test_a_fill_ratio_is_compared_exactly() -> None:
    incoming = one_edge(trigger="on_fill_ratio", condition={"fill_ratio_gte": Decimal("0.3")})
    incoming.hear(progress(3 * ONE - 1))
    assert not incoming.fire(0)
    incoming.hear(progress(3 * ONE, version=2))
    assert incoming.fire(0)


def test_a_gate_holds_any_trigger_back() -> None:
    incoming = one_edge(trigger="on_first_fill", condition={"fill_ratio_gte": Decimal("0.5")})
    incoming.hear(progress(ONE))
    assert not incoming.fire(0)
    incoming.hear(progress(5 * ONE, version=2))
    assert incoming.fire(0)


def test_a_timeout_with_an_upper_gate_is_lost_when_the_source_filled() -> None:
    incoming = one_edge(
        trigger={"on_timeout": {"ms": 1_000}}, condition={"fill_ratio_lt": Decimal("0.5")}
    )
    incoming.hear(progress(2 * ONE))
    assert incoming.next_due_ns(0) == 6 * S
    incoming.hear(progress(10 * ONE, version=2))
    assert incoming.fire(100 * S) == [] and incoming.unreachable
    assert incoming.next_due_ns(0) is None


def test_an_elapsed_timeout_that_waits_for_its_gate_sets_no_timer() -> None:
    incoming = one_edge(
        trigger={"on_timeout": {"ms": 1_000}}, condition={"fill_ratio_gte": Decimal("0.5")}
    )
    incoming.hear(progress(ONE))
    assert incoming.next_due_ns(0) == 6 * S
    assert incoming.fire(6 * S) == [] and incoming.next_due_ns(6 * S) is None
    incoming.hear(progress(5 * ONE, version=2))
    assert len(incoming.fire(7 * S)) == 1


def test_a_timeout_fires_even_when_the_source_has_ended() -> None:
    incoming = one_edge(trigger={"on_timeout": {"ms": 1_000}})
    incoming.hear(progress(10 * ONE))
    assert not incoming.unreachable and incoming.next_due_ns(0) == 6 * S
    assert incoming.fire(6 * S)


def test_join_all_waits_for_every_edge_and_any_for_one() -> None:
    edges = (edge("a", "c", trigger="on_first_fill"), edge("b", "c", trigger="on_first_fill"))
    plans = edge_plans(graph_of_edges(*edges))[2]
    every, some = Incoming(plans, join_all=True), Incoming(plans, join_all=False)
    for incoming in (every, some):
        incoming.hear(progress(ONE))
        incoming.fire(0)
    assert some.activated and not every.activated
    every.hear(progress(0, node_index=1, **failed))
    assert every.unreachable and not some.unreachable


def test_triggers_that_can_come_no_more_make_a_node_unreachable() -> None:
    for trigger in ("on_first_fill", "on_full_fill", "on_cancel", "on_accepted"):
        incoming = one_edge(trigger=trigger)
        incoming.hear(progress(0, accepted=False, **failed))
        assert incoming.unreachable, trigger
    incoming = one_edge(trigger="on_done")
    incoming.hear(progress(0, unreachable=True, started_ns=0, **failed))
    assert incoming.unreachable


def test_a_price_waits_for_the_source_and_its_entry_price() -> None:
    trigger = {
        "on_price": {
            "direction": "below",
            "reference": "graph_entry_price",
            "offset_pct": Decimal("-5.0"),
        }
    }
    incoming = one_edge(trigger=trigger)
    incoming.hear(progress())
    assert incoming.wanted_prices() == []
    incoming.hear(progress(ONE, version=2, avg_price_1e9=101 * S + 1))
    ((plan, threshold),) = incoming.wanted_prices()
    assert threshold == 2 * (101 * S + 1) * 95 // 100
    incoming.touch(plan.index)
    assert incoming.wanted_prices() == [] and incoming.fire(0) == [plan]


def test_an_absolute_price_above_is_twice_itself() -> None:
    trigger = {"on_price": {"symbol": "BTC-USD", "direction": "above", "price_1e9": 7}}
    incoming = one_edge(trigger=trigger)
    incoming.hear(progress())
    ((_, threshold),) = incoming.wanted_prices()
    assert threshold == 14


@pytest.mark.parametrize(("ratio", "filled"), [("0.5", 3), ("0.333333333", 7), ("2", 5)])
def test_a_derived_target_is_the_same_however_the_fills_come(ratio: str, filled: int) -> None:
    whole = one_edge(trigger="on_fill", sizing={"ratio": Decimal(ratio)})
    pieces = one_edge(trigger="on_fill", sizing={"ratio": Decimal(ratio)})
    total = filled * ONE + 12_345
    whole.hear(progress(total, version=9))
    whole.fire(0)
    rng = random.Random(1)
    cuts = sorted(rng.randrange(total) for _ in range(40))
    told = [progress(cut, version=i + 1) for i, cut in enumerate([*cuts, total])]
    rng.shuffle(told)
    last = 0
    for one in [*told, *told]:
        pieces.hear(one)
        pieces.fire(0)
        now = pieces.derived_qty_1e8(LOT, ONE)
        assert now >= last and now % LOT == 0
        last = now
    assert last == whole.derived_qty_1e8(LOT, ONE)
    assert last == int(Decimal(ratio) * 10**9) * total // 10**9 // LOT * LOT


def test_sizing_of_snapshot_and_unfilled() -> None:
    snapshot = one_edge(trigger="on_first_fill", sizing={"of": "snapshot"})
    snapshot.hear(progress(2 * ONE))
    snapshot.fire(0)
    snapshot.hear(progress(5 * ONE, version=2))
    assert snapshot.derived_qty_1e8(LOT, ONE) == 2 * ONE
    rest = one_edge(trigger={"on_timeout": {"ms": 1}}, sizing={"of": "unfilled"})
    rest.hear(progress(2 * ONE))
    rest.fire(9 * S)
    assert rest.waits_for_proof() == [0] and rest.derived_qty_1e8(LOT, ONE) == 0
    rest.hear(progress(3 * ONE, version=2, **ended))
    assert rest.waits_for_proof() == [] and rest.derived_qty_1e8(LOT, ONE) == 7 * ONE


def test_contracts_are_counted_in_base_units() -> None:
    incoming = one_edge(trigger="on_fill")
    incoming.hear(progress(ONE))
    incoming.fire(0)
    assert incoming.derived_qty_1e8(ONE, ONE // 100) == 100 * ONE


def test_a_reducing_edge_takes_off_what_its_source_filled() -> None:
    incoming = one_edge(trigger="on_first_fill", action="reduce", sizing={"ratio": Decimal("0.5")})
    incoming.hear(progress(4 * ONE))
    incoming.fire(0)
    assert incoming.reduction_1e8(ONE) == 2 * ONE
    assert not incoming.activated and incoming.cancelled_by is None


def test_a_voided_fill_shrinks_the_target_again() -> None:
    incoming = one_edge(trigger="on_fill")
    incoming.hear(progress(4 * ONE))
    incoming.fire(0)
    incoming.hear(progress(3 * ONE, version=2))
    assert incoming.derived_qty_1e8(LOT, ONE) == 3 * ONE


def test_plans_pack_what_the_wire_says() -> None:
    ((plan,),) = [plans for plans in edge_plans(graph_of_edges(edge("a", "b"))) if plans]
    assert isinstance(plan, EdgePlan)
    assert (plan.kind, plan.action, plan.source, plan.target) == (
        TriggerKind.FULL_FILL,
        EdgeAction.ACTIVATE,
        0,
        1,
    )
    assert msgspec.structs.asdict(plan)["edge_id"]


def test_the_shape_of_a_graph_is_taken_once_for_all_its_price_edges(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[Graph] = []

    def counted(of: Graph) -> Shape:
        taken.append(of)
        return Shape(of)

    monkeypatch.setattr(edges_module, "Shape", counted)
    trigger = {"on_price": {"direction": "below", "reference": "graph_entry_price"}}
    made = graph_of_edges(*(edge("n0", f"n{one}", trigger=trigger) for one in range(1, 50)))
    assert sum(len(plans) for plans in edge_plans(made)) == 49
    assert len(taken) == 1
