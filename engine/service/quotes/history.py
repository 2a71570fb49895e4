"""Price history out of the tape in memory: bars by the minute for a day, and the newest prints.

A bar's time is when it begins, its price that of its last trade; a bar without a trade is not
there. `covered_from_ns` says since when nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from engine.decisions.market_tape import MINUTE_NS, MINUTES_MAX, MarketTape
from engine.decisions.print_ring import SIDE_UNKNOWN
from engine.model.instruments import Listing
from engine.model.mirror import mirror_price
from engine.model.units import Side
from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.windows import DAY_NS

__all__ = ["TICKS_MAX", "PriceHistory", "PricePoint", "bar_history", "tick_history"]

TICKS_MAX: Final = 500
SECOND_NS: Final = 1_000_000_000
SIDES: Final = (Side.BUY, Side.SELL)


class PricePoint(msgspec.Struct, frozen=True, gc=False):
    """A bar's time and last price; a print has quantity, aggressor and venue besides."""

    ts_ns: int
    price_1e9: int
    qty_1e8: int | UnsetType = UNSET
    side: str | UnsetType | None = UNSET
    venue_id: str | UnsetType = UNSET


class PriceHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Points, oldest first. `covered_from_ns` is null while nothing was traded or sampled yet."""

    symbol: str
    canonical: str
    mirrored: bool
    source: str
    venue: str | None
    fidelity_secs: int
    start_ns: int
    end_ns: int
    covered_from_ns: int | None
    count: int
    points: list[PricePoint]


class Print(msgspec.Struct, frozen=True, gc=False, order=True):
    """One held print, ordered by the time it was received."""

    ts_ns: int
    venue: str
    number: int
    price_1e9: int
    qty_1e8: int
    side: int


def bar_history(
    tape: MarketTape,
    listings: Sequence[Listing],
    window: tuple[int, int],
    fidelity_secs: int,
    *,
    mirrored: bool,
) -> tuple[int | None, list[PricePoint]]:
    """(covered from, bars) of a window; ApiError NOT_IMPLEMENTED where it is not in memory.

    Whole minutes over all venues come from the minutes kept for a day, anything finer or of some
    venues only from the prints held.
    """
    start_ns, end_ns = window
    width_ns = fidelity_secs * SECOND_NS
    trades: Iterable[tuple[int, int]]
    if width_ns % MINUTE_NS == 0 and {one.venue_index for one in listings} >= set(tape.rings):
        bars = tape.bars()
        covered = tape.began_ns
        if len(bars) >= MINUTES_MAX:
            covered = max(covered, bars[0][0])
        trades = ((began, price) for began, price, _ in bars)
        first_ns = start_ns - start_ns % MINUTE_NS
    else:
        covered, prints = _prints(tape, listings)
        trades = ((one.ts_ns, one.price_1e9) for one in prints)
        first_ns = start_ns
    _check_held(window, covered)
    closes: dict[int, int] = {}
    for ts_ns, price in trades:
        if first_ns <= ts_ns < end_ns:
            closes[ts_ns - ts_ns % width_ns] = price
    points = [PricePoint(ts_ns, _told(price, mirrored)) for ts_ns, price in closes.items()]
    return covered or None, points


def tick_history(
    tape: MarketTape,
    listings: Sequence[Listing],
    window: tuple[int, int] | None,
    limit: int,
    *,
    mirrored: bool,
) -> tuple[int | None, list[PricePoint]]:
    """(covered from, the newest prints) at most `limit` and TICKS_MAX, oldest first."""
    covered, prints = _prints(tape, listings)
    if window is not None:
        _check_held(window, covered)
        prints = [one for one in prints if window[0] <= one.ts_ns < window[1]]
    points = [
        PricePoint(
            one.ts_ns,
            _told(one.price_1e9, mirrored),
            one.qty_1e8,
            _side(one.side, mirrored),
            one.venue,
        )
        for one in prints[-min(limit, TICKS_MAX) :]
    ]
    return covered or None, points


def _prints(tape: MarketTape, listings: Sequence[Listing]) -> tuple[int, list[Print]]:
    """Since when no print is missing, and every print held, in order of time."""
    covered = tape.began_ns
    prints: list[Print] = []
    for listing in listings:
        ring = tape.rings.get(listing.venue_index)
        if ring is None:
            continue
        rows = ring.newest(len(ring.rows)).tolist()
        covered = max(covered, ring.since_ns)
        prints.extend(
            Print(ts_ns, listing.venue, number, price, qty, side)
            for number, (ts_ns, price, qty, side, _) in enumerate(rows)
        )
    prints.sort()
    return covered, prints


def _check_held(window: tuple[int, int], covered_ns: int) -> None:
    """Refuse what a made-up answer would be needed for."""
    start_ns, end_ns = window
    long = end_ns - start_ns > DAY_NS
    if covered_ns and start_ns >= covered_ns:
        return
    if long or (covered_ns and end_ns <= covered_ns):
        since = f"since {covered_ns // SECOND_NS} (unix seconds)" if covered_ns else "since now"
        text = (
            f"this environment keeps prices in memory, {since}; ask for a range of at most 1d, "
            "or a window that begins after that"
        )
        raise ApiError(ErrorCode.NOT_IMPLEMENTED, text, [("range", text)])


def _told(price_1e9: int, mirrored: bool) -> int:
    return mirror_price(price_1e9) if mirrored else price_1e9


def _side(side: int, mirrored: bool) -> str | None:
    if side == SIDE_UNKNOWN:
        return None
    return SIDES[side ^ int(mirrored)].text
