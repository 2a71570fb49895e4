"""Reviews from a data folder alone: REST's own function, with what the engine left on disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from engine import ExecutionEngine
from engine.model.instruments import Environment
from engine.model.units import QTY_SCALE
from engine.service.api_error import ApiError
from engine.service.cli.stored_board import StoredBoard, world_of
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.views import Review
from engine.store.queries import Queries
from tests.support.intelligence_rig import ended, with_board
from venues.simulated.catalogue import sandbox_listings

ETH = [one for one in sandbox_listings() if one.instrument.symbol == "ETH-USD"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engine")

    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        await ended(engine, "a", qty=20)
        assert (await board.review("local", "a:order:1")).policy_regret is not None

    with_board(work, data_dir=str(path))
    return path


def reviewed(folder: Path, order_id: str = "a:order:1", listed: bool = True) -> Review:
    queries = Queries(folder / "journal.db")
    board = StoredBoard(queries, Environment.SANDBOX, folder, ETH if listed else [])
    try:
        board.start()
        return asyncio.run(board.review("local", order_id))
    finally:
        board.close()
        queries.close()


def test_a_review_is_whole_and_the_same_again_and_nothing_is_written(folder: Path) -> None:
    before = {one.name: one.stat().st_mtime_ns for one in folder.iterdir()}
    first, again = reviewed(folder), reviewed(folder)
    assert msgspec.structs.replace(first, as_of_ns=0) == msgspec.structs.replace(again, as_of_ns=0)
    assert first.policy_regret is not None and first.decisions[0].redone
    assert {one.drift_1e9 for one in first.fees.per_venue} == {0}
    assert first.order.filled_qty_1e8 == 20 * QTY_SCALE
    assert {one.name: one.stat().st_mtime_ns for one in folder.iterdir()} == before


def test_an_order_that_is_not_there_and_an_instrument_that_is_listed_no_more(folder: Path) -> None:
    for order_id in ("b:order:1", "no id at all"):
        with pytest.raises(ApiError):
            reviewed(folder, order_id)
    bare = reviewed(folder, listed=False)
    assert bare.tca_bps is not None and bare.policy_regret is None
    assert any("no longer listed" in one for one in bare.missing)


def test_a_world_of_nothing_has_nothing() -> None:
    assert not world_of([]).markets
    assert list(world_of(ETH).symbols) == ["ETH-USD"]
