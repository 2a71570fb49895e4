"""Decisions come out bit for bit, and the first difference is named with its place."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine.decisions.decision_record import CELL_BYTES
from engine.kernels.decision_pack import PACK_HEAD
from engine.kernels.landed import CONSTANT, VENUES_MAX
from engine.model.records import ChildrenIntended, DecisionRecord, FillRecord, NodeChanged
from engine.service.incident import Incident, read_incident, write_incident
from engine.service.incident_replay import replay_incident
from tests.support.incidents import altered, incident_of

CONSTANTS_AT = (PACK_HEAD + CONSTANT // VENUES_MAX * 4) * CELL_BYTES


def with_inputs(change: Callable[[bytes], bytes]) -> tuple[Incident, int]:
    def changed(record: object) -> DecisionRecord:
        assert isinstance(record, DecisionRecord)
        return msgspec.structs.replace(record, inputs=change(record.inputs))

    return altered(incident_of(), DecisionRecord, changed)


@pytest.mark.parametrize("seed", range(10))
def test_what_was_recorded_comes_out_again(seed: int, tmp_path: Path) -> None:
    incident = incident_of(seed)
    write_incident(tmp_path / "x.incident", incident)
    report = replay_incident(read_incident(tmp_path / "x.incident"))
    assert report.ok, report.problem
    records = [x.payload for x in incident.entries if isinstance(x.payload, DecisionRecord)]
    assert report.decisions == len(records) == 3
    assert report.legs == report.children == sum(len(record.legs) for record in records) >= 3
    assert report.fills == report.node_states == report.legs
    assert report.unintended_fills == 0


def test_one_changed_coefficient_shows_in_the_legs() -> None:
    """The venue of the first leg becomes dearer than all others: it would get nothing."""
    record = next(
        entry.payload
        for entry in incident_of().entries
        if isinstance(entry.payload, DecisionRecord)
    )
    at = CONSTANTS_AT + record.legs[0][0] * CELL_BYTES
    incident, seq = with_inputs(
        lambda inputs: inputs[:at] + struct.pack("<q", 10**13) + inputs[at + CELL_BYTES :]
    )
    report = replay_incident(incident)
    assert not report.ok
    assert report.seq == seq
    assert "leg" in report.field
    assert report.stored != report.redone
    assert f"entry {seq} " in report.problem


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("qty_1e8", 5),
        ("mid_1e9", 5),
        ("coefficients_id", 99),
        ("routing_version", 9),
        ("planned_qty_1e8", 5),
        ("best_single_venue", "nowhere"),
    ],
)
def test_a_record_that_contradicts_its_inputs(field: str, value: object) -> None:
    def change(record: object) -> DecisionRecord:
        assert isinstance(record, DecisionRecord)
        return msgspec.structs.replace(record, **{field: value})

    incident, seq = altered(incident_of(), DecisionRecord, change)
    report = replay_incident(incident)
    assert (report.seq, report.field, report.stored) == (seq, field, str(value))


def test_a_changed_leg_is_named() -> None:
    def change(record: object) -> DecisionRecord:
        assert isinstance(record, DecisionRecord)
        venue, qty, limit = record.legs[0]
        legs = ((venue, qty, limit + 1), *record.legs[1:])
        return msgspec.structs.replace(record, legs=legs)

    incident, seq = altered(incident_of(), DecisionRecord, change)
    report = replay_incident(incident)
    assert (report.seq, report.field) == (seq, "leg 0 limit_price_1e9")
    assert int(report.stored) == int(report.redone) + 1


def test_a_child_that_is_not_its_leg() -> None:
    def change(told: object) -> ChildrenIntended:
        assert isinstance(told, ChildrenIntended)
        child = msgspec.structs.replace(told.children[0], qty_1e8=1)
        return msgspec.structs.replace(told, children=(child, *told.children[1:]))

    incident, seq = altered(incident_of(), ChildrenIntended, change)
    report = replay_incident(incident)
    assert (report.seq, report.field, report.stored) == (seq, "child 0 qty_1e8", "1")


def test_a_lost_child() -> None:
    def change(told: object) -> ChildrenIntended:
        assert isinstance(told, ChildrenIntended)
        return msgspec.structs.replace(told, children=told.children[:-1])

    incident, _ = altered(incident_of(), ChildrenIntended, change)
    assert replay_incident(incident).field == "number of children"


@pytest.mark.parametrize("field", ["filled_qty_1e8", "fees_1e9", "fill_count"])
def test_a_node_whose_total_is_not_its_fills(field: str) -> None:
    def change(state: object) -> NodeChanged:
        assert isinstance(state, NodeChanged)
        return msgspec.structs.replace(state, **{field: 1_234_567})

    incident, seq = altered(incident_of(), NodeChanged, change)
    report = replay_incident(incident)
    assert (report.seq, report.field, report.stored) == (seq, field, "1234567")


def test_a_changed_fill_breaks_the_next_state() -> None:
    def change(fill: object) -> FillRecord:
        assert isinstance(fill, FillRecord)
        return msgspec.structs.replace(fill, price_1e9=fill.price_1e9 + 1)

    incident, seq = altered(incident_of(), FillRecord, change)
    report = replay_incident(incident)
    assert (report.seq, report.field) == (seq + 1, "price_times_qty")


def test_a_fill_without_its_intent_is_counted() -> None:
    def change(fill: object) -> FillRecord:
        assert isinstance(fill, FillRecord)
        return msgspec.structs.replace(fill, client_order_id="x-lost")

    report = replay_incident(altered(incident_of(), FillRecord, change)[0])
    assert report.ok
    assert report.unintended_fills == 1


@pytest.mark.parametrize("cell", range(PACK_HEAD + 16 * 4 + 4))
@pytest.mark.parametrize("value", [-1, 2**62])
def test_no_forged_cell_brings_the_replay_down(cell: int, value: int) -> None:
    """A file made on purpose, with a right hash, ends in a report."""
    at = cell * CELL_BYTES
    incident, _ = with_inputs(
        lambda inputs: inputs[:at] + struct.pack("<q", value) + inputs[at + CELL_BYTES :]
    )
    # Inputs without a say in this split (a lot of a venue not chosen) may pass.
    assert isinstance(replay_incident(incident).ok, bool)


@pytest.mark.parametrize("length", [0, 7, 8, 200, -8, -1])
def test_cut_inputs_are_a_difference(length: int) -> None:
    incident, seq = with_inputs(lambda inputs: inputs[:length])
    report = replay_incident(incident)
    assert report.seq == seq
    assert "input" in report.field
