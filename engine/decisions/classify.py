"""What a venue's refusal means: try again, fix the order, or look before doing anything.

The tables are data, one row a known answer; nothing of them is venue code. An answer that nobody
described is terminal, and an outcome that nobody knows is never tried again without proof.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from engine.errors import Reason

__all__ = [
    "CLIENT_IDS",
    "RULES",
    "Classified",
    "ClientAction",
    "ClientIds",
    "Failure",
    "IdMemory",
    "Lookup",
    "Rule",
    "backoff_ns",
    "classify",
    "client_ids",
]

BACKOFF_FIRST_NS = 250_000_000
BACKOFF_DOUBLINGS = 5
INDEXING_MS = 30_000
METADATA_NOT_INDEXED = "METADATA_NOT_INDEXED"
INVALID_SIGNATURE = "INVALID_SIGNATURE"
MARKET_CLOSED = "MARKET_CLOSED"
DUPLICATE_ID = "DUPLICATE_CLIENT_ORDER_ID"


class Failure(StrEnum):
    """What may be done after a venue's answer.

    TRANSIENT: the order does not exist, the same again may work after a pause. TERMINAL: it does
    not exist, and the same again will be refused again. UNKNOWN: it may exist, so what is
    reserved for it stays, and only a look-up decides.
    """

    TRANSIENT = "transient"
    TERMINAL = "terminal"
    UNKNOWN = "unknown"


class ClientAction(StrEnum):
    """What a client does about an order that a venue refused."""

    WAIT = "wait"
    RETRY_LATER = "retry_later"
    FIX_ORDER = "fix_order"
    CONTACT_SUPPORT = "contact_support"


class Classified(msgspec.Struct, frozen=True, gc=False):
    """A refusal understood.

    `code` is its machine code, `reason` the engine's reason of the same name, or EXCHANGE_REJECT
    where the engine has none. `retry_after_ms` is advice to the client after a terminal refusal
    that time alone cures; the engine's own retries follow `backoff_ns`.
    """

    failure: Failure
    reason: Reason
    code: str
    retry_after_ms: int | None = None

    @property
    def client_action(self) -> ClientAction:
        """What its client does: nothing, as long as the engine has not given the order up."""
        if self.failure is not Failure.TERMINAL:
            return ClientAction.WAIT
        if self.code == INVALID_SIGNATURE:
            return ClientAction.CONTACT_SUPPORT
        if self.retry_after_ms is not None:
            return ClientAction.RETRY_LATER
        return ClientAction.FIX_ORDER


def outcome(failure: Failure, code: str, retry_after_ms: int | None = None) -> Classified:
    """A classification by machine code."""
    known = code in Reason._value2member_map_
    return Classified(
        failure, Reason(code) if known else Reason.EXCHANGE_REJECT, code, retry_after_ms
    )


LIMITED: Final = outcome(Failure.TRANSIENT, Reason.RATE_LIMITED)
BUSY: Final = outcome(Failure.TRANSIENT, Reason.ENGINE_BUSY)
LINK_DOWN: Final = outcome(Failure.TRANSIENT, Reason.LINK_DOWN)
LATE: Final = outcome(Failure.TRANSIENT, "STALE_REQUEST")
USED_ID: Final = outcome(Failure.TRANSIENT, "VOID_CLIENT_ORDER_ID")
UNSURE: Final = outcome(Failure.UNKNOWN, Reason.UNKNOWN_OUTCOME)
DUPLICATE: Final = outcome(Failure.UNKNOWN, DUPLICATE_ID)
REJECT: Final = outcome(Failure.TERMINAL, Reason.EXCHANGE_REJECT)
NOT_INDEXED: Final = outcome(Failure.TERMINAL, METADATA_NOT_INDEXED, INDEXING_MS)
BAD_SIGNATURE: Final = outcome(Failure.TERMINAL, INVALID_SIGNATURE)
TOO_SMALL: Final = outcome(Failure.TERMINAL, Reason.TOO_SMALL)
OFF_TICK: Final = outcome(Failure.TERMINAL, Reason.OFF_TICK)
OFF_LOT: Final = outcome(Failure.TERMINAL, Reason.OFF_LOT)
BAD_PRICE: Final = outcome(Failure.TERMINAL, Reason.BAD_PRICE)
POST_ONLY: Final = outcome(Failure.TERMINAL, Reason.POST_ONLY)
REDUCE_ONLY: Final = outcome(Failure.TERMINAL, Reason.REDUCE_ONLY)
NO_MONEY: Final = outcome(Failure.TERMINAL, Reason.INSUFFICIENT_BALANCE)
NO_LIQUIDITY: Final = outcome(Failure.TERMINAL, Reason.NO_LIQUIDITY)
NO_SYMBOL: Final = outcome(Failure.TERMINAL, Reason.UNKNOWN_SYMBOL)
CLOSED: Final = outcome(Failure.TERMINAL, MARKET_CLOSED)


class Rule(msgspec.Struct, frozen=True, gc=False):
    """One known answer of a venue ("" is every venue).

    `code` is the whole code, `text` a part of code and text together; both in small letters, and
    what is given must fit.
    """

    venue: str
    code: str
    text: str
    answer: Classified


def texts(venue: str, answer: Classified, *fragments: str) -> tuple[Rule, ...]:
    """A row for each text that has the same meaning at a venue."""
    return tuple(Rule(venue, "", fragment, answer) for fragment in fragments)


def codes(venue: str, answer: Classified, *whole: str) -> tuple[Rule, ...]:
    """A row for each code that has the same meaning at a venue."""
    return tuple(Rule(venue, code, "", answer) for code in whole)


RULES: Final[tuple[Rule, ...]] = (
    # Polymarket: one text, whatever the status. Its two 503 sentences say that nothing was taken.
    *texts("polymarket", NOT_INDEXED, "market metadata not yet indexed (gamma)"),
    *texts("polymarket", BUSY, "trading is currently disabled", "trading is currently cancel-only"),
    *texts("polymarket", POST_ONLY, "order crosses book"),
    *texts("polymarket", OFF_TICK, "minimum tick size"),
    *texts("polymarket", NO_MONEY, "not enough balance / allowance"),
    *texts("polymarket", NO_LIQUIDITY, "fully filled or killed", "no orders found to match"),
    *texts("polymarket", DUPLICATE, "duplicated"),
    # Kalshi: a code, with the details in the text.
    *texts("kalshi", POST_ONLY, "post only cross"),
    *texts("kalshi", OFF_TICK, "tick size", "tick_size"),
    *texts("kalshi", NO_MONEY, "insufficient_balance", "insufficient balance"),
    *texts("kalshi", CLOSED, "market_closed", "market_inactive", "exchange_paused"),
    *texts("kalshi", DUPLICATE, "order_already_exists"),
    *texts("kalshi", NO_LIQUIDITY, "fill_or_kill_insufficient_resting_volume"),
    # Binance: negative codes; -2010 says what is wrong in its text only.
    *codes("binance", LIMITED, "-1003", "-1015"),
    *codes("binance", BUSY, "-1008"),
    *codes("binance", UNSURE, "-1000", "-1001", "-1006", "-1007"),
    *codes("binance", LATE, "-1021"),
    *codes("binance", BAD_SIGNATURE, "-1022"),
    *codes("binance", NO_SYMBOL, "-1121"),
    *texts("binance", POST_ONLY, "would immediately match and take"),
    *texts("binance", NO_MONEY, "insufficient balance"),
    *texts("binance", DUPLICATE, "duplicate order sent"),
    *texts("binance", TOO_SMALL, "filter failure: notional", "filter failure: min_notional"),
    *texts("binance", OFF_LOT, "filter failure: lot_size"),
    *texts("binance", OFF_TICK, "filter failure: price_filter"),
    # Kraken: "E<class>:<what>". Its service errors do not say whether the order was taken.
    *texts("kraken", LIMITED, "rate limit exceeded", "orders limit exceeded", "temporary lockout"),
    *texts("kraken", UNSURE, "eservice:unavailable", "eservice:busy", "eservice:deadline elapsed"),
    *texts("kraken", UNSURE, "egeneral:internal error"),
    *texts("kraken", CLOSED, "cancel_only mode", "post_only mode"),
    *texts("kraken", POST_ONLY, "eorder:post only order"),
    *texts("kraken", NO_MONEY, "eorder:insufficient funds"),
    *texts("kraken", TOO_SMALL, "order minimum not met", "cost minimum not met"),
    *texts("kraken", OFF_TICK, "tick size check failed"),
    *texts("kraken", REDUCE_ONLY, "eorder:reduce only"),
    # Coinbase: words in capitals.
    *texts("coinbase", POST_ONLY, "invalid_limit_price_post_only"),
    *texts("coinbase", NO_MONEY, "insufficient_fund"),
    *texts("coinbase", TOO_SMALL, "order_size_too_small", "below_min", "too_small"),
    *texts("coinbase", UNSURE, "unknown_failure_reason"),
    # Hyperliquid: sentences.
    *texts("hyperliquid", POST_ONLY, "post only order would have immediately matched"),
    *texts("hyperliquid", REDUCE_ONLY, "reduce only order would increase position"),
    *texts("hyperliquid", TOO_SMALL, "order must have minimum value"),
    *texts("hyperliquid", OFF_TICK, "price must be divisible by tick size"),
    *texts("hyperliquid", NO_MONEY, "insufficient margin"),
    *texts("hyperliquid", NO_LIQUIDITY, "could not immediately match"),
    *texts("hyperliquid", LIMITED, "too many cumulative requests"),
    # The engine's own refusals before the wire, and the simulated venues' codes.
    *codes("", LINK_DOWN, "link_down"),
    *codes("", BUSY, "exchange_busy"),
    *codes("", LIMITED, "rate_limited"),
    *codes("", LATE, "stale_request"),
    *codes("", USED_ID, "void_client_order_id"),
    *codes("", DUPLICATE, "duplicate_client_order_id"),
    *codes("", outcome(Failure.TERMINAL, Reason.KILL_SWITCH), "kill_switch"),
    *codes("", NOT_INDEXED, "metadata_not_indexed"),
    *codes("", BAD_SIGNATURE, "invalid_signature"),
    *codes("", TOO_SMALL, "below_minimum", "too_small"),
    *codes("", OFF_TICK, "off_tick"),
    *codes("", OFF_LOT, "off_lot"),
    *codes("", BAD_PRICE, "bad_price"),
    *codes("", outcome(Failure.TERMINAL, Reason.BAD_QUANTITY), "bad_quantity"),
    *codes("", POST_ONLY, "post_only_would_cross"),
    *codes("", REDUCE_ONLY, "reduce_only_would_increase"),
    *codes("", NO_MONEY, "insufficient_balance"),
    *codes("", NO_LIQUIDITY, "no_liquidity"),
    *codes("", NO_SYMBOL, "unknown_symbol"),
    *codes("", CLOSED, "market_closed"),
)
# Asked only once no row and no HTTP status fits: words that mean the same everywhere.
EVERYWHERE: Final[tuple[Rule, ...]] = (
    *texts("", BAD_SIGNATURE, "invalid signature"),
    *texts("", TOO_SMALL, "lower than the minimum"),
    *texts("", LIMITED, "too many requests", "too_many_requests"),
)
STATUS: Final = re.compile(r"^(?:http[ _]?)?(429|5\d\d)$")
STATUS_IN_TEXT: Final = re.compile(r"\b(?:code|status|http)\W{0,4}(429|5\d\d)\b")
TEXT_MAX = 4_096


def classify(venue: str, code: str, text: str) -> Classified:
    """What a refusal means, by the venue's own rows, HTTP status, then common words.

    429 (or `HTTP_429`) is TRANSIENT, 5xx UNKNOWN, in the code or as `code: 429` in the text; of
    a text only the first 4,096 characters are read. Unclassified: TERMINAL EXCHANGE_REJECT.
    """
    small = code.lower()
    both = f"{small} {text[:TEXT_MAX].lower()}"
    found = first_fit(RULES, venue, small, both)
    if found is not None:
        return found
    status = STATUS.match(small) or STATUS_IN_TEXT.search(both)
    if status is not None:
        return LIMITED if status.group(1) == "429" else UNSURE
    return first_fit(EVERYWHERE, venue, small, both) or REJECT


def first_fit(rules: tuple[Rule, ...], venue: str, code: str, both: str) -> Classified | None:
    """The answer of the first row that fits."""
    for rule in rules:
        if rule.venue not in ("", venue):
            continue
        if (not rule.code or rule.code == code) and rule.text in both:
            return rule.answer
    return None


def backoff_ns(attempt: int, jitter: float) -> int:
    """Pause before a retry: 250 ms doubled with each attempt (from 1) up to 8 s.

    `jitter` in [0, 1] takes it from half of that to the whole, so that orders that were refused
    together do not come back together.
    """
    assert attempt >= 1, "the first retry is attempt 1"
    assert 0.0 <= jitter <= 1.0, "jitter is a share"
    whole = BACKOFF_FIRST_NS << min(attempt - 1, BACKOFF_DOUBLINGS)
    return whole // 2 + int(whole // 2 * jitter)


class IdMemory(StrEnum):
    """For how long a venue refuses a client order id that it has seen."""

    NONE = "none"
    UNIQUE_OPEN = "unique_open"
    UNIQUE_RECENT = "unique_recent"
    UNIQUE_FOREVER = "unique_forever"


class Lookup(StrEnum):
    """Which orders a venue finds by client order id."""

    NONE = "none"
    OPEN_ONLY = "open_only"
    OPEN_AND_CLOSED = "open_and_closed"


class ClientIds(msgspec.Struct, frozen=True, gc=False):
    """What a venue makes of client order ids."""

    memory: IdMemory
    lookup: Lookup

    @property
    def resend_safe(self) -> bool:
        """Whether sending the same id again can never make a second order."""
        return self.memory is IdMemory.UNIQUE_FOREVER

    @property
    def absence_proves(self) -> bool:
        """Whether an answered look-up that finds nothing is about closed orders too."""
        return self.lookup is Lookup.OPEN_AND_CLOSED


# Where a venue's own documents give no span, the weaker of two readings stands.
CLIENT_IDS: Final[dict[str, ClientIds]] = {
    "binance": ClientIds(IdMemory.UNIQUE_OPEN, Lookup.OPEN_AND_CLOSED),
    "kraken": ClientIds(IdMemory.UNIQUE_OPEN, Lookup.OPEN_AND_CLOSED),
    "coinbase": ClientIds(IdMemory.UNIQUE_RECENT, Lookup.OPEN_AND_CLOSED),
    "hyperliquid": ClientIds(IdMemory.UNIQUE_RECENT, Lookup.OPEN_AND_CLOSED),
    "kalshi": ClientIds(IdMemory.UNIQUE_RECENT, Lookup.OPEN_AND_CLOSED),
    "polymarket": ClientIds(IdMemory.NONE, Lookup.NONE),
}
UNDESCRIBED: Final = ClientIds(IdMemory.NONE, Lookup.NONE)


def client_ids(venue: str) -> ClientIds:
    """The row of a venue; one that nobody described promises nothing."""
    return CLIENT_IDS.get(venue, UNDESCRIBED)
