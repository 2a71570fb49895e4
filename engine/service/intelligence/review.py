"""The post-trade review: order, children, decisions redone, benchmarks, TCA that sums, fees."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from engine.intelligence.attribution import Shortfall, attribute
from engine.intelligence.benchmarks import (
    MARKOUTS_MS,
    interval_vwap,
    markout,
    pwp,
    slippage_bps,
)
from engine.intelligence.forecast import MODEL_VERSION
from engine.intelligence.policy_regret import Judged
from engine.model.instruments import InstrumentType
from engine.model.units import PRICE_SCALE, QTY_SCALE
from engine.service.intelligence.decisions import (
    LAST_N_MAX,
    decision_views,
    fills_by_choice,
    first_decision,
)
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.fee_review import fee_review
from engine.service.intelligence.history import STEP_NS
from engine.service.intelligence.order_forecast import Said, order_forecast
from engine.service.intelligence.other_side import PriceHistory
from engine.service.intelligence.regret import Judge, order_regret
from engine.service.intelligence.timeline import graph_entries, timeline
from engine.service.intelligence.views import (
    Benchmarks,
    DecisionView,
    OrderState,
    Review,
)

if TYPE_CHECKING:
    from engine.model.fees import FeeSchedule
    from engine.model.records import JournalEntry
    from engine.store.queries import Queries

__all__ = ["full_review", "make_review"]

PARTICIPATION: Final = 0.1
CENTS_PER_1E9: Final = 1e-7
NOTHING_SAID: Final = Said()
PARTS: Final = (
    "delay",
    "timing",
    "spread",
    "impact",
    "unattributed",
    "opportunity",
    "fees",
    "executed",
    "shortfall",
)


async def full_review(
    facts: OrderFacts,
    queries: Queries,
    history: PriceHistory | None,
    schedules: Mapping[str, FeeSchedule | None],
    decision_price_1e9: int | None = None,
    judge: Judge | None = None,
    said: Said = NOTHING_SAID,
    *,
    mirrored: bool = False,
) -> Review:
    """The review with all that the store holds, read without holding up the event loop.

    `judge` estimates every strategy on the market of the order's first decision; `said` is what was
    forecast of it. `mirrored`: the facts are those of a NO order.
    """
    client, environment = facts.stored.client_id, facts.stored.environment
    name, number = facts.row.node_order_id, facts.row.order_number
    rows = queries.decisions(client, environment, last_n=LAST_N_MAX, node_order_id=name, posts=True)
    fills = fills_by_choice(facts.fills, facts.children)
    decisions = await decision_views(rows[::-1], fills)
    entries = await graph_entries(facts, queries)
    now_ns = time.time_ns()
    first = first_decision(queries, number)
    judged = None if judge is None or first is None else judge(first)
    made = make_review(
        facts,
        entries,
        decisions,
        history,
        schedules,
        now_ns,
        decision_price_1e9,
        judged,
        said,
        mirrored=mirrored,
    )
    count = len(rows) if len(rows) < LAST_N_MAX else queries.choice_count(number)
    if count == len(rows):
        return made
    text = f"decisions: only the newest {len(rows)} of the {count} of this order are told"
    return msgspec.structs.replace(made, missing=(*made.missing, text))


def make_review(
    facts: OrderFacts,
    entries: Iterable[JournalEntry] | None,
    decisions: tuple[DecisionView, ...],
    history: PriceHistory | None,
    schedules: Mapping[str, FeeSchedule | None],
    now_ns: int,
    decision_price_1e9: int | None = None,
    judged: Judged | None = None,
    said: Said = NOTHING_SAID,
    *,
    mirrored: bool = False,
) -> Review:
    """Everything about one order. `history` None: prices were not watched (a read of a journal).

    `entries` are those of its graph, None where there are too many to read.
    `decision_price_1e9` is the price at which the client decided, for the delay.
    """
    missing: list[str] = []
    benchmarks = _benchmarks(facts, history, now_ns, missing)
    forecast = order_forecast(facts, said, missing, mirrored=mirrored)
    tca = _tca(facts, history, decision_price_1e9, missing)
    notional = facts.arrival_x2 * max(facts.row.qty_1e8, facts.filled_1e8) / 2 / QTY_SCALE
    event = facts.node.instrument.type is InstrumentType.PREDICTION
    contracts = max(facts.row.qty_1e8, facts.filled_1e8) / QTY_SCALE
    if entries is None:
        missing.append("the journal holds too much between the graph's ends to time its children")
    shares = _shares(tca, 1e4 / notional) if tca is not None and notional else None
    blamed = order_regret(facts, shares, judged, missing)
    return Review(
        order=order_state(facts),
        children=timeline(facts, entries or ()),
        decisions=decisions,
        benchmarks=benchmarks,
        tca=tca,
        tca_bps=shares,
        tca_cents=_shares(tca, CENTS_PER_1E9 / contracts) if tca and event and contracts else None,
        fees=fee_review(facts, schedules, missing, mirrored=mirrored),
        forecast=forecast,
        policy_regret_bps=None if blamed is None else blamed.regret_bps,
        policy_regret=blamed,
        model_version=MODEL_VERSION if forecast is None else forecast.model_version,
        as_of_ns=now_ns,
        missing=tuple(missing),
    )


def order_state(facts: OrderFacts) -> OrderState:
    """The order as it is."""
    row, node = facts.row, facts.node
    return OrderState(
        node_order_id=row.node_order_id,
        graph_id=facts.stored.row.graph_id,
        node_id=row.node_id,
        symbol=row.symbol,
        side=row.side.text,
        status=row.status.value,
        terminal=facts.terminal,
        reason=row.failure_reason,
        policy=node.execution.policy.value,
        urgency=node.execution.urgency.value,
        order_type="market" if node.limit_price_1e9 is None else "limit",
        limit_price_1e9=node.limit_price_1e9,
        intended_qty_1e8=row.qty_1e8,
        filled_qty_1e8=facts.filled_1e8,
        avg_fill_price_1e9=facts.average_1e9 if facts.fills else None,
        fees_1e9=sum(one.fee_1e9 for one in facts.fills),
        fill_count=len(facts.fills),
        started_ns=facts.started_ns,
        ended_ns=facts.ended_ns,
        is_prediction=node.instrument.type is InstrumentType.PREDICTION,
    )


def _tca(
    facts: OrderFacts,
    history: PriceHistory | None,
    decision_price_1e9: int | None,
    missing: list[str],
) -> Shortfall | None:
    if not facts.arrival_x2:
        missing.append("tca: no mid was there when the order became active")
        return None
    if not facts.fills and not facts.terminal:
        missing.append("tca: nothing has filled yet, and what is left is open")
        return None
    symbol = facts.row.symbol

    def mid_at(when_ns: int) -> int | None:
        return None if history is None else history.mid_x2_at(symbol, when_ns)

    decision = None if decision_price_1e9 is None else 2 * decision_price_1e9
    tca = attribute(facts.execution(mid_at, decision))
    if tca.shortfall_1e9 is None:
        why = "the mid at its end was not seen"
        if not facts.terminal:
            why = "the order still works, and the other parts are of what has filled so far"
        missing.append(f"tca.opportunity_1e9 and tca.shortfall_1e9: {why}")
    return tca


def _shares(tca: Shortfall, unit: float) -> dict[str, float | None]:
    """The parts in another unit."""
    values = {name: getattr(tca, f"{name}_1e9") for name in PARTS}
    return {name: None if value is None else value * unit for name, value in values.items()}


def _benchmarks(
    facts: OrderFacts, history: PriceHistory | None, now_ns: int, missing: list[str]
) -> Benchmarks:
    sign, symbol = facts.row.side.sign, facts.row.symbol
    filled = facts.filled_1e8
    paid = sum(one.price_1e9 * one.qty_1e8 for one in facts.fills)
    average = paid / filled if filled else None
    arrival = facts.arrival_x2 / 2 or None
    start, end = (
        facts.started_ns,
        facts.ended_ns or max((one.ts_unix_ns for one in facts.fills), default=facts.started_ns),
    )
    own = facts.prints()
    vwap = reached = None
    twap_x2: float | None = None
    if history is None:
        missing.append("interval benchmarks and markouts: prices are watched by a running engine")
    elif not filled:
        yet = "" if facts.terminal else " yet"
        missing.append(f"arrival_slippage, interval_vwap, twap, pwp: nothing has filled{yet}")
    else:
        prints, why = history.prints(symbol, start, end)
        if why:
            missing.append(f"interval_vwap, pwp: {why}")
        else:
            vwap, why = interval_vwap(prints, own, start, end)
            if why:
                missing.append(f"interval_vwap: {why}")
            reached, why = pwp(prints, own, start, PARTICIPATION)
            if why:
                missing.append(f"pwp: {why}")
        twap_x2 = history.mean_x2(symbol, start, end)
        if twap_x2 is None:
            missing.append("twap: the mid was not watched over the whole of the order")
    twap = None if twap_x2 is None else twap_x2 / 2
    slip = None if average is None else slippage_bps(sign, average, arrival)
    event = facts.node.instrument.type is InstrumentType.PREDICTION
    cents = None
    if event and average is not None and arrival:
        cents = sign * (average - arrival) * CENTS_PER_1E9

    def mid_at(when_ns: int) -> int | None:
        return None if history is None else history.mid_x2_at(symbol, when_ns)

    def against(benchmark: float | None) -> float | None:
        return None if average is None else slippage_bps(sign, average, benchmark)

    return Benchmarks(
        arrival_mid=None if arrival is None else arrival / PRICE_SCALE,
        arrival_basis=facts.arrival_basis,
        arrival_slippage_bps=slip,
        arrival_slippage_cents=cents,
        interval_vwap=None if vwap is None else vwap / PRICE_SCALE,
        vwap_slippage_bps=against(vwap),
        twap=None if twap is None else twap / PRICE_SCALE,
        twap_slippage_bps=against(twap),
        pwp=None if reached is None else reached / PRICE_SCALE,
        pwp_participation=PARTICIPATION,
        pwp_slippage_bps=against(reached),
        markouts=tuple(markout(sign, own, ms, mid_at, now_ns) for ms in MARKOUTS_MS),
        sample_ms=STEP_NS // 1_000_000,
    )
