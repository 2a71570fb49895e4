"""The book hash against the official client's vectors, and what a hash proves."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from venues.polymarket.book_hash import (
    BookFacts,
    HashVerdict,
    book_hash,
    book_head,
    level_text,
)


def plain_hash(book: dict[str, object]) -> str:
    """The rule written out: SHA-1 of compact JSON in the stated order of keys."""
    keys = ["market", "asset_id", "timestamp", "hash", "bids", "asks"]
    keys += ["min_order_size", "tick_size", "neg_risk", "last_trade_price"]
    ordered = {key: "" if key == "hash" else book[key] for key in keys}
    return hashlib.sha1(json.dumps(ordered, separators=(",", ":")).encode()).hexdigest()


def texts(levels: list[dict[str, str]]) -> list[str]:
    return [level_text(level["price"], level["size"]) for level in levels]


def book(last_trade_price: str) -> dict[str, object]:
    return {
        "market": "0xaa",
        "asset_id": "100",
        "timestamp": "123",
        "bids": [{"price": "0.3", "size": "100"}],
        "asks": [{"price": "0.7", "size": "5.5"}],
        "min_order_size": "5",
        "tick_size": "0.01",
        "neg_risk": True,
        "last_trade_price": last_trade_price,
    }


HEAD = book_head("0xaa", "100", "123", [level_text("0.3", "100")], [level_text("0.7", "5.5")])


def test_official_vectors(shared_data: Path) -> None:
    path = shared_data / "polymarket" / "py_clob_client_vectors.json"
    vectors = json.loads(path.read_text())["book_hash"]["py_clob_client_vectors"]
    assert vectors
    for vector in vectors:
        sent = vector["book"]
        head = book_head(
            sent["market"],
            sent["asset_id"],
            sent["timestamp"],
            texts(sent["bids"]),
            texts(sent["asks"]),
        )
        kind = json.dumps(sent["neg_risk"])
        found = book_hash(
            head, sent["min_order_size"], sent["tick_size"], kind, sent["last_trade_price"]
        )
        assert found == vector["expected_sha1"] == plain_hash(sent)


def known_facts() -> BookFacts:
    facts = BookFacts("5")
    facts.tick_size, facts.last_trade_price = "0.01", "0.5"
    assert facts.check(HEAD, plain_hash(book("0.5"))) is HashVerdict.RIGHT
    return facts


def test_facts_are_learnt_from_the_first_right_hash() -> None:
    facts = known_facts()
    assert (facts.min_order_size, facts.neg_risk) == ("5", "true")


def test_a_trade_unseen_does_not_refute_a_book_but_other_levels_do() -> None:
    facts = known_facts()
    assert facts.check(HEAD, plain_hash(book("0.820"))) is HashVerdict.RIGHT
    assert facts.last_trade_price == "0.820"
    assert facts.check(HEAD, plain_hash(book("0.61"))) is HashVerdict.RIGHT
    other = {**book("0.61"), "bids": []}
    assert facts.check(HEAD, plain_hash(other)) is HashVerdict.WRONG


def test_finer_prices_are_tried_where_the_tick_is_finer() -> None:
    facts = known_facts()
    facts.tick_size = "0.0001"
    finer = {**book("0.1234"), "tick_size": "0.0001"}
    assert facts.check(HEAD, plain_hash(finer)) is HashVerdict.RIGHT


def test_nothing_is_proved_without_facts_or_hash() -> None:
    facts = BookFacts("5")
    assert facts.check(HEAD, plain_hash(book("0.5"))) is HashVerdict.UNPROVED
    facts.tick_size = "0.01"
    assert facts.check(HEAD, "f" * 40) is HashVerdict.UNPROVED
    assert known_facts().check(HEAD, "") is HashVerdict.UNPROVED
