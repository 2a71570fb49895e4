"""Fee schedules: flat and quadratic, rounded up, never zero for unknown."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.fees import FeeSchedule, fee_1e9, fee_bps_at

PRICES = st.integers(1, 10**15)
QTYS = st.integers(1, 10**14)


@given(PRICES, QTYS, st.integers(0, 20_000))
def test_flat_fee_is_the_share_of_notional_rounded_up(price: int, qty: int, ppm: int) -> None:
    schedule = FeeSchedule(taker_ppm=ppm)
    exact = Decimal(price) * Decimal(qty) * ppm / Decimal(10**14)
    assert fee_1e9(schedule, price, qty, maker=False) == int(
        exact.to_integral_value(rounding=ROUND_CEILING)
    )


def test_quadratic_fee_of_an_event_contract() -> None:
    schedule = FeeSchedule(taker_ppm=70_000, quadratic=True)
    # 100 contracts at 0.50: 0.07 x 100 x 0.25 = 1.75
    assert fee_1e9(schedule, 500_000_000, 100 * 10**8, maker=False) == 1_750_000_000
    assert fee_1e9(schedule, 500_000_000, 100 * 10**8, maker=True) == 0


def test_rounding_step_of_a_venue_that_charges_hundredths_of_cents() -> None:
    schedule = FeeSchedule(taker_ppm=70_000, quadratic=True, rounding_1e9=100_000)
    assert fee_1e9(schedule, 10_000_000, 10**8, maker=False) == 700_000


def test_maker_rebates_are_negative_and_round_up() -> None:
    schedule = FeeSchedule(taker_ppm=500, maker_ppm=-100)
    assert fee_1e9(schedule, 3, 10**8, maker=True) == 0
    assert fee_1e9(schedule, 10**9, 10**8, maker=True) == -100_000


def test_bps_of_a_schedule() -> None:
    assert fee_bps_at(FeeSchedule(taker_ppm=1_000), 64_000 * 10**9) == 10.0
    event = FeeSchedule(taker_ppm=30_000, quadratic=True)
    assert fee_bps_at(event, 500_000_000) == pytest.approx(150.0)
    assert fee_bps_at(event, 50_000_000) == pytest.approx(285.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"taker_ppm": -1},
        {"taker_ppm": 10**6},
        {"taker_ppm": 1, "exponent": 3},
        {"taker_ppm": 1, "rounding_1e9": 0},
    ],
)
def test_impossible_schedules_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="fee"):
        FeeSchedule(**bad)  # type: ignore[arg-type]  # keyword names are the table's
