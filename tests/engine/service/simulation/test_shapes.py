"""Random graphs: always well formed, and between them of every form there is."""

import random
from collections import Counter

import msgspec
import pytest

from engine.model.graph import EdgeAction, Graph, Trigger
from engine.model.intake import parse_graph
from engine.model.risk import Limits
from engine.model.validation import graph_faults
from engine.service.simulation.shapes import NODES_MAX, draw_graph, draw_single
from engine.service.simulation.workload import draw_venues


def drawn(seed: int) -> Graph:
    rng = random.Random(seed)
    listings = [one for venue in draw_venues(rng) for one in venue.listings]
    return draw_graph(rng, listings)


@pytest.mark.parametrize("seeds", [range(k, k + 200) for k in range(0, 1_000, 200)])
def test_drawn_graphs_parse_and_validate(seeds: range) -> None:
    for seed in seeds:
        graph = drawn(seed)
        assert 1 <= len(graph.nodes) <= NODES_MAX
        assert graph_faults(graph, Limits()) == [], seed
        assert parse_graph(msgspec.json.encode(graph)) == graph


def test_the_same_seed_draws_the_same_graph() -> None:
    assert drawn(5) == drawn(5)
    assert len({msgspec.json.encode(drawn(seed)) for seed in range(50)}) == 50


def test_every_shape_is_drawn() -> None:
    """Each trigger, gate, action, join, sizing, quantity, policy, pacing and layer occurs."""
    seen: Counter[str] = Counter()
    for seed in range(600):
        graph = drawn(seed)
        seen[f"{len(graph.nodes)} nodes"] += 1
        for edge in graph.edges:
            seen.update(words_of_edge(edge.trigger, edge.action))
            if edge.condition is not None:
                seen["gte"] += edge.condition.fill_ratio_gte is not None
                seen["lt"] += edge.condition.fill_ratio_lt is not None
            if edge.sizing is not None:
                seen[edge.sizing.of] += 1
        for node in graph.nodes:
            seen[node.join] += 1
            seen[node.instrument.type.value] += 1
            seen[node.execution.policy.value] += 1
            seen[node.execution.tif.value] += 1
            seen[node.execution.urgency.value] += 1
            seen["reduce_only"] += node.reduce_only
            seen["pinned"] += node.instrument.venue is not None
            if isinstance(node.quantity, str):
                seen["derived"] += 1
            else:
                seen["notional"] += node.quantity.notional is not None
            pacing = node.execution.pacing
            if pacing is not None:
                for name in ("uniform", "vwap", "pov"):
                    seen[name] += getattr(pacing, name) is not None
        if graph.risk is not None:
            for name in ("admission", "pretrade", "runtime", "on_failure"):
                seen[name] += getattr(graph.risk, name) is not None
    expected = {
        "on_accepted", "on_first_fill", "on_fill", "on_fill_ratio", "on_full_fill", "on_cancel",
        "on_done", "on_timeout", "above", "below", "graph_entry_price", "absolute", "gte", "lt",
        "activate", "cancel", "reduce", "any", "all", "cumulative", "unfilled", "snapshot",
        "derived", "notional", "uniform", "vwap", "pov", "spot", "perp", "sor", "ioc_sweep",
        "passive_limit", "aggressive_chase", "passive_ladder", "time_drip", "iceberg", "GTC",
        "IOC", "FOK", "low", "medium", "high", "reduce_only", "pinned", "admission", "pretrade",
        "runtime", "on_failure", "8 nodes",
    }  # fmt: skip
    assert not expected - set(+seen)


def words_of_edge(trigger: str | Trigger, action: EdgeAction) -> list[str]:
    if isinstance(trigger, str):
        return [action.value, trigger]
    if trigger.on_timeout is not None:
        return [action.value, "on_timeout"]
    assert trigger.on_price is not None
    return [action.value, trigger.on_price.direction, trigger.on_price.reference or "absolute"]


def test_a_single_is_one_immediate_order() -> None:
    rng = random.Random(1)
    listings = [one for venue in draw_venues(rng) for one in venue.listings]
    for _ in range(50):
        graph = draw_single(rng, listings)
        assert [node.node_id for node in graph.nodes] == ["order"]
        assert graph.nodes[0].fixed_qty_1e8
        assert graph.nodes[0].execution.pacing is None
