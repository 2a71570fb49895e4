"""The audit of where an order was to rest: redone from its record, and held against the next best.

Venues are ranked by maker fee alone: the price is the one asked for, up to each venue's tick. What
an order that rests comes to is not known until it fills, so the costs here are those of a fill at
its price and the maker's fee.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.decisions.places import Places
from engine.decisions.post_record import redo_post
from engine.errors import Reason
from engine.intelligence.audit import Candidate
from engine.model.fees import FeeSchedule, fee_bps_at
from engine.model.records import PostRecord, PostRules
from engine.model.units import INT64_MAX, Side, round_passive

__all__ = ["PostAudit", "audit_post", "filled_cost_bps"]

NO_TOUCH: Final = (0, INT64_MAX)


class PostAudit(msgspec.Struct, frozen=True, gc=False):
    """What can be said of a decision to post from its record. Costs are bps of its mid.

    `redone` is whether the record gives the same places, bit for bit. `est_cost_bps` is price and
    maker fee of what was placed, below zero where that is better than the mid. `next_venue` is the
    counterfactual: the cheapest of the venues that could have had all of it and got nothing, with
    its maker fee and how much more that is than what was chosen.
    """

    redone: bool
    candidates: tuple[Candidate, ...]
    chosen: tuple[str, ...]
    est_cost_bps: float | None
    next_venue: str | None
    next_fee_bps: float | None
    saving_bps: float | None
    why: str


def audit_post(record: PostRecord) -> PostAudit:
    """Redo a decision to post and hold it against its alternatives."""
    choice = redo_post(record)
    stored = record.places, record.unplaced_qty_1e8, record.reason
    redone = (choice.places, choice.unplaced_qty_1e8, choice.reason) == stored
    places = Places(record.rules)
    taken = {venue: qty for venue, qty, _ in record.places}
    candidates = tuple(
        _candidate(record, places, v, taken.get(v, 0)) for v in range(len(record.rules))
    )
    spare = [v for v in places.cheapest if candidates[v].eligible and not taken.get(v)]
    after = candidates[spare[0]] if spare and taken else None
    placed = sum(taken.values())
    fees = [(candidates[v].fee_bps, qty) for v, qty in taken.items()]
    saving = None
    if after is not None and after.fee_bps is not None:
        saving = after.fee_bps - sum((fee or 0.0) * qty for fee, qty in fees) / placed
    return PostAudit(
        redone,
        candidates,
        tuple(record.venues[venue] for venue, _, _ in record.places),
        filled_cost_bps(record, {record.rules[v].venue: qty for v, qty in taken.items()}),
        None if after is None else after.venue,
        None if after is None else after.fee_bps,
        saving,
        _why(record, candidates, after),
    )


def filled_cost_bps(record: PostRecord, filled: dict[str, int]) -> float | None:
    """Price and maker fee that the record expected of quantities by venue, in bps of its mid.

    None without a mid, of nothing, of a venue that it did not choose, and where it crossed as it
    was sent, so that it could take.
    """
    mid, qty, cost = record.mid_1e9, sum(filled.values()), 0.0
    prices = {record.rules[v].venue: (v, price) for v, _, price in record.places}
    if not mid or not qty or any(venue not in prices for venue in filled):
        return None
    for venue, part in filled.items():
        v, price = prices[venue]
        fee = _fee_bps(record, record.rules[v], price)
        if fee is None or _crosses(record, v):
            return None
        cost += part * (1e4 * record.side.sign * (price - mid) / mid + fee)
    return cost / qty


def _candidate(record: PostRecord, places: Places, v: int, taken: int) -> Candidate:
    rules = record.rules[v]
    reason = record.eligibility[v] or _refusal(record, places, v)
    if taken:
        # It may have had a part where it could not have had all of it.
        reason = ""
    price = round_passive(record.price_1e9, rules.tick_1e9, record.side)
    fee = _fee_bps(record, rules, price)
    mid = record.mid_1e9
    away = 1e4 * record.side.sign * (price - mid) / mid if mid else None
    looked = int(record.far_1e9[v] not in NO_TOUCH)
    return Candidate(rules.venue, not reason, reason, fee, away, fee, None, looked, taken)


def _refusal(record: PostRecord, places: Places, v: int) -> str:
    """Why a venue that may be used could not have had all of it; "" where it could."""
    if record.rules[v].maker_ppm is None:
        return Reason.FEE_UNKNOWN.value
    if record.venues_max and _crosses(record, v):
        return Reason.POST_ONLY.value
    if places.fit(v, record.side, record.qty_1e8, record.price_1e9) is None:
        return Reason.BELOW_MINIMUM.value
    if not record.venues_max and record.meets_own[v]:
        return Reason.OWN_ORDER.value
    return ""


def _crosses(record: PostRecord, v: int) -> bool:
    far = record.far_1e9[v]
    return far <= record.price_1e9 if record.side is Side.BUY else far >= record.price_1e9


def _fee_bps(record: PostRecord, rules: PostRules, price: int) -> float | None:
    """Maker fee of a fill at a price in bps of the mid; None where either is not known."""
    if rules.maker_ppm is None or not record.mid_1e9:
        return None
    exponent = rules.exponent
    fees = FeeSchedule(
        taker_ppm=0, maker_ppm=rules.maker_ppm, quadratic=bool(exponent), exponent=exponent or 1
    )
    return fee_bps_at(fees, price, maker=True) * price / record.mid_1e9


def _why(
    record: PostRecord,
    candidates: Sequence[Candidate],
    after: Candidate | None,
) -> str:
    """The choice in one sentence."""
    out = [f"{one.venue} ({one.reason})" for one in candidates if not one.eligible]
    if not record.places:
        return f"nothing was placed: {', '.join(out) or record.reason}"
    best = [candidates[venue] for venue, _, _ in record.places]
    names = ", ".join(one.venue for one in best)
    among = "those that take it without meeting our own orders"
    if record.venues_max:
        among = "those where it does not cross"
    text = f"{names}: cheapest maker fee among {among}"
    fees = [one.fee_bps for one in best if one.fee_bps is not None]
    if fees:
        text += f", from {min(fees):.2f} bps"
    if after is not None:
        text += f"; the next is {after.venue}"
    return text + (f"; not eligible: {', '.join(out)}" if out else "")
