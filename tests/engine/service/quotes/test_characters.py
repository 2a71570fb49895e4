"""What venues are like: shares over the time that all are held, spreads, regimes."""

from __future__ import annotations

import pytest

from engine.decisions.admission import InstrumentHandle
from engine.decisions.cost_model import Coefficients
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.venue_observations import VenueObservations
from engine.service.quotes.asked import plainly
from engine.service.quotes.characters import venue_characters
from engine.service.quotes.views import Source
from engine.service.quotes.walk_views import VenueCharacters
from tests.support.builders import market

P = 10**9
BOOKS = {
    "alpha": ([(99 * P, 1)], [(101 * P, 1)]),
    "beta": ([(98 * P, 1)], [(102 * P, 1)]),
}


def told(tape: MarketTape, block: MarketBlock, seen: VenueObservations) -> VenueCharacters:
    asked = plainly("BTC-USD", InstrumentHandle("BTC-USD", block.listings, block, 0))
    return venue_characters(asked, Source.EDGE_NBBO, tape, seen, Coefficients(), 1)


def test_shares_are_of_the_volume_that_every_venue_still_holds() -> None:
    tape, block = MarketTape(), market(BOOKS)
    tape.began_ns = 1
    alpha, beta = tape.ring_of(0, 2), tape.ring_of(1, 8)
    for ts_ns, qty in ((10, 100), (20, 3), (30, 3)):
        alpha.put(ts_ns, P, qty, 0, 0)
    for ts_ns, qty in ((5, 100), (25, 4)):
        beta.put(ts_ns, P, qty, 0, 0)
    view = told(tape, block, VenueObservations(block.listings))
    assert view.since_ns == 20
    shares = [(one.venue, one.traded_qty_1e8, one.prints) for one in view.venues]
    assert shares == [("alpha", 6, 3), ("beta", 4, 2)]
    assert [one.market_share for one in view.venues] == [0.6, 0.4]
    versions = block.version(1, 0) + block.version(1, 1)
    assert view.venues[1].quote_to_trade == versions / 2


def test_without_prints_nothing_is_made_up() -> None:
    block = market(BOOKS)
    view = told(MarketTape(), block, VenueObservations(block.listings))
    assert view.since_ns is None
    for one in view.venues:
        assert (one.market_share, one.quote_to_trade, one.toxicity_bps) == (None, None, None)
    assert (view.usual_spread_bps, view.spread_regime) == (None, None)


def test_spreads_are_in_bps_of_the_middle() -> None:
    block = market(BOOKS)
    block.slots[0].mark_stale(6)  # type: ignore[union-attr]  # the builder gave every slot out
    view = told(MarketTape(), block, VenueObservations(block.listings))
    assert [one.spread_bps for one in view.venues] == [None, 400.0]
    assert view.spread_bps == 400.0
    assert [(one.healthy, one.reason) for one in view.venues] == [(False, "SILENT"), (True, None)]


@pytest.mark.parametrize(
    ("usual", "regime"),
    [(2 * P, "normal"), (4 * P, "tight"), (P, "wide"), (-P, None)],
)
def test_the_regime_compares_with_the_usual_spread(usual: int, regime: str | None) -> None:
    tape, block = MarketTape(), market(BOOKS)
    tape.observe_spread(usual)
    view = told(tape, block, VenueObservations(block.listings))
    assert view.spread_regime == regime
    assert view.usual_spread_bps == usual * 20_000 / (200 * P)


def test_toxicity_is_the_drift_against_our_takes() -> None:
    block = market(BOOKS)
    seen = VenueObservations(block.listings)
    for _ in range(50):
        seen.observe_drift(0, -4.0)
    view = told(MarketTape(), block, seen)
    assert view.venues[0].toxicity_bps == pytest.approx(2.0)
    assert view.venues[1].toxicity_bps is None
