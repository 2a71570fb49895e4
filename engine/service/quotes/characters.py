"""What venues are like in a symbol: market share, spreads, toxicity, quotes for each trade."""

from __future__ import annotations

from typing import Final

from engine.decisions.cost_model import Coefficients
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.decisions.venue_observations import VenueObservations
from engine.kernels.layout import ASK, BID
from engine.model.fees import fee_bps_at
from engine.model.instruments import Listing
from engine.service.quotes.asked import Asked
from engine.service.quotes.listed import stale_word
from engine.service.quotes.views import Source
from engine.service.quotes.walk_views import VenueCharacter, VenueCharacters

__all__ = ["venue_characters"]

TIME: Final = 0
QTY: Final = 2
NS_PER_MS: Final = 1_000_000
TIGHT: Final = 2 / 3
WIDE: Final = 3 / 2


def venue_characters(
    asked: Asked,
    source: Source,
    tape: MarketTape,
    seen: VenueObservations,
    known: Coefficients,
    now_ns: int,
) -> VenueCharacters:
    """Every venue of the symbol, from the prints held, its book and the router's observations."""
    market = asked.market
    # Shares are of the time over which every venue's prints are held.
    since_ns = max([tape.began_ns, *(ring.since_ns for ring in tape.rings.values())])
    counts = {one.venue_index: _traded(tape, one, since_ns) for one in market.listings}
    total = sum(qty for qty, _ in counts.values())
    mid_x2 = market.mid_x2()
    bid, ask = market.best(BID), market.best(ASK)
    spread = ask - bid if bid is not None and ask is not None else None
    usual = tape.usual_spread_1e9()
    return VenueCharacters(
        symbol=asked.given,
        canonical=asked.canonical,
        source=source,
        spread_bps=_bps(spread, mid_x2),
        usual_spread_bps=_bps(usual, mid_x2),
        spread_regime=_regime(spread, usual),
        sigma_bps_per_sqrt_s=None if seen.event else seen.sigma,
        since_ns=since_ns or None,
        venues=[
            _character(market, listing, counts[listing.venue_index], total, seen, known)
            for listing in market.listings
        ],
        ts_ns=now_ns,
    )


def _character(
    market: MarketBlock,
    listing: Listing,
    count: tuple[int, int],
    total: int,
    seen: VenueObservations,
    known: Coefficients,
) -> VenueCharacter:
    v = listing.venue_index
    qty, prints = count
    reason = stale_word(market, v)
    bid, ask = market.best_bid[v], market.best_ask[v]
    two_sided = reason is None and market.level_count(v, BID) and market.level_count(v, ASK)
    changes = market.version(v, BID) + market.version(v, ASK)
    fees, mid_1e9 = listing.fees, (market.mid_x2() or 0) // 2
    return VenueCharacter(
        venue=listing.venue,
        market_share=qty / total if total else None,
        traded_qty_1e8=qty,
        prints=prints,
        spread_bps=_bps(ask - bid, bid + ask) if two_sided else None,
        toxicity_bps=seen.adverse(v, known.adverse_shrink) if seen.drift_n[v] else None,
        quote_to_trade=changes / prints if prints else None,
        miss_rate=seen.miss_rate(v),
        latency_ms=seen.latency_ns[v] / NS_PER_MS,
        taker_fee_bps=None if fees is None or not mid_1e9 else fee_bps_at(fees, mid_1e9),
        healthy=reason is None,
        reason=reason,
    )


def _traded(tape: MarketTape, listing: Listing, since_ns: int) -> tuple[int, int]:
    """Quantity of the prints held since then, and how many prints there ever were."""
    ring = tape.rings.get(listing.venue_index)
    if ring is None:
        return 0, 0
    rows = ring.rows[: min(ring.count, len(ring.rows))]
    return int(rows[rows[:, TIME] >= since_ns, QTY].sum()), ring.count


def _bps(width_1e9: int | None, mid_x2: int | None) -> float | None:
    return None if width_1e9 is None or not mid_x2 else width_1e9 * 20_000 / mid_x2


def _regime(spread: int | None, usual: int | None) -> str | None:
    if spread is None:
        return None
    if spread < 0:
        return "crossed"
    if usual is None or usual <= 0:
        return None
    if spread < usual * TIGHT:
        return "tight"
    return "wide" if spread > usual * WIDE else "normal"
