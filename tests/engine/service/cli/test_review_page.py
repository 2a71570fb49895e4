"""The page of a review: self-contained, well formed, escaped, honest about what is missing."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec

from engine import ExecutionEngine
from engine.service.cli.review_page import review_page
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.views import Review
from tests.support.intelligence_rig import ended, with_board


def a_review() -> Review:
    async def work(engine: ExecutionEngine, board: Intelligence) -> Review:
        return await board.review("local", await ended(engine, "a", qty=20))

    return with_board(work)


def parsed(page: str) -> ET.Element:
    """The page as XML: it is written so that both readings agree."""
    text = page.removeprefix("<!doctype html>").replace('<meta charset="utf-8">', "")
    return ET.fromstring(text)


def test_the_page_shows_every_part_and_child_and_needs_nothing_else() -> None:
    review = a_review()
    page = review_page(review)
    root = parsed(page)
    assert len(root.findall(".//svg")) == 3
    assert len(root.findall(".//circle")) == len(review.children)
    for name in ("delay", "timing", "spread", "impact", "fees", "shortfall"):
        assert any(one.text == name for one in root.iter("text"))
    for word in ("http", "<script", "url("):
        assert word not in page


def test_texts_of_venues_are_escaped() -> None:
    review = a_review()
    child = msgspec.structs.replace(review.children[0], reject_reason="<b>&no</b>")
    page = review_page(msgspec.structs.replace(review, children=(child,)))
    assert "<b>" not in page and "&lt;b&gt;&amp;no" in page
    parsed(page)


def test_a_review_without_numbers_is_a_page_too() -> None:
    review = msgspec.structs.replace(a_review(), tca=None, tca_bps=None, children=())
    root = parsed(review_page(review))
    text = "".join(root.itertext())
    assert "No mid was there" in text and "No child filled" in text
