"""The charts of a review: marks where they belong, axes with units, nothing left out in silence."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import msgspec
import pytest

from engine.service.cli import review_charts
from engine.service.cli.page_svg import colours_of
from engine.service.cli.review_charts import children_chart, marks_of, venue_chart, waterfall
from tests.support.reviews import filled_review, unfilled_review


def marks(drawn: str) -> list[ET.Element]:
    """The circles of the chart itself: those that tell what they are."""
    root = ET.fromstring(drawn.partition("<p class")[0])
    return [one for one in root.iter("circle") if one.find("title") is not None]


def texts(drawn: str) -> list[str]:
    root = ET.fromstring(drawn.partition("<p class")[0])
    return [one.text or "" for one in root.iter("text")]


def test_each_child_is_a_mark_in_its_venues_colour() -> None:
    review = filled_review()
    drawn = marks(children_chart(review))
    colours = colours_of(one.venue for one in review.children)
    assert [one.get("fill") for one in drawn] == [colours[one.venue] for one in review.children]
    shares = venue_chart(review)
    assert all(colour in shares for colour in colours.values())


def test_a_dearer_child_stands_higher_and_a_later_one_further_right() -> None:
    review = filled_review()
    first = review.children[0]
    assert first.avg_fill_price_1e9 is not None and first.last_fill_ns is not None
    later = msgspec.structs.replace(
        first,
        avg_fill_price_1e9=first.avg_fill_price_1e9 + 10**9,
        last_fill_ns=first.last_fill_ns + 10**9,
    )
    low, high = marks(children_chart(msgspec.structs.replace(review, children=(first, later))))
    assert float(low.get("cy", "")) > float(high.get("cy", ""))
    assert float(low.get("cx", "")) < float(high.get("cx", ""))


def test_the_axes_have_several_ticks_their_units_and_the_start() -> None:
    words = texts(children_chart(filled_review()))
    prices = [one for one in words if re.fullmatch(r"2,\d{3}(\.\d+)?", one)]
    assert len(prices) >= 3
    assert "price in USD per ETH" in words
    assert any(re.search(r"^ms since \d{4}-.* UTC$", one) for one in words)
    assert any(one.startswith("arrival mid 2") for one in words)


@pytest.mark.parametrize(("span_ns", "unit"), [(10**9, "ms"), (10**10, "s"), (10**12, "min")])
def test_the_unit_of_time_goes_with_how_long_it_took(span_ns: int, unit: str) -> None:
    review = filled_review()
    last = msgspec.structs.replace(
        review.children[0], last_fill_ns=review.order.started_ns + span_ns
    )
    words = texts(children_chart(msgspec.structs.replace(review, children=(last,))))
    assert any(one.startswith(f"{unit} since") for one in words)


def test_a_child_that_filled_nothing_is_hollow_at_its_limit() -> None:
    review = unfilled_review()
    drawn = marks(children_chart(review))
    assert len(drawn) == len(review.children)
    assert {one.get("fill") for one in drawn} == {"none"}
    assert [one.price for one in marks_of(review)] == [
        child.limit_price_1e9 / 1e9 for child in review.children
    ]
    assert venue_chart(review) == ""


def test_a_child_that_rested_is_drawn_until_it_ended() -> None:
    review = unfilled_review()
    start = review.order.started_ns
    child = msgspec.structs.replace(review.children[0], sent_ns=start, ended_ns=start + 10**9)
    drawn = children_chart(msgspec.structs.replace(review, children=(child,)))
    (mark,) = marks(drawn)
    root = ET.fromstring(drawn.partition("<p class")[0])
    (rest,) = [one for one in root.iter("line") if one.get("stroke") == mark.get("stroke")]
    assert rest.get("y1") == mark.get("cy")
    ends = [float(one.get("x1", "")) for one in root.iter("line") if one.get("class") == "axis"]
    assert float(rest.get("x2", "")) == pytest.approx(max(ends), abs=1.0)


def test_what_is_not_drawn_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    review = filled_review()
    child = review.children[0]
    never = msgspec.structs.replace(child, last_fill_ns=None, sent_ns=None, ended_ns=None)
    both = msgspec.structs.replace(review, children=(never, child))
    assert "1 more are not drawn" in children_chart(both)
    monkeypatch.setattr(review_charts, "MARKS_MAX", 2)
    many = msgspec.structs.replace(review, children=(child,) * 5)
    drawn = children_chart(many)
    assert len(marks(drawn)) == 2 and "3 more are not drawn" in drawn


def test_bars_are_in_proportion_on_both_sides_of_zero() -> None:
    review = filled_review()
    assert review.tca_bps is not None
    shares: dict[str, float | None] = dict.fromkeys(review.tca_bps, 0.0)
    shares |= {"timing": -5.0, "fees": 10.0, "opportunity": None}
    drawn = waterfall(msgspec.structs.replace(review, tca_bps=shares))
    root = ET.fromstring(drawn)
    bars = {one.get("class"): float(one.get("width", "")) for one in root.iter("rect")}
    assert bars["cost"] == pytest.approx(2 * bars["gain"], abs=0.2)
    assert "unknown" in texts(drawn)
    assert not [one for one in texts(drawn) if "cents" in one]
    cents = msgspec.structs.replace(review, tca_bps=shares, tca_cents={"fees": 1.25})
    assert "10.000 bps, 1.250 cents" in texts(waterfall(cents))
