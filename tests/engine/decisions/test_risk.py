"""Risk: the switch, each check, and reservations that end only by proof."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from engine.decisions.admission import admission_denial
from engine.decisions.risk import (
    SCOPES_MAX,
    Denial,
    RiskLedger,
    TradingSwitch,
)
from engine.errors import Reason
from engine.model.graph import Graph
from engine.model.instruments import Environment
from engine.model.orders import Grant
from engine.model.risk import AccountLimits, AdmissionRisk, GraphRisk, KillScope, Limits
from engine.model.units import Side
from tests.support.builders import graph, intent, market, node, pretrade

PRICE = 64_000 * 10**9
NO_LIMITS = AccountLimits(price_deviation_max_bps=None, quote_age_max_ms=None)


def ledger(limits: AccountLimits = NO_LIMITS, bounds: Limits | None = None) -> RiskLedger:
    bid, ask = (PRICE - 10**7, 10**9), (PRICE, 10**9)
    markets = {1: market({"alpha": ([bid], [ask])}, now_ns=1)}
    return RiskLedger(markets, limits, bounds or Limits(), TradingSwitch())


def reason_of(verdict: Grant | Denial) -> Reason:
    assert isinstance(verdict, Denial)
    assert verdict.text
    return verdict.reason


def test_a_grant_reserves_the_worst_money_and_proof_releases_it() -> None:
    risk = ledger()
    grant = risk.authorise(intent(worst_price_1e9=PRICE + 10**9), 1)
    assert isinstance(grant, Grant)
    assert risk.reserved_1e9("alice", Environment.SANDBOX) == PRICE + 10**9
    risk.settle(grant.grant_id, 4 * 10**7, 0)
    risk.settle(grant.grant_id, 0, 6 * 10**7)
    assert risk.reserved_1e9("alice", Environment.SANDBOX) == 0
    assert risk.open_grants == 0


def test_random_settlement_never_leaves_a_rest() -> None:
    rng = random.Random(1)
    risk = ledger()
    for _ in range(200):
        qty = rng.randrange(1, 10**9)
        grant = risk.authorise(intent(qty_1e8=qty), 1)
        assert isinstance(grant, Grant)
        while qty:
            part = rng.randrange(1, qty + 1)
            filled = rng.randrange(part + 1)
            risk.settle(grant.grant_id, filled, part - filled)
            qty -= part
        assert risk.reserved_1e9("alice", Environment.SANDBOX) == 0


def test_the_switch_refuses_and_its_two_causes_are_cleared_apart() -> None:
    risk = ledger()
    risk.switch.kill(True, "stop")
    risk.switch.journal(False, "disk full")
    assert reason_of(risk.authorise(intent(), 1)) is Reason.KILL_SWITCH
    risk.switch.kill(False, "")
    assert risk.switch.halted and risk.switch.reason == "disk full"
    risk.switch.journal(True, "")
    assert isinstance(risk.authorise(intent(), 1), Grant)


@pytest.mark.parametrize(
    ("limits", "changes", "expected"),
    [
        (AccountLimits(order_notional_max_usd=63_999), {}, Reason.NOTIONAL_LIMIT),
        (AccountLimits(open_notional_max_usd=63_999), {}, Reason.NOTIONAL_LIMIT),
        (
            AccountLimits(price_deviation_max_bps=10),
            {"limit_price_1e9": PRICE * 1002 // 1000, "worst_price_1e9": PRICE},
            Reason.PRICE_DEVIATION,
        ),
        (
            AccountLimits(price_deviation_max_bps=10),
            {"side": Side.SELL, "limit_price_1e9": PRICE * 997 // 1000, "worst_price_1e9": PRICE},
            Reason.PRICE_DEVIATION,
        ),
        (
            NO_LIMITS,
            {"limits": pretrade(max_order_notional_usd=Decimal(63_999))},
            Reason.NOTIONAL_LIMIT,
        ),
        (NO_LIMITS, {"qty_1e8": 0}, Reason.BAD_QUANTITY),
    ],
)
def test_each_check_refuses_with_its_reason(
    limits: AccountLimits, changes: dict[str, object], expected: Reason
) -> None:
    assert reason_of(ledger(limits).authorise(intent(**changes), 1)) is expected


def test_an_old_quote_refuses() -> None:
    limits = AccountLimits(quote_age_max_ms=3_000)
    assert reason_of(ledger(limits).authorise(intent(), 4_000_000_000)) is Reason.STALE_VENUE


def test_in_flight_orders_are_bounded() -> None:
    risk = ledger(bounds=Limits(orders_in_flight_max=1))
    assert isinstance(risk.authorise(intent(), 1), Grant)
    assert reason_of(risk.authorise(intent(), 1)) is Reason.ENGINE_BUSY


def admitted(graph_: Graph, notional_usd: int, limits: AccountLimits = NO_LIMITS) -> Reason:
    denial = admission_denial(graph_, notional_usd * 10**9, limits)
    return denial.reason if denial else Reason.NONE


def test_admission_limits() -> None:
    own = Graph(
        nodes=(node(venue="alpha"),),
        risk=GraphRisk(
            admission=AdmissionRisk(
                max_notional_usd=Decimal(100), max_nodes=1, allowed_venues=("alpha",)
            )
        ),
    )
    assert admitted(own, 100) is Reason.NONE
    assert admitted(own, 101) is Reason.NOTIONAL_LIMIT
    other = Graph(nodes=(node(venue="beta"),), risk=own.risk)
    assert admitted(other, 1) is Reason.BAD_VENUE
    assert (
        admitted(graph(), 101, AccountLimits(graph_notional_max_usd=100)) is Reason.NOTIONAL_LIMIT
    )


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        (KillScope.CLIENT, "alice"),
        (KillScope.VENUE, "alpha"),
        (KillScope.SYMBOL, "BTC-USD"),
        (KillScope.GRAPH, "g"),
        (KillScope.DESK, ""),
    ],
)
def test_a_scope_halts_what_it_names_and_nothing_else(scope: KillScope, key: str) -> None:
    risk = ledger()
    risk.switch.engage(scope, key, "stop")
    assert reason_of(risk.authorise(intent(venue="alpha"), 1)) is Reason.KILL_SWITCH
    others = {"client_id": "bob", "venue": "beta", "graph_id": "other"}
    free = scope not in (KillScope.DESK, KillScope.SYMBOL)
    assert isinstance(risk.authorise(intent(**others), 1), Grant) is free
    risk.switch.clear(scope, key)
    assert not risk.switch.scoped
    assert isinstance(risk.authorise(intent(venue="alpha"), 1), Grant)


def test_more_halts_than_there_is_room_for_halt_the_desk() -> None:
    switch = TradingSwitch()
    for number in range(SCOPES_MAX):
        switch.engage(KillScope.GRAPH, str(number), "stop")
    assert switch.blocks("alice", None, "BTC-USD", "g") is None
    switch.engage(KillScope.GRAPH, "one more", "stop")
    assert switch.halted and switch.blocks("alice", None, "BTC-USD", "g") is not None


def test_a_position_counts_fills_and_what_is_out_on_its_side() -> None:
    risk = ledger()
    capped = {"limits": pretrade(max_position_qty=Decimal(2))}
    first = risk.authorise(intent(**capped), 1)
    second = risk.authorise(intent(**capped), 1)
    assert isinstance(first, Grant) and isinstance(second, Grant)
    assert reason_of(risk.authorise(intent(**capped), 1)) is Reason.POSITION_LIMIT
    risk.settle(first.grant_id, 10**8, 0)
    assert risk.position_1e8("alice", Environment.SANDBOX, 1) == 10**8
    assert reason_of(risk.authorise(intent(**capped), 1)) is Reason.POSITION_LIMIT
    risk.settle(second.grant_id, 0, 10**8)
    assert isinstance(risk.authorise(intent(**capped), 1), Grant)
    sell = risk.authorise(intent(side=Side.SELL, qty_1e8=3 * 10**8, **capped), 1)
    assert isinstance(sell, Grant)
    risk.settle(sell.grant_id, 3 * 10**8, 0)
    assert risk.position_1e8("alice", Environment.SANDBOX, 1) == -2 * 10**8


def test_open_children_of_an_earlier_run_stay_held() -> None:
    risk = ledger()
    place = "alice", Environment.SANDBOX, 1, Side.BUY
    risk.reserve_open(7, *place, 10**8, PRICE)
    risk.reserve_open(7, *place, 10**8, PRICE)
    assert risk.reserved_1e9("alice", Environment.SANDBOX) == 2 * PRICE
    later = risk.authorise(intent(), 1)
    assert isinstance(later, Grant) and later.grant_id == 8
    risk.settle(7, 10**8, 10**8)
    assert risk.reserved_1e9("alice", Environment.SANDBOX) == PRICE


def test_a_restored_position_counts_in_the_limit() -> None:
    book = market({"alpha": ([(99, 10)], [(101, 10)])})
    ledger = RiskLedger({1: book}, AccountLimits(), Limits(), TradingSwitch())
    ledger.restore_position("alice", Environment.SANDBOX, 1, 7 * 10**8)
    assert ledger.position_1e8("alice", Environment.SANDBOX, 1) == 7 * 10**8
    wish = intent(qty_1e8=4 * 10**8, limits=pretrade(max_position_qty=Decimal(10)))
    assert isinstance(ledger.authorise(wish, 0), Denial)


def test_a_fill_after_its_grant_was_given_back_moves_the_position_and_holds_nothing() -> None:
    risk = ledger()
    grant = risk.authorise(intent(), 0)
    assert isinstance(grant, Grant)
    risk.settle(grant.grant_id, 0, 10**8)
    account = "alice", Environment.SANDBOX
    risk.reserve_open(grant.grant_id, *account, 1, Side.BUY, 10**7, 64_000 * 10**9)
    risk.settle(grant.grant_id, 10**7, 0)
    assert risk.position_1e8(*account, 1) == 10**7
    assert risk.reserved_1e9(*account) == 0 and risk.open_grants == 0
