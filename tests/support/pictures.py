"""Pictures of small markets for tests of the intelligence, and an independent walk over them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from engine.decisions.cost_model import CostModel
from engine.decisions.decision_record import DecisionRecorder
from engine.decisions.market_tape import MarketTape
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.picture import MarketPicture
from engine.model.fees import FeeSchedule
from engine.model.instruments import InstrumentType
from engine.model.records import DecisionRecord
from tests.support.markets import (
    NOW_NS,
    TICK,
    Levels,
    instrument,
    listing,
    market_of,
    random_books,
)

__all__ = ["CENT", "decide", "event_picture", "picture_of", "random_picture", "visible", "walk"]

CENT = 10_000_000


def picture_of(
    books: Sequence[tuple[Levels, Levels]], *, tape: MarketTape | None = None, **rules: object
) -> MarketPicture:
    """A picture of these books (bids, asks), healthy at NOW_NS; rules are those of all listings."""
    of = instrument()
    rules.setdefault("tick_1e9", TICK)
    listings = [
        listing(v, of, **{"fee_ppm": 100 + 50 * v, "latency_prior_ns": 10**7 * (v + 1), **rules})
        for v in range(len(books))
    ]
    market = market_of(listings, books)
    return MarketPicture(market, VenueObservations(listings), tape or MarketTape())


def random_picture(seed: int, venues: int = 4, levels: int = 40) -> MarketPicture:
    """A picture of random books."""
    return picture_of(random_books(Random(seed), venues, levels))


def event_picture(asks: Levels, bids: Levels) -> MarketPicture:
    """An event contract with a fee that bends with its price."""
    of = instrument("RAIN", InstrumentType.PREDICTION)
    fees = FeeSchedule(taker_ppm=70_000, quadratic=True)
    one = listing(0, of, fees=fees, tick_1e9=CENT, price_max_1e9=10**9, latency_prior_ns=10**8)
    market = market_of([one], [(bids, asks)])
    return MarketPicture(market, VenueObservations([one]), MarketTape(True))


def visible(picture: MarketPicture) -> int:
    """All that the books show on the side looked at."""
    return sum(shown for shown, _ in picture.venues_alone(1))


def walk(picture: MarketPicture, qty_1e8: int) -> tuple[int, Fraction, Fraction]:
    """(sum of price x quantity, fees, latency) of taking the cheapest landed levels, by hand.

    Fractions throughout, each level looked at on its own; flat fees only.
    """
    offers = []
    for v, one in enumerate(picture.listings):
        if not picture.terms.active[v]:
            continue
        assert one.fees is not None
        rate = Fraction(one.fees.taker_ppm, 10**6)
        late = picture.terms.constants[v]
        for price, qty in picture.market.levels(v, 1 - picture.side, 10_000):
            landed = picture.sign * price + price * rate + late
            offers.append((landed, picture.sign * price, v, price, qty, rate, late))
    paid, fees, latency, left = 0, Fraction(0), Fraction(0), qty_1e8
    for _, _, _, price, qty, rate, late in sorted(offers):
        part = min(qty, left)
        paid += price * part
        fees += price * part * rate
        latency += Fraction(late * part)
        left -= part
    assert not left, "the books hold it"
    return paid, fees, latency


def decide(
    seed: int,
    qty: int,
    side: int = 0,
    *,
    version: int = 1,
    pinned: str | None = None,
    **rules: object,
) -> DecisionRecord:
    """The record of one decision over four random venues."""
    of = instrument()
    listings = [
        listing(v, of, fee_ppm=100 + 60 * v, tick_1e9=TICK, latency_prior_ns=10**7, **rules)
        for v in range(4)
    ]
    splitter = Splitter(market_of(listings, random_books(Random(seed), 4, 30)))
    model = CostModel(splitter.market, VenueObservations(listings))
    in_flight = splitter.takes.in_flight(side) if version > 1 else None
    terms = model.terms(side, NOW_NS, 1, version, pinned, in_flight)
    plan = splitter.plan(side, qty, None, terms)
    return DecisionRecorder(splitter).record(plan, terms, 1, 1)
