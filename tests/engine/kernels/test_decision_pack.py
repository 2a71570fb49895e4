"""The packed decision: its layout, and that it says when there is no room."""

from __future__ import annotations

import numpy as np

from engine.decisions.split import Splitter
from engine.kernels.decision_pack import FORMAT, PACK_HEAD, pack_decision
from engine.kernels.landed import INPUT_FIELDS
from tests.support.markets import NOW_NS, instrument, listing, market_of, plain_terms


def test_layout_and_room() -> None:
    of = instrument()
    asks = [[(100, 5), (101, 6), (102, 7)], [(100, 1), (103, 2)]]
    listings = [listing(v, of, fee_ppm=0) for v in range(2)]
    market = market_of(listings, [([(90, 1)], side) for side in asks])
    splitter = Splitter(market)
    splitter.plan(0, 7, 101, plain_terms(market, 0))
    out = np.zeros(200, np.int64)
    used = pack_decision(market.view, splitter.arena, out)
    cells = out[:used].tolist()
    assert cells[:4] == [FORMAT, 2, used, 0]
    assert cells[5:PACK_HEAD] == [190, NOW_NS, 1, 1, 0, 7, 101, 1]
    at = PACK_HEAD + 2 * INPUT_FIELDS
    # What was taken, and one level more.
    assert cells[at:] == [3, 2, *(100, 5, 101, 6, 102, 7), *(100, 1, 103, 2)]
    assert pack_decision(market.view, splitter.arena, out[: used - 1].copy()) == -1


def test_without_a_venue_for_all_there_is_no_single_one() -> None:
    of = instrument()
    asks = [[(100, 5)], [(100, 5)]]
    market = market_of([listing(v, of) for v in range(2)], [([], side) for side in asks])
    splitter = Splitter(market)
    out = np.zeros(200, np.int64)
    for qty, single in ((5, 0), (6, -1)):
        splitter.plan(0, qty, None, plain_terms(market, 0))
        pack_decision(market.view, splitter.arena, out)
        assert out[3] == single
