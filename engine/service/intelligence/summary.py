"""The desk summary: one client's orders and fills over whole UTC days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from engine.decisions.admission import InstrumentHandle
from engine.intelligence.rollups import RELATIVE_ERROR, Totals
from engine.model.instruments import InstrumentType
from engine.model.units import INT64_MAX, PRICE_SCALE
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.desk import DeskTotals
from engine.service.intelligence.desk_views import (
    OptimalityGap,
    SlippageQuantiles,
    SummaryRow,
    SummaryView,
)

__all__ = ["check_venue", "day_range", "day_text", "event_symbol", "fitting", "make_summary"]

LEVELS: Final = (0.50, 0.75, 0.95, 0.99)
EPOCH: Final = date(1970, 1, 1)
BASIS: Final = "fills against their order's arrival mid, price only, + is a cost"


def day_range(start_date: str | None, end_date: str | None, now_ns: int) -> range:
    """Days since 1970 from two `YYYY-MM-DD`, both included, today where not given."""
    today = datetime.fromtimestamp(now_ns / 1e9, UTC).date()
    start = _day("start_date", start_date, today)
    end = _day("end_date", end_date, today)
    if end < start:
        text = "end_date lies before start_date; exchange them"
        raise ApiError(ErrorCode.INVALID_PARAMS, text, [("end_date", text)])
    return range((start - EPOCH).days, (end - EPOCH).days + 1)


def check_venue(totals: DeskTotals, account: int | None, venue: str, known: Iterable[str]) -> None:
    """ApiError for a venue that the engine does not have, unless the account once filled there."""
    names = sorted(known)
    if venue in names or (account is not None and venue in totals.names(account)[0]):
        return
    text = f"there is no venue {venue!r:.80}; this engine has {', '.join(names)}"
    raise ApiError(ErrorCode.INVALID_PARAMS, text, [("venue", text)])


def event_symbol(symbols: Mapping[str, InstrumentHandle], symbol: str) -> bool:
    """Whether a listed symbol is an event contract."""
    handle = symbols.get(symbol)
    return handle is not None and handle.listings[0].instrument.type is InstrumentType.PREDICTION


def make_summary(
    totals: DeskTotals,
    account: int | None,
    days: range,
    symbol: str | None,
    venue: str | None,
    version: int | None = None,
    gap: OptimalityGap | None = None,
    is_event: Callable[[str], bool] = lambda symbol: False,
) -> SummaryView:
    """From totals that have caught up; `account` None is a client without anything."""
    whole, venues, symbols = Totals(), dict[str, Totals](), dict[str, Totals]()
    orders = 0
    if account is not None:
        whole, venues, symbols = totals.merged(account, days, symbol, venue, version)
        orders = totals.order_count(account, days, symbol, venue, version)
    return SummaryView(
        start_date=day_text(days[0]),
        end_date=day_text(days[-1]),
        symbol=symbol,
        venue=venue,
        total_orders=orders,
        total_fills=whole.fills,
        total_notional_usd=whole.notional_1e9 / PRICE_SCALE,
        total_notional_1e9=fitting(whole.notional_1e9),
        total_fees_1e9=whole.fees_1e9,
        slippage_bps=_quantiles(whole),
        slippage_basis=BASIS,
        quantile_error=RELATIVE_ERROR,
        per_venue=_rows(venues, lambda name: False),
        per_symbol=_rows(symbols, is_event),
        routing_version=version,
        optimality_gap_bps=gap,
    )


def _rows(by_name: dict[str, Totals], is_event: Callable[[str], bool]) -> tuple[SummaryRow, ...]:
    """Largest notional first."""
    names = sorted(by_name, key=lambda name: (-by_name[name].notional_1e9, name))
    return tuple(_row(name, by_name[name], event=is_event(name)) for name in names)


def _row(name: str, totals: Totals, *, event: bool) -> SummaryRow:
    notional = totals.notional_1e9
    return SummaryRow(
        name=name,
        fills=totals.fills,
        maker_fills=totals.maker_fills,
        notional_usd=notional / PRICE_SCALE,
        notional_1e9=fitting(notional),
        fees_1e9=totals.fees_1e9,
        fee_bps=1e4 * totals.fees_1e9 / notional if notional else None,
        slippage_bps=_quantiles(totals),
        fee_cents=totals.fee_cents if event else None,
        slippage_cents=totals.mean_cents if event else None,
    )


def _quantiles(totals: Totals) -> SlippageQuantiles:
    p50, p75, p95, p99 = totals.quantiles(LEVELS)
    return SlippageQuantiles(p50=p50, p75=p75, p95=p95, p99=p99, mean=totals.mean_bps)


def day_text(day: int) -> str:
    """A day since 1970 as YYYY-MM-DD."""
    return date.fromordinal(EPOCH.toordinal() + day).isoformat()


def fitting(value: int) -> int | None:
    """The value if it can stand on the wire, 9.2 thousand million USD; None beyond."""
    return value if -INT64_MAX <= value <= INT64_MAX else None


def _day(name: str, text: str | None, today: date) -> date:
    if text is None:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        sentence = f"{name} is a day as YYYY-MM-DD, not {text!r:.40}"
        raise ApiError(ErrorCode.INVALID_PARAMS, sentence, [(name, sentence)]) from None
