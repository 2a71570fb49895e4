"""Every exception of the engine, and the reason codes of refusals, which are values.

EngineError
├── ConfigError          a configuration file or value that cannot be used
├── GraphError           a graph that is not well formed; carries every fault with its path
├── CaptureError         a recording that cannot be read
├── JournalError         the durable record cannot be written, read or trusted
├── VenueError           a venue or what it sent
│   ├── LinkError        the way to the venue; retryable
│   └── DecodeError      bytes that are not this venue's; not retryable
└── RuntimeFault         the actor runtime
    ├── MailboxOverflow  an event had no room: trading halts rather than lose it
    ├── ActorStopped     the actor asked is gone
    └── AskTimeout       no answer in time
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class EngineError(Exception):
    """Base of all; its text is one sentence with the way out."""

    retryable = False


class ConfigError(EngineError):
    """A configuration file or value that cannot be used."""


class GraphError(EngineError):
    """A graph that is not well formed. `details` holds (path, sentence) for each fault."""

    def __init__(self, message: str, details: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.details = tuple(details)


class CaptureError(EngineError):
    """A recording that cannot be read."""


class JournalError(EngineError):
    """The durable record cannot be written, read or trusted."""


class VenueError(EngineError):
    """A venue, or what it sent."""


class LinkError(VenueError):
    """The way to the venue failed; trying again may help."""

    retryable = True


class DecodeError(VenueError):
    """Bytes that are not this venue's."""


class RuntimeFault(EngineError):
    """The actor runtime met a state it cannot go on from."""


class MailboxOverflow(RuntimeFault):
    """An event found its mailbox past the hard limit."""


class ActorStopped(RuntimeFault):
    """The actor asked has stopped."""


class AskTimeout(RuntimeFault):
    """No answer came in time."""

    retryable = True


class Reason(StrEnum):
    """Why something was refused or ended: machine-readable, stable, also on the wire."""

    NONE = ""
    BAD_QUANTITY = "BAD_QUANTITY"
    BAD_PRICE = "BAD_PRICE"
    OFF_LOT = "OFF_LOT"
    OFF_TICK = "OFF_TICK"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNKNOWN_VENUE = "UNKNOWN_VENUE"
    INVALID_GRAPH = "INVALID_GRAPH"
    DUPLICATE_GRAPH = "DUPLICATE_GRAPH"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    BEYOND_LIMIT = "BEYOND_LIMIT"
    STALE_VENUE = "STALE_VENUE"
    FEE_UNKNOWN = "FEE_UNKNOWN"
    BAD_VENUE = "BAD_VENUE"
    LINK_DOWN = "LINK_DOWN"
    PINNED_ELSEWHERE = "PINNED_ELSEWHERE"
    CROSSED_BOOK = "CROSSED_BOOK"
    FOK_NOT_SINGLE_VENUE = "fok_not_single_venue"
    POSITION_LIMIT = "POSITION_LIMIT"
    NOTIONAL_LIMIT = "NOTIONAL_LIMIT"
    PRICE_DEVIATION = "PRICE_DEVIATION"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    KILL_SWITCH = "KILL_SWITCH"
    ENGINE_BUSY = "EXCHANGE_BUSY"
    EXCHANGE_REJECT = "EXCHANGE_REJECT"
    JOURNAL_UNAVAILABLE = "JOURNAL_UNAVAILABLE"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    VENUE_LOST = "venue_lost"
    RATE_LIMITED = "RATE_LIMITED"
    POST_ONLY = "POST_ONLY_WOULD_CROSS"
    REDUCE_ONLY = "REDUCE_ONLY_WOULD_INCREASE"
    UNREACHABLE = "unreachable"
    REDUCED = "reduced"
    TOO_SMALL = "TOO_SMALL"
    UNKNOWN_OUTCOME = "unknown_outcome"
    LOSS_LIMIT = "LOSS_LIMIT"
    UNHEDGED_LIMIT = "UNHEDGED_LIMIT"
    UNMARKABLE = "unmarkable"
    PAUSED = "PAUSED"
    NODE_FAILED = "NODE_FAILED"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_ENDED = "ALREADY_ENDED"
    BELOW_FILLED = "BELOW_FILLED"
    NOT_AMENDABLE = "NOT_AMENDABLE"
    METADATA_NOT_INDEXED = "METADATA_NOT_INDEXED"
    INVALID_SIGNATURE = "INVALID_SIGNATURE"
    MARKET_CLOSED = "MARKET_CLOSED"
    STALE_REQUEST = "STALE_REQUEST"
    OWN_ORDER = "OWN_ORDER"
