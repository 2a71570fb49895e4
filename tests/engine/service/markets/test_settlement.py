"""Claims are paid only for what has resolved and is held; otherwise the note says why not."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from engine.service.markets.rows import MarketFact, Redeemed
from engine.service.markets.settlement import (
    RedeemHook,
    Redemption,
    payoffs_of,
    redeem,
    settlement_of,
)

OPEN = MarketFact(
    venue="polymarket",
    slug="s",
    question="?",
    outcomes=("Up", "Down"),
    token_ids=("1", "2"),
    condition_id="0x7",
    end_s=9,
)
WON = msgspec.structs.replace(
    OPEN, status="resolved", resolved="Down", trading=False, prices=(0.0, 1.0)
)
KALSHI = msgspec.structs.replace(OPEN, venue="kalshi")


def claim(fact: MarketFact, hook: RedeemHook | None) -> Redeemed:
    return asyncio.run(redeem(fact, "c", hook))


async def nothing(claimed: Redemption) -> int | None:
    return None


def test_winnings_are_paid_through_the_hook() -> None:
    seen: list[Redemption] = []

    async def pay(claimed: Redemption) -> int | None:
        seen.append(claimed)
        return 12_500_000_000

    answer = claim(WON, pay)
    assert (answer.mode, answer.condition_id, answer.token_ids) == (
        "relayer_submitted",
        "0x7",
        ("1", "2"),
    )
    assert "12.5" in answer.note
    (one,) = seen
    assert (one.client_id, one.symbol) == ("c", "s")
    assert dict(zip(one.token_ids, one.payoffs_1e9, strict=True)) == {"1": 0, "2": 10**9}


@pytest.mark.parametrize(
    ("fact", "hook", "mode", "words"),
    [
        (OPEN, nothing, "noop", "has not resolved"),
        (
            msgspec.structs.replace(OPEN, status="resolving", prices=(0.5, 0.5)),
            nothing,
            "noop",
            "has not resolved",
        ),
        (WON, None, "noop", "no positions are kept"),
        (WON, nothing, "noop", "no position in this market"),
        (KALSHI, nothing, "auto_settled", "once the market has resolved"),
        (
            msgspec.structs.replace(KALSHI, resolved="Up"),
            nothing,
            "auto_settled",
            "already has the payout",
        ),
    ],
)
def test_nothing_to_pay(fact: MarketFact, hook: RedeemHook | None, mode: str, words: str) -> None:
    answer = claim(fact, hook)
    assert answer.mode == mode
    assert words in answer.note
    assert (answer.token_ids is None) is (fact.venue == "kalshi")


def test_the_venues_own_final_prices_come_first() -> None:
    assert (settlement_of(WON, (0.4, 0.6), None).yes_price) == 0.0
    answer = settlement_of(OPEN, (0.4, 0.6), None)
    assert (answer.yes_price, answer.no_price) == (0.4, 0.6)
    assert (answer.status, answer.resolved_outcome, answer.event_end_s) == ("open", None, 9)
    assert set(msgspec.to_builtins(answer)) == {
        "slug",
        "question",
        "yes_token_id",
        "no_token_id",
        "condition_id",
        "neg_risk",
        "status",
        "resolved_outcome",
        "outcome_source",
        "yes_price",
        "no_price",
        "event_start_s",
        "event_end_s",
        "resolution_source",
        "underlying",
    }


def test_a_market_without_a_winner_pays_half_to_each_side() -> None:
    half = msgspec.structs.replace(OPEN, status="resolved", prices=(0.5, 0.5))
    assert payoffs_of(half) == (500_000_000, 500_000_000)
    assert payoffs_of(msgspec.structs.replace(half, prices=(None, None))) is None
    assert payoffs_of(msgspec.structs.replace(WON, resolved="Up")) == (10**9, 0)
