"""One source or many: the newest word of each is found, of others none."""

from __future__ import annotations

import random

import pytest

from engine.decisions.heard import Heard
from engine.model.graph import NodeStatus
from engine.model.progress import NodeProgress


def word(index: int, version: int) -> NodeProgress:
    return NodeProgress(
        index, version, NodeStatus.EXECUTING, True, 1, 2, 1, 1, 1, False, False, False
    )


@pytest.mark.parametrize("sources", [1, 2, 9])
def test_it_holds_what_a_table_would(sources: int) -> None:
    rng, heard, twin = random.Random(sources), Heard(), dict[int, NodeProgress]()
    assert heard.get(0) is None and 0 not in heard
    for version in range(60):
        index = rng.randrange(sources)
        heard[index] = twin[index] = word(index, version)
        for one in range(sources + 1):
            assert heard.get(one) == twin.get(one)
            assert (one in heard) is (one in twin)
        assert heard[index] == twin[index]
