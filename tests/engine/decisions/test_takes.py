"""Takes in flight: added, settled, released by the book's time or by age, bounded."""

from __future__ import annotations

from engine.decisions.market import MarketBlock
from engine.decisions.split import Splitter
from engine.decisions.takes import OPEN_NS_MAX, SETTLED_NS_MAX, TAKES_MAX
from tests.support.markets import NOW_NS, instrument, listing, market_of


def setup() -> tuple[MarketBlock, Splitter]:
    market = market_of([listing(v, instrument()) for v in range(2)], [([], []), ([], [])])
    return market, Splitter(market)


def test_the_unfilled_part_is_released_at_once() -> None:
    _, splitter = setup()
    takes = splitter.takes
    takes.add("a", 1, 0, 100, NOW_NS)
    takes.add("b", 1, 1, 7, NOW_NS)
    assert (takes.in_flight(0), takes.in_flight(1)) == ([0, 100], [0, 7])
    takes.settle("a", 30, NOW_NS + 50, NOW_NS + 100)
    assert takes.in_flight(0) == [0, 30]
    takes.settle("b", 0, 0, NOW_NS + 100)
    assert takes.in_flight(1) == [0, 0]
    takes.settle("unknown", 5, 0, NOW_NS)
    assert list(takes.takes) == ["a"]


def test_a_later_book_of_that_venue_releases() -> None:
    market, splitter = setup()
    takes, slot = splitter.takes, market.slots[1]
    assert slot is not None
    takes.add("a", 1, 0, 100, NOW_NS)
    takes.settle("a", 100, NOW_NS + 50, NOW_NS + 100)
    slot.touch(NOW_NS + 110, NOW_NS + 50, 2)
    takes.expire(NOW_NS + 110)
    assert takes.in_flight(0) == [0, 100], "the same exchange time does not show the fill yet"
    slot.touch(NOW_NS + 120, NOW_NS + 51, 3)
    takes.expire(NOW_NS + 120)
    assert takes.in_flight(0) == [0, 0]


def test_age_releases() -> None:
    _, splitter = setup()
    takes = splitter.takes
    takes.add("a", 0, 0, 100, NOW_NS)
    takes.expire(NOW_NS + SETTLED_NS_MAX)
    assert takes.in_flight(0) == [100, 0], "an unsettled take stays"
    takes.settle("a", 100, 0, NOW_NS)
    takes.expire(NOW_NS + SETTLED_NS_MAX - 1)
    assert takes.in_flight(0) == [100, 0]
    takes.expire(NOW_NS + SETTLED_NS_MAX)
    assert takes.in_flight(0) == [0, 0]
    takes.add("b", 0, 0, 5, NOW_NS)
    takes.expire(NOW_NS + OPEN_NS_MAX)
    assert not takes.takes


def test_the_oldest_gives_way() -> None:
    _, splitter = setup()
    takes = splitter.takes
    for n in range(TAKES_MAX + 3):
        takes.add(f"t{n}", 0, 0, 1, NOW_NS)
    assert takes.in_flight(0) == [TAKES_MAX, 0]
    assert "t2" not in takes.takes
    takes.add("t5", 0, 0, 4, NOW_NS)
    assert takes.in_flight(0) == [TAKES_MAX + 3, 0], "the same id replaces its take"
