"""The parts of a review are known under one place and stand in the review as they are."""

from __future__ import annotations

import typing

import msgspec
import pytest

from engine.service.intelligence import review_views, views


@pytest.mark.parametrize("name", review_views.__all__)
def test_parts_are_immutable_and_known_among_all_views(name: str) -> None:
    kind = getattr(review_views, name)
    assert kind is getattr(views, name) and name in views.__all__
    assert issubclass(kind, msgspec.Struct) and kind.__struct_config__.frozen


def test_a_review_is_made_of_them() -> None:
    hints = typing.get_type_hints(views.Review)
    assert hints["order"] is review_views.OrderState
    assert hints["children"] == tuple[review_views.ChildEvent, ...]
    assert hints["benchmarks"] is review_views.Benchmarks
    assert hints["fees"] is review_views.FeeReview
    fees = typing.get_type_hints(review_views.FeeReview)
    assert fees["per_venue"] == tuple[review_views.VenueFees, ...]
