"""A symbol as asked: the engine's own names are plain, what nobody lists is a 404."""

from __future__ import annotations

from engine.decisions.admission import InstrumentHandle
from engine.service.api_error import ErrorCode
from engine.service.quotes.asked import Asked, not_listed, plainly
from tests.support.builders import market


def test_an_alias_is_plain_and_keeps_its_spelling() -> None:
    block = market({"alpha": ([(10, 1)], [(20, 1)])})
    handle = InstrumentHandle("BTC-USD", block.listings, block, 3)
    asked = plainly("BTC", handle)
    assert (asked.given, asked.canonical, asked.mirrored) == ("BTC", "BTC-USD", False)
    assert asked.market is block
    assert isinstance(asked, Asked)


def test_what_nobody_lists_is_not_found_and_long_names_are_cut() -> None:
    error = not_listed("x" * 1_000)
    assert error.code is ErrorCode.NOT_FOUND
    assert "x" * 100 in str(error)
    assert "x" * 101 not in str(error)
    assert error.details[0][0] == "symbol"
