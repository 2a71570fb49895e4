"""One seed: its result, its repetition, and the report of a failure."""

from __future__ import annotations

import pytest

from engine.decisions.risk import RiskLedger
from engine.model.units import Side
from engine.service.simulation.seed import (
    differences,
    finished_world,
    journal_hash,
    run_seed,
)
from engine.service.simulation.swarm import FaultLevel
from engine.service.simulation.world import SimulatedWorld


@pytest.mark.parametrize("level", list(FaultLevel))
def test_a_sound_seed(level: FaultLevel) -> None:
    result = run_seed(3, level)
    assert result.faults == ()
    assert result.report == ""
    assert result.level is level
    assert result.graphs > 0
    assert result.fills > 0
    assert result.turns > 100
    assert result.virtual_seconds > 6


def test_the_same_seed_gives_the_same_journal() -> None:
    one, other = run_seed(3, twice=False), run_seed(3, twice=False)
    assert one == other
    assert one.journal_hash == journal_hash(finished_world(3).entries)
    assert one.journal_hash != run_seed(4, twice=False).journal_hash


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="heavy"):
        run_seed(1, "heavy")


def test_a_second_run_that_differs_is_a_fault() -> None:
    """Chance from outside the seed: the planted bug counts its runs."""
    runs: list[SimulatedWorld] = []

    def moody(world: SimulatedWorld) -> None:
        runs.append(world)
        if len(runs) == 2:
            world.swarm.submissions[0].graph.nodes[0]
            world.clients.submit(0, world.swarm.submissions[0])

    result = run_seed(3, plant=moody)
    assert len(runs) == 2
    assert any("second run" in fault for fault in result.faults)
    assert "execgraph simulate --seed 3 --faults full" in result.report


def test_differences_name_the_first_entry() -> None:
    entries = finished_world(3).entries
    assert list(differences(entries, entries)) == []
    assert "entry 2" in next(differences(entries, [entries[0], *entries[2:]]))
    assert "instead of" in next(differences(entries, entries[:-1]))


def test_an_error_is_a_finding_and_the_patch_is_taken_back() -> None:
    honest = RiskLedger.authorise

    def breaks(world: SimulatedWorld) -> None:
        def authorise(*_: object) -> Side:
            raise AssertionError("planted")

        world.patch(RiskLedger, "authorise", authorise)

    result = run_seed(3, plant=breaks)
    assert any("planted" in fault for fault in result.faults)
    assert RiskLedger.authorise is honest
    assert "configuration:" in result.report
    assert "last entries:" in result.report


def test_what_the_plant_itself_raises_is_a_finding() -> None:
    def breaks(world: SimulatedWorld) -> None:
        raise KeyError("planted")

    (fault,) = run_seed(3, plant=breaks).faults
    assert "broke off with KeyError" in fault
