"""The ports: every codec and link of the tree implements them in full."""

from __future__ import annotations

import inspect

import pytest

from engine.kernels.delta_ring import DeltaRing
from engine.ports import FeedCodec, JournalSink, Link, TradeCodec
from engine.service.sinks import CollectingSink, DirectSink
from tests.support.builders import listing
from venues.registry import FEED_VENUES, FeedSetup
from venues.simulated.link import SimulatedLink
from venues.simulated.trade_codec import SimulatedTradeCodec


def names(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


@pytest.mark.parametrize("venue", sorted(FEED_VENUES))
def test_feed_codecs_have_the_whole_port(venue: str) -> None:
    codec = FEED_VENUES[venue].make_codec([listing()], [DeltaRing(64)], FeedSetup())
    assert names(FeedCodec) <= set(dir(codec))
    assert codec.sequenced in (True, False)
    assert (codec.checksum_depth > 0) == (venue == "kraken")


@pytest.mark.parametrize(
    ("protocol", "made"),
    [
        (TradeCodec, SimulatedTradeCodec),
        (Link, SimulatedLink),
        (JournalSink, CollectingSink),
        (JournalSink, DirectSink),
    ],
)
def test_the_rest_has_the_whole_port(protocol: type, made: type) -> None:
    for name in names(protocol):
        wanted, found = vars(protocol)[name], getattr(made, name)
        assert inspect.isfunction(found) or isinstance(wanted, property)
