"""How a market stands or ended, and what becomes of a claim to its winnings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from engine.service.markets.rows import MarketFact, Redeemed, Settlement, UnderlyingCurve

__all__ = ["RedeemHook", "Redemption", "redeem", "settlement_of"]

SOURCES = {"polymarket": "polymarket_gamma", "kalshi": "kalshi"}
PAYOFF_1E9 = 1_000_000_000


class Redemption(msgspec.Struct, frozen=True, kw_only=True):
    """A claim to pay out a resolved market: what one contract of each token is worth, in 1e-9."""

    client_id: str
    venue: str
    slug: str
    symbol: str
    condition_id: str | None
    token_ids: tuple[str, str]
    payoffs_1e9: tuple[int, int]


RedeemHook = Callable[[Redemption], Awaitable[int | None]]
"""Pays out and tells how much in 1e-9 USD; None when the client holds nothing of the market."""


def settlement_of(
    fact: MarketFact,
    live: tuple[float | None, float | None],
    underlying: UnderlyingCurve | None,
) -> Settlement:
    """The settlement of a market. `live` are the present prices of YES and NO, which stand in
    where the catalogue states none."""
    yes, no = fact.prices
    return Settlement(
        slug=fact.slug,
        question=fact.question,
        yes_token_id=fact.token_ids[0],
        no_token_id=fact.token_ids[1],
        condition_id=fact.condition_id,
        neg_risk=fact.neg_risk,
        status=fact.status,
        resolved_outcome=fact.resolved,
        outcome_source=SOURCES.get(fact.venue, fact.venue),
        yes_price=live[0] if yes is None else yes,
        no_price=live[1] if no is None else no,
        event_start_s=fact.start_s,
        event_end_s=fact.end_s,
        resolution_source=fact.resolution_source,
        underlying=underlying,
    )


async def redeem(fact: MarketFact, client_id: str, hook: RedeemHook | None) -> Redeemed:
    """Claim the winnings of one client. Nothing is claimed, and the note says why, where the venue
    settles by itself, the market is open or the client holds none of it."""
    if fact.venue != "polymarket":
        text = f"{fact.venue} settles by itself; the balance already has the payout"
        if fact.resolved is None:
            text = f"{fact.venue} settles by itself once the market has resolved"
        return Redeemed(mode="auto_settled", venue=fact.venue, slug=fact.slug, note=text)
    payoffs = payoffs_of(fact)
    if payoffs is None:
        return _noop(fact, "the market has not resolved to a payout that is known")
    if hook is None:
        return _noop(fact, "no positions are kept here that could be redeemed")
    claim = Redemption(
        client_id=client_id,
        venue=fact.venue,
        slug=fact.slug,
        symbol=fact.slug,
        condition_id=fact.condition_id,
        token_ids=fact.token_ids,
        payoffs_1e9=payoffs,
    )
    paid = await hook(claim)
    if paid is None:
        return _noop(fact, "there is no position in this market")
    return Redeemed(
        mode="relayer_submitted",
        venue=fact.venue,
        slug=fact.slug,
        condition_id=fact.condition_id,
        token_ids=fact.token_ids,
        note=f"{fact.resolved or 'no side'} won; {paid / PAYOFF_1E9:.6f} USDC are paid out",
    )


def payoffs_of(fact: MarketFact) -> tuple[int, int] | None:
    """What a contract of each token pays in 1e-9, None until that is known.

    A market that ended without a winner pays what its final prices say, half and half.
    """
    if fact.resolved is not None:
        winner = fact.outcomes.index(fact.resolved)
        return (PAYOFF_1E9, 0) if winner == 0 else (0, PAYOFF_1E9)
    yes, no = fact.prices
    if fact.status != "resolved" or yes != 0.5 or no != 0.5:
        return None
    return PAYOFF_1E9 // 2, PAYOFF_1E9 // 2


def _noop(fact: MarketFact, note: str) -> Redeemed:
    return Redeemed(
        mode="noop",
        venue=fact.venue,
        slug=fact.slug,
        condition_id=fact.condition_id,
        token_ids=fact.token_ids,
        note=note,
    )
