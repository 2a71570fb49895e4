"""Classification of refusals: every failure of the reference, each venue's own words, back-off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.classify import (
    CLIENT_IDS,
    EVERYWHERE,
    RULES,
    Failure,
    IdMemory,
    Lookup,
    backoff_ns,
    classify,
    client_ids,
)
from engine.errors import Reason

TRANSIENT, TERMINAL, UNKNOWN = Failure.TRANSIENT, Failure.TERMINAL, Failure.UNKNOWN
MS = 1_000_000

REFERENCE = [
    ("rate limited by status", "429", "", TRANSIENT, "RATE_LIMITED", None),
    ("rate limited, named status", "HTTP_429", "slow down", TRANSIENT, "RATE_LIMITED", None),
    ("rate limited in the body", "", '{"code": 429}', TRANSIENT, "RATE_LIMITED", None),
    ("outage 500", "500", "internal error", UNKNOWN, "unknown_outcome", None),
    ("outage 502", "HTTP_502", "bad gateway", UNKNOWN, "unknown_outcome", None),
    ("outage 503", "503", "service unavailable", UNKNOWN, "unknown_outcome", None),
    ("outage in the body", "", "status: 504 gateway timeout", UNKNOWN, "unknown_outcome", None),
    ("smaller than allowed", "", "Size (3) lower than the minimum: 5", TERMINAL, "TOO_SMALL", None),
    ("bad signature", "", "invalid signature", TERMINAL, "INVALID_SIGNATURE", None),
    ("unclassified", "WAT", "what nobody described", TERMINAL, "EXCHANGE_REJECT", None),
]


@pytest.mark.parametrize("venue", ["polymarket", "kalshi"])
@pytest.mark.parametrize(
    ("code", "text", "failure", "machine", "retry"),
    [row[1:] for row in REFERENCE],
    ids=[row[0] for row in REFERENCE],
)
def test_every_failure_of_the_reference(
    venue: str, code: str, text: str, failure: Failure, machine: str, retry: int | None
) -> None:
    found = classify(venue, code, text)
    assert (found.failure, found.code, found.retry_after_ms) == (failure, machine, retry)


def test_metadata_that_is_not_indexed_is_for_the_client_to_retry() -> None:
    found = classify("polymarket", "", "market metadata not yet indexed (gamma)")
    assert found.failure is TERMINAL
    assert (found.code, found.retry_after_ms) == ("METADATA_NOT_INDEXED", 30_000)
    assert classify("kalshi", "", "market metadata not yet indexed (gamma)").code == (
        "EXCHANGE_REJECT"
    ), "the sentence is polymarket's alone"


@pytest.mark.parametrize(
    ("venue", "code", "text", "failure", "machine"),
    [
        ("polymarket", "400", "Size (4.99) lower than the minimum: 5", TERMINAL, "TOO_SMALL"),
        ("polymarket", "503", "Trading is currently disabled. Check", TRANSIENT, "EXCHANGE_BUSY"),
        ("polymarket", "", "order crosses book", TERMINAL, "POST_ONLY_WOULD_CROSS"),
        ("kalshi", "invalid_order", "post only cross", TERMINAL, "POST_ONLY_WOULD_CROSS"),
        ("kalshi", "too_many_requests", "", TRANSIENT, "RATE_LIMITED"),
        ("kalshi", "insufficient_balance", "", TERMINAL, "INSUFFICIENT_BALANCE"),
        ("binance", "-1003", "Too many requests.", TRANSIENT, "RATE_LIMITED"),
        ("binance", "-1007", "Timeout waiting for response", UNKNOWN, "unknown_outcome"),
        ("binance", "-2010", "Duplicate order sent.", UNKNOWN, "DUPLICATE_CLIENT_ORDER_ID"),
        (
            "binance",
            "-2010",
            "Order would immediately match and take.",
            TERMINAL,
            "POST_ONLY_WOULD_CROSS",
        ),
        ("kraken", "", "EOrder:Rate limit exceeded", TRANSIENT, "RATE_LIMITED"),
        ("kraken", "", "EService:Deadline elapsed", UNKNOWN, "unknown_outcome"),
        ("kraken", "", "EAPI:Invalid signature", TERMINAL, "INVALID_SIGNATURE"),
        ("coinbase", "INSUFFICIENT_FUND", "", TERMINAL, "INSUFFICIENT_BALANCE"),
        (
            "hyperliquid",
            "",
            "Post only order would have immediately matched, bbo was 1@2.",
            TERMINAL,
            "POST_ONLY_WOULD_CROSS",
        ),
        (
            "hyperliquid",
            "",
            "Reduce only order would increase position.",
            TERMINAL,
            "REDUCE_ONLY_WOULD_INCREASE",
        ),
        ("hyperliquid", "", "Order must have minimum value of $10.", TERMINAL, "TOO_SMALL"),
        ("any", "LINK_DOWN", "the order line is down", TRANSIENT, "LINK_DOWN"),
        ("any", "EXCHANGE_BUSY", "too many orders", TRANSIENT, "EXCHANGE_BUSY"),
        ("any", "KILL_SWITCH", "", TERMINAL, "KILL_SWITCH"),
        ("any", "DUPLICATE_CLIENT_ORDER_ID", "", UNKNOWN, "DUPLICATE_CLIENT_ORDER_ID"),
        ("any", "STALE_REQUEST", "", TRANSIENT, "STALE_REQUEST"),
        ("any", "MARKET_CLOSED", "", TERMINAL, "MARKET_CLOSED"),
        ("any", "", "", TERMINAL, "EXCHANGE_REJECT"),
    ],
)
def test_venues_own_words(venue: str, code: str, text: str, failure: Failure, machine: str) -> None:
    found = classify(venue, code, text)
    assert (found.failure, found.code) == (failure, machine)


@pytest.mark.parametrize(
    ("code", "text", "action"),
    [
        ("429", "", "wait"),
        ("503", "", "wait"),
        ("", "market metadata not yet indexed (gamma)", "retry_later"),
        ("", "Size (3) lower than the minimum: 5", "fix_order"),
        ("", "invalid signature", "contact_support"),
    ],
)
def test_what_the_client_does(code: str, text: str, action: str) -> None:
    assert classify("polymarket", code, text).client_action.value == action


def test_numbers_of_an_order_are_no_status() -> None:
    assert classify("any", "", "price 429 is above 503").code == "EXCHANGE_REJECT"
    assert classify("any", "5031", "").code == "EXCHANGE_REJECT"
    assert classify("binance", "-1503", "").code == "EXCHANGE_REJECT"


def test_the_reason_is_the_engines_word_or_the_common_one() -> None:
    for rule in RULES + EVERYWHERE:
        answer = rule.answer
        assert answer.reason.value == answer.code or answer.reason is Reason.EXCHANGE_REJECT
    assert classify("any", "429", "").reason is Reason.RATE_LIMITED


def test_rows_are_in_small_letters_and_each_is_reached() -> None:
    for rule in RULES + EVERYWHERE:
        assert (rule.code, rule.text) == (rule.code.lower(), rule.text.lower())
        assert rule.code or rule.text, "an empty row would answer everything"
        assert classify(rule.venue or "any", rule.code, rule.text) == rule.answer


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=200))
def test_total(venue: str, code: str, text: str) -> None:
    found = classify(venue, code, text)
    assert found.code
    assert isinstance(found.reason, Reason)


def test_back_off_doubles_from_a_quarter_second_to_eight() -> None:
    longest = [backoff_ns(attempt, 1.0) // MS for attempt in range(1, 9)]
    assert longest == [250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]
    assert backoff_ns(1, 0.0) == 125 * MS
    assert backoff_ns(10**9, 0.0) == 4_000 * MS


@given(st.integers(1, 100), st.floats(0, 1))
def test_jitter_stays_between_half_and_whole(attempt: int, jitter: float) -> None:
    whole = backoff_ns(attempt, 1.0)
    assert whole // 2 <= backoff_ns(attempt, jitter) <= whole


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 0.5), (1, -0.1), (1, 1.1)])
def test_back_off_of_nonsense_is_an_error(attempt: int, jitter: float) -> None:
    with pytest.raises(AssertionError):
        backoff_ns(attempt, jitter)


def test_client_ids_promise_no_more_than_a_venue_does() -> None:
    assert client_ids("polymarket").memory is IdMemory.NONE
    assert client_ids("binance").memory is IdMemory.UNIQUE_OPEN
    assert client_ids("nobody").lookup is Lookup.NONE
    assert not client_ids("nobody").absence_proves
    assert not any(row.resend_safe for row in CLIENT_IDS.values()), "no venue here never forgets"
    assert client_ids("kraken").absence_proves
