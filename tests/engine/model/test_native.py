"""What venues do natively: nothing, unless it is said; and what each sandbox venue says."""

from __future__ import annotations

import pytest

from engine.model.native import NO_NATIVE_VERBS, NativeVerbs
from venues.simulated.catalogue import native_of


def test_nothing_is_native_by_itself() -> None:
    assert NativeVerbs() == NO_NATIVE_VERBS
    assert (NO_NATIVE_VERBS.decrease, NO_NATIVE_VERBS.amend) == (False, False)
    assert NO_NATIVE_VERBS.batch_max == 0


@pytest.mark.parametrize(
    ("venue", "verbs"),
    [
        ("kalshi", (True, True, 20)),
        ("polymarket", (False, False, 15)),
        ("binance", (True, False, 0)),
        ("coinbase", (True, True, 0)),
        ("hyperliquid", (True, True, 0)),
        ("nowhere", (False, False, 0)),
    ],
)
def test_the_venues_of_the_sandbox(venue: str, verbs: tuple[bool, bool, int]) -> None:
    found = native_of(venue)
    assert (found.decrease, found.amend, found.batch_max) == verbs
