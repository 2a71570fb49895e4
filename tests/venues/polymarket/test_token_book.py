"""A token's book: which token it is read from, mirrored once, never twice."""

from __future__ import annotations

from engine.kernels.delta_ring import DeltaRing
from venues.level_rows import ASK_ROW, BID_ROW
from venues.polymarket.token_book import LEVELS_MAX, LevelRow, TokenBook

ROWS: list[LevelRow] = [(BID_ROW, 300_000_000, 5, "b"), (ASK_ROW, 400_000_000, 7, "a")]


def test_own_rows_go_as_they_are_and_the_complements_mirrored() -> None:
    ring = DeltaRing(16)
    book = TokenBook(0, "up", "down", ring)
    book.replace("up", ROWS)
    assert ring.rows[book.write(ROWS) :][:2].tolist() == [
        [BID_ROW, 300_000_000, 5],
        [ASK_ROW, 400_000_000, 7],
    ]
    book.replace("down", ROWS)
    start = book.write(ROWS)
    assert ring.rows[start : start + 2].tolist() == [
        [ASK_ROW, 700_000_000, 5],
        [BID_ROW, 600_000_000, 7],
    ]


def test_the_complement_counts_only_while_the_own_book_is_not_there() -> None:
    book = TokenBook(0, "up", "down", DeltaRing(16))
    assert book.takes_book_of("down")
    book.replace("down", ROWS)
    assert book.takes_book_of("down")
    assert book.takes_book_of("up")
    book.replace("up", ROWS)
    assert not book.takes_book_of("down")
    book.forget()
    assert book.takes_book_of("down")


def test_texts_are_in_hash_order_and_zero_removes() -> None:
    book = TokenBook(0, "up", "", DeltaRing(16))
    rows: list[LevelRow] = [(BID_ROW, 2, 1, "b2"), (BID_ROW, 1, 1, "b1"), (ASK_ROW, 8, 1, "a8")]
    book.replace("up", [*rows, (ASK_ROW, 9, 1, "a9")])
    assert book.sorted_texts() == (["b1", "b2"], ["a9", "a8"])
    book.update([(BID_ROW, 2, 0, "x")])
    assert book.sorted_texts()[0] == ["b1"]


def test_levels_are_bounded() -> None:
    book = TokenBook(0, "up", "", DeltaRing(16))
    assert book.replace("up", [(BID_ROW, price, 1, "") for price in range(1, LEVELS_MAX + 1)])
    assert not book.update([(BID_ROW, LEVELS_MAX + 1, 1, "")])
