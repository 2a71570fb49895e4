"""A scenario's start out of the live market: books, latencies, volatility and the tape's trades.

Source of the refill time: a book that stands still gets back what others take, so a quote at the
touch returns within the time in which others take it, and at the latest in the prior's slice.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.policies.parameters import PolicyParameters
from engine.decisions.print_ring import PrintRing
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import DEFAULT_PRIORS
from engine.intelligence.strategies import STRATEGIES
from engine.model.graph import Policy, Urgency
from engine.model.units import floor_to
from engine.service.scenario.setting import LEVELS_MAX, SIZES_MAX, Plan, Setting, VenueStart

__all__ = ["Trades", "fit_setting", "fit_trades", "plan_of"]

NS: Final = 1_000_000_000
PRINTS_MAX: Final = 1_024
WINDOW_MIN_S: Final = 1.0
REFILL_MIN_S: Final = 0.05
DEPTH_FACTOR: Final = 4
SELL: Final = 1


class Trades(msgspec.Struct, frozen=True, gc=False):
    """Market orders of others on a venue, by the side that takes, and their usual sizes."""

    buys_per_s: float
    sells_per_s: float
    sizes_1e8: tuple[int, ...]

    @property
    def seen(self) -> bool:
        return bool(self.sizes_1e8)


NONE_SEEN: Final = Trades(0.0, 0.0, ())


def fit_trades(ring: PrintRing | None, now_ns: int, since_ns: int) -> Trades:
    """What the newest prints show; those of one moment and side are one order.

    `since_ns` is when the tape began. A print without a side counts half for each.
    """
    if ring is None or not ring.count:
        return NONE_SEEN
    kept: list[list[int]] = ring.newest(PRINTS_MAX).tolist()
    # While the ring still holds all there was, silence before the first print counts too.
    first_ns = kept[0][0] if ring.count > len(kept) else min(kept[0][0], since_ns or kept[0][0])
    seconds = max(WINDOW_MIN_S, (now_ns - first_ns) / NS)
    orders: dict[tuple[int, int], int] = {}
    for recv_ns, _, qty, side, _ in kept:
        orders[recv_ns, side] = orders.get((recv_ns, side), 0) + qty
    counts = [0.0, 0.0]
    for _, side in orders:
        if side in (0, SELL):
            counts[side] += 1.0
        else:
            counts[0] += 0.5
            counts[SELL] += 0.5
    sizes = sorted(orders.values())
    step = max(1, -(-len(sizes) // SIZES_MAX))
    return Trades(counts[0] / seconds, counts[1] / seconds, tuple(sizes[step // 2 :: step]))


def fit_setting(
    seen: MarketPicture, qty_1e8: int, policies: PolicyParameters, collar_bps: int | None
) -> Setting | None:
    """The start of a scenario for the order that `seen` looked at; None without a usable book."""
    starts: list[VenueStart] = []
    for v, listing in enumerate(seen.listings):
        bids, asks = levels_of(seen, v, 0, qty_1e8), levels_of(seen, v, 1, qty_1e8)
        if not seen.terms.active[v] or not bids or not asks or listing.fees is None:
            continue
        trades = fit_trades(seen.tape.rings.get(v), seen.now_ns, seen.tape.began_ns)
        starts.append(
            VenueStart(
                msgspec.structs.replace(listing, venue_index=len(starts)),
                tuple(seen.observations.samples[v]),
                bids,
                asks,
                trades.buys_per_s,
                trades.sells_per_s,
                trades.sizes_1e8,
                refill_s(trades, (bids[0][1] + asks[0][1]) / 2),
            )
        )
    if not starts or not seen.mid_x2:
        return None
    # The mid of the venues that take part, which need not be that of all.
    bid = max(one.bids[0][0] for one in starts)
    ask = min(one.asks[0][0] for one in starts)
    return Setting(
        venues=tuple(starts),
        side=seen.side,
        qty_1e8=qty_1e8,
        mid_x2=bid + ask,
        sigma_bps=seen.sigma_bps,
        collar_bps=collar_bps,
        policies=policies,
    )


def plan_of(name: str, qty_1e8: int, lot_1e8: int, rank: int, taken_share: float | None) -> Plan:
    """The plan of one of STRATEGIES; a split takes `taken_share` at once and posts the rest."""
    policy, urgency = STRATEGIES[name][0], Urgency(("low", "medium", "high")[rank])
    if policy != "split":
        return Plan(name, ((Policy(policy), qty_1e8),), urgency)
    taken = floor_to(round(qty_1e8 * (0.5 if taken_share is None else taken_share)), lot_1e8)
    parts = ((Policy.SOR, taken), (Policy.PASSIVE_LIMIT, qty_1e8 - taken))
    return Plan(name, tuple(part for part in parts if part[1] > 0), urgency)


def levels_of(
    seen: MarketPicture, venue: int, side: int, qty_1e8: int
) -> tuple[tuple[int, int], ...]:
    """A side of a book as far as the order could matter; of what it takes only what is others'."""
    books = seen.market if side == seen.side else seen.books
    kept: list[tuple[int, int]] = []
    shown = 0
    for level in books.levels(venue, side, LEVELS_MAX):
        kept.append(level)
        shown += level[1]
        if shown > DEPTH_FACTOR * qty_1e8 and len(kept) >= 8:
            break
    return tuple(kept)


def refill_s(trades: Trades, touch_1e8: float) -> float:
    """How long a taken quote stays away on average; see the module."""
    if not trades.seen:
        return DEFAULT_PRIORS.slice_s
    mean = sum(trades.sizes_1e8) / len(trades.sizes_1e8)
    taken = max(trades.buys_per_s, trades.sells_per_s) * mean
    usual = touch_1e8 / taken if taken > 0.0 else DEFAULT_PRIORS.slice_s
    return min(DEFAULT_PRIORS.slice_s, max(REFILL_MIN_S, usual))
