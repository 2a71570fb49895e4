"""A swarm tells its configuration in a failure's report."""

from __future__ import annotations

from engine.service.simulation.swarm import FaultLevel
from engine.service.simulation.workload import draw_swarm


def test_the_description_names_venues_and_troubles() -> None:
    swarm = draw_swarm(3, FaultLevel.LIGHT)
    text = swarm.describe()
    assert f"{len(swarm.submissions)} graphs" in text
    assert "faults light" in text
    for venue in swarm.venues:
        assert venue.name in text
        assert str(venue.rates) in text
