"""The forecast of one order in its review: what was said at its start, and what it came to."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.intelligence.forecast import MODEL_VERSION
from engine.model.instruments import InstrumentType
from engine.model.mirror import PAYOFF_1E9
from engine.model.units import PRICE_SCALE
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.forecast_log import EndedRow, ForecastRow
from engine.service.intelligence.review_views import OrderForecast

__all__ = ["Said", "order_forecast"]

CENTS_A_BP: Final = 1e-2
NOT_KEPT: Final = (
    "none is kept: a busy engine forecasts a sample of the orders that start in a second, and "
    "keeps the newest 65536"
)
NOT_STARTED: Final = "it has not started, and is forecast when it does"
WORKING: Final = "the order still works"
NOT_SEEN: Final = "its end was not seen: intelligence did not run then, or has yet to hear of it"


class Said(msgspec.Struct, frozen=True):
    """What the log of forecasts has of an order: while it works, or once it has ended."""

    open: ForecastRow | None = None
    ended: EndedRow | None = None


def order_forecast(
    facts: OrderFacts, said: Said, missing: list[str], *, mirrored: bool = False
) -> OrderForecast | None:
    """The forecast with its outcome; None where nothing was said, with the reason in `missing`.

    `mirrored` turns costs of YES into bps of the mid of NO, which the order was given in.
    """
    ended = said.ended
    if ended is not None and not ended.made_ns:
        missing.append(f"forecast: {ended.why}")
        return None
    if ended is not None:
        realised, reason = ended.realised_bps, ended.why
        return _made(facts, ended, realised, reason, mirrored=mirrored)
    if said.open is not None:
        reason = NOT_SEEN if facts.terminal else WORKING
        return _made(facts, said.open, None, reason, mirrored=mirrored)
    waits = not facts.memory.started_ns and not facts.terminal
    missing.append(f"forecast: {NOT_STARTED if waits else NOT_KEPT}")
    return None


def _made(
    facts: OrderFacts,
    row: ForecastRow | EndedRow,
    realised: float | None,
    reason: str,
    *,
    mirrored: bool,
) -> OrderForecast:
    mid_x2 = 2 * PAYOFF_1E9 - row.mid_x2 if mirrored else row.mid_x2
    unit = row.mid_x2 / mid_x2 if mid_x2 > 0 else 1.0
    event = facts.node.instrument.type is InstrumentType.PREDICTION
    cents = CENTS_A_BP * mid_x2 / 2 / PRICE_SCALE if event else None
    p50, p90 = row.median_bps * unit, row.p90_bps * unit
    cost = None if realised is None else realised * unit

    def in_cents(value: float | None) -> float | None:
        return None if value is None or cents is None else value * cents

    return OrderForecast(
        made_ns=row.made_ns,
        mid=mid_x2 / 2 / PRICE_SCALE,
        p50_cost_bps=p50,
        p90_cost_bps=p90,
        realised_cost_bps=cost,
        within_p90=None if realised is None else realised <= row.p90_bps,
        p50_cost_cents=in_cents(p50),
        p90_cost_cents=in_cents(p90),
        realised_cost_cents=in_cents(cost),
        model_version=MODEL_VERSION if row.sample_size == 0 else row.model_version,
        sample_size=row.sample_size,
        counted=isinstance(row, EndedRow) and not row.why,
        reason=reason,
    )
