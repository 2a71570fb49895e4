"""The page of a review: self-contained, well formed, escaped, honest about what is missing."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import msgspec

from engine.service.cli.review_page import review_page
from tests.support.reviews import filled_review, unfilled_review


def parsed(page: str) -> ET.Element:
    """The page as XML: it is written so that both readings agree."""
    text = page.removeprefix("<!doctype html>").replace('<meta charset="utf-8">', "")
    return ET.fromstring(text)


def words_of(page: str) -> str:
    return " ".join("".join(parsed(page).itertext()).split())


def test_the_page_shows_every_part_and_needs_nothing_else() -> None:
    review = filled_review()
    page = review_page(review)
    root = parsed(page)
    drawn = root.findall(".//svg")
    assert len(drawn) == 3
    for one in drawn:
        title = one.find("title")
        assert title is not None and title.text == one.get("aria-label")
    for name in ("delay", "timing", "spread", "impact", "fees", "shortfall"):
        assert any(one.text == name for one in root.iter("text"))
    for word in ("http", "<script", "url("):
        assert word not in page
    assert "prefers-color-scheme:dark" in page
    used = set(re.findall(r"var\(--(\w+)\)", page))
    light, dark = page.split("@media", 1)
    for name in used:
        assert f"--{name}:" in light and f"--{name}:" in dark


def test_fees_regret_benchmarks_and_decisions_are_told_with_their_numbers() -> None:
    review = filled_review()
    text = words_of(review_page(review))
    fees, blamed = review.fees, review.policy_regret
    assert blamed is not None and fees.drift_bps is not None
    assert f"drift {fees.drift_bps:.3f} bps" in text
    for one in fees.per_venue:
        assert f"{one.realised_1e9 / 1e9:.4f}" in text
    assert f"between {blamed.low_bps:.3f} and {blamed.high_bps:.3f}" in text
    for name in ("VWAP", "TWAP", "PWP", "arrival mid"):
        assert name in text
    assert f"{review.decisions[0].realised_cost_bps:.3f}" in text


def test_an_order_that_failed_says_why_and_has_no_empty_tables() -> None:
    page = review_page(unfilled_review("its time <ran> out"))
    text = words_of(page)
    assert "because: its time <ran> out" in text
    assert "Nothing of 20 ETH filled" in text and "No routing decision" in text
    assert "Not known: no decision recorded books" in text
    for table in parsed(page).iter("table"):
        assert len(table.findall("tr")) > 1
    circles = list(parsed(page).iter("circle"))
    assert len(circles) == len(filled_review().children) + 2, "and two in the legend"


def test_a_working_order_has_its_opportunity_unknown() -> None:
    review = filled_review()
    assert review.tca_bps is not None
    shares = {**review.tca_bps, "opportunity": None, "shortfall": None}
    text = words_of(review_page(msgspec.structs.replace(review, tca_bps=shares)))
    assert "opportunityunknown" in text and "not known yet" in text


def test_texts_of_venues_are_escaped() -> None:
    review = filled_review()
    child = msgspec.structs.replace(review.children[0], reject_reason="<b>&no</b>", venue='a"<')
    page = review_page(msgspec.structs.replace(review, children=(child,)))
    assert "<b>" not in page and "&lt;b&gt;&amp;no" in page
    parsed(page)


def test_a_review_without_numbers_is_a_page_too() -> None:
    review = msgspec.structs.replace(filled_review(), tca=None, tca_bps=None, children=())
    text = words_of(review_page(review))
    assert "No mid was there" in text and "No child was sent" in text
