"""What fields mean comes from their docstrings, the struct that they hold, and one table."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.rest.openapi_words import WORDS, about_field, about_name, sentences


class Part(msgspec.Struct):
    """One part, and no more. It has a second sentence."""

    share: float


class Silent(msgspec.Struct):
    share: float


class Base(msgspec.Struct):
    """Below all. `mid` is told by the base."""

    mid: float


class Told(Base):
    """Tells. `paid_bps` and `*_cents` are what was paid, + is a cost; `spent_ms` is how long.

    Costs are over `reach_1e8`, of `venue` alone. `far_bps` is never negative.
    """

    paid_bps: float
    paid_cents: float
    spent_ms: int
    reach_1e8: int
    far_bps: float
    parts: tuple[Part, ...]
    part: Part | None
    venue: str
    market_fee_bps: float
    fee_bps: float
    qty_1e8: int
    unheard_bps: float
    silent: Silent


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("paid_bps", "`paid_bps` and `*_cents` are what was paid, + is a cost. In bps."),
        ("spent_ms", "`spent_ms` is how long. In milliseconds."),
        ("far_bps", "`far_bps` is never negative. In bps."),
        ("parts", "One part, and no more."),
        ("part", "One part, and no more."),
        ("mid", "`mid` is told by the base."),
        # What is named in passing only is told by the table, and without a word there by that.
        ("venue", WORDS["venue"]),
        ("fee_bps", "Fees. In bps. + is a cost, - a rebate."),
        ("qty_1e8", "Quantity. Integer in 1e-8 of a coin or contract."),
        ("unheard_bps", ""),
        ("silent", ""),
    ],
)
def test_a_field_is_told_by_the_nearest_that_speaks_of_it(name: str, about: str) -> None:
    assert about_field(Told, name) == about


def test_a_pattern_names_all_that_end_so_and_passing_words_are_the_last_resort() -> None:
    assert about_field(Told, "paid_cents").startswith("`paid_bps` and `*_cents` are")
    assert "cents of the 1 USD payoff" in about_field(Told, "paid_cents")
    told, passing = sentences(Told, "reach_1e8")
    assert (told, passing) == ("", "Costs are over `reach_1e8`, of `venue` alone.")
    assert about_field(Told, "reach_1e8").startswith(passing)


def test_names_of_no_struct_are_told_by_the_table() -> None:
    assert about_name("node_order_id") == WORDS["node_order_id"]
    assert about_name("nonsense_bps") == ""
