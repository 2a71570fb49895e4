"""Channel names: what each of them means, and why one is refused."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from engine.service.access.scopes import Caller, Scope

__all__ = ["MARKET_KINDS", "ORDER_KINDS", "Topic", "TopicKind", "parse_topic"]

VENUES_OPTION: Final = "?venues"
GRAPH_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
KNOWN: Final = (
    "prices:{symbol}, book:{symbol}, fair_price, fair_price:{underlying}, funding, "
    "funding:{venue}, funding:{venue}:{symbol}, orders, fills, routing, tca, traces, "
    "traces:{graph_id}"
)


class TopicKind(StrEnum):
    """The first word of a channel's name."""

    PRICES = "prices"
    BOOK = "book"
    FAIR_PRICE = "fair_price"
    FUNDING = "funding"
    ORDERS = "orders"
    FILLS = "fills"
    ROUTING = "routing"
    TCA = "tca"
    TRACES = "traces"


ORDER_KINDS: Final = frozenset(
    (TopicKind.ORDERS, TopicKind.FILLS, TopicKind.ROUTING, TopicKind.TCA, TopicKind.TRACES)
)
MARKET_KINDS: Final = frozenset(TopicKind) - ORDER_KINDS
KINDS: Final = {kind.value: kind for kind in TopicKind}
NEEDS_NAME: Final = (TopicKind.PRICES, TopicKind.BOOK)
TAKES_NO_NAME: Final = (TopicKind.ORDERS, TopicKind.FILLS, TopicKind.ROUTING, TopicKind.TCA)


class Topic(msgspec.Struct, frozen=True, gc=False):
    """A channel understood. `channel` is as the client spelled it and comes back in each event.

    `name` is the symbol, underlying or graph id, "" for all; `venue` that of a funding channel;
    `by_venue` asks a book for each venue's own levels besides the merged ones.
    """

    channel: str
    kind: TopicKind
    name: str = ""
    venue: str = ""
    by_venue: bool = False

    @property
    def ordered(self) -> bool:
        """Whether its events are numbered and never dropped."""
        return self.kind in ORDER_KINDS


def parse_topic(channel: str, caller: Caller) -> Topic | str:
    """The topic that a channel names for this caller; else one sentence on why not.

    Order topics need no more than `read`, since nobody is given another client's entries.
    """
    word, colon, name = channel.partition(":")
    if word == "deployment":
        return "hosted algorithms are not served here; follow a graph with traces:{graph_id}"
    kind = KINDS.get(word)
    if kind is None:
        return f"there is no such channel; known are {KNOWN}"
    if colon and not name:
        return f"'{word}:' wants a name after the colon"
    if not caller.may(Scope.READ):
        return "the key lacks the scope 'read'"
    if kind in NEEDS_NAME:
        if not name:
            return f"'{word}' wants a symbol: {word}:{{symbol}}"
        by_venue = kind is TopicKind.BOOK and name.endswith(VENUES_OPTION)
        name = name.removesuffix(VENUES_OPTION) if by_venue else name
        return Topic(channel, kind, name, by_venue=by_venue)
    if kind in TAKES_NO_NAME and colon:
        return f"'{word}' takes no name; subscribe to '{word}'"
    if kind is TopicKind.FUNDING:
        venue, _, symbol = name.partition(":")
        return Topic(channel, kind, symbol, venue)
    if kind is TopicKind.TRACES and name and GRAPH_ID.fullmatch(name) is None:
        return "a graph id has 1 to 64 letters, digits, '_' or '-'"
    return Topic(channel, kind, name)
