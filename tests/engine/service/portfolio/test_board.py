"""The portfolio over a running engine: two clients apart, totals, sync, seeds, restarts."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from engine import ExecutionEngine
from engine.model.instruments import Environment
from engine.service.api_error import ApiError, ErrorCode
from engine.service.portfolio.accounting import Kind
from engine.service.portfolio.board import Portfolio
from engine.service.portfolio.seeding import SeedRequest, SeedRow, SettingsRequest
from engine.service.portfolio.views import PositionRow, Positions
from tests.support.portfolio import ONE, USD, buy, config_of, with_portfolio
from venues.simulated.account import SEED_BALANCE_1E9
from venues.simulated.event_markets import EVENT_MARKETS

SLUG = "KXBTCZ-26DEC31-T99000"
WON = "btc-above-60k-last-month"


def rows(found: Positions) -> dict[str, PositionRow]:
    return {row.id: row for row in found.positions}


def held(found: Positions, symbol: str) -> int:
    return sum(row.qty_1e8 for row in found.positions if row.instrument.symbol == symbol)


def request(*positions: SeedRow, replace: bool = False) -> SeedRequest:
    return SeedRequest(positions=positions, replace=replace)


def row(venue: str, kind: Kind, symbol: str, qty: str, entry: str | None = None) -> SeedRow:
    price = None if entry is None else Decimal(entry)
    return SeedRow(venue=venue, kind=kind, symbol=symbol, qty=Decimal(qty), entry_price_usd=price)


def check_totals(found: Positions) -> None:
    """Each total is the plain sum of the rows, where closed ones are shown."""
    totals, all_rows = found.totals, found.positions
    value = dict.fromkeys(Kind, 0)
    for one in all_rows:
        if one.instrument.symbol not in ("USD", "USDC"):
            value[one.instrument.kind] += one.current_value_usd_1e9 or 0
    cash = [one for one in all_rows if one.instrument.symbol in ("USD", "USDC")]
    perps = [one for one in all_rows if one.instrument.kind is Kind.PERP]
    assert totals.cash_usd_1e9 == sum(one.current_value_usd_1e9 or 0 for one in cash)
    assert totals.crypto_value_usd_1e9 == value[Kind.CRYPTO]
    assert totals.event_value_usd_1e9 == value[Kind.EVENT_CONTRACT]
    assert totals.perp_notional_usd_1e9 == value[Kind.PERP]
    assert totals.nav_usd_1e9 == (
        totals.cash_usd_1e9
        + value[Kind.CRYPTO]
        + value[Kind.EVENT_CONTRACT]
        + sum(one.unrealized_pnl_usd_1e9 or 0 for one in perps)
    )
    assert totals.unrealized_pnl_usd_1e9 == sum(one.unrealized_pnl_usd_1e9 or 0 for one in all_rows)
    assert totals.realized_pnl_usd_1e9 == sum(one.realized_pnl_usd_1e9 for one in all_rows)
    assert totals.fees_usd_1e9 == sum(one.fees_usd_1e9 for one in all_rows)


def test_two_clients_each_see_their_own_and_totals_are_the_sums() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        before = await portfolio.positions("alice")
        venues = {one.venue for one in before.positions}
        assert before.totals.nav_usd_1e9 == len(venues) * SEED_BALANCE_1E9
        await buy(engine, "ETH-USD", 3, client_id="alice")
        await buy(engine, "ETH-USD-PERP", 2, client_id="alice", side="sell")
        await buy(engine, "ETH-USD", 1, client_id="bob")
        await buy(engine, "ETH-USD", 2, client_id="alice", side="sell")
        alice = await portfolio.positions("alice", include_closed=True)
        bob = await portfolio.positions("bob", include_closed=True)
        assert (held(alice, "ETH"), held(alice, "ETH-USD-PERP")) == (ONE, -2 * ONE)
        assert (held(bob, "ETH"), held(bob, "ETH-USD-PERP")) == (ONE, 0)
        nobody = await portfolio.positions("nobody")
        assert nobody.positions == before.positions
        for found in (alice, bob):
            check_totals(found)
            totals = found.totals
            assert totals.nav_usd_1e9 - before.totals.nav_usd_1e9 == (
                totals.realized_pnl_usd_1e9 + totals.unrealized_pnl_usd_1e9 - totals.fees_usd_1e9
            )
            assert totals.fees_usd_1e9 > 0
        fills = await engine.fills(client_id="alice", limit=1_000)
        assert alice.totals.fees_usd_1e9 == sum(fill.fee_1e9 for fill in fills)
        assert (await portfolio.sync("alice")).differences == ()
        account = await portfolio.account("alice", key_id="k", scopes=("read",))
        assert (account.counts.orders, account.counts.fills) == (3, len(fills))
        assert account.counts.open_graphs == 0

    asyncio.run(with_portfolio(work))


def test_filters_and_closed_rows() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        await buy(engine, "ETH-USD-PERP", 1, client_id="c")
        await buy(engine, "ETH-USD-PERP", 1, client_id="c", side="sell")
        await buy(engine, "BTC-USD", 0.01, client_id="c", venue="kraken")
        everything = rows(await portfolio.positions("c", include_closed=True))
        closed = everything["hyperliquid:perp:ETH-USD-PERP"]
        assert closed.lifecycle.state == "closed"
        assert closed.id not in rows(await portfolio.positions("c"))
        kraken = await portfolio.positions("c", venues=("kraken",))
        assert [one.id for one in kraken.positions] == ["kraken:fiat:USD", "kraken:crypto:BTC"]
        assert kraken.totals.nav_usd_1e9 == sum(
            one.current_value_usd_1e9 or 0 for one in kraken.positions
        )
        coins = await portfolio.positions("c", kinds=(Kind.CRYPTO,))
        assert list(rows(coins)) == ["kraken:crypto:BTC"]
        perps = await portfolio.positions("c", kinds=(Kind.PERP,))
        assert perps.positions == ()
        assert perps.totals.realized_pnl_usd_1e9 == closed.realized_pnl_usd_1e9 != 0
        summary = await portfolio.summary("c")
        assert (summary.counts["crypto"], summary.counts["perp"]) == (1, 0)

    asyncio.run(with_portfolio(work))


def test_resting_orders_lock_what_they_hold_and_nobody_elses() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2_300, "venue": "kraken"}
        run = await engine.submit(order, client_id="c")
        assert run.accepted, run.text
        for _ in range(500):
            found = rows(await portfolio.positions("c"))["kraken:fiat:USD"]
            if found.locked_qty_1e8:
                break
            await asyncio.sleep(0.01)
        # One at 2,300 and its fee of 12 bps.
        assert found.locked_qty_1e8 == round(2_302.76 * ONE)
        assert found.available_qty_1e8 == found.qty_1e8 - found.locked_qty_1e8
        other = rows(await portfolio.positions("other"))["kraken:fiat:USD"]
        assert other.locked_qty_1e8 == 0
        limits = await portfolio.risk_limits("c")
        assert limits.usage.open_orders == 1
        assert limits.usage.open_notional_usd_1e9 >= 2_300 * USD
        assert limits.usage.max_over_exposure_usd_1e9 == 0
        await engine.cancel(run.graph_id, client_id="c")
        await run.done(timeout_s=30)
        assert rows(await portfolio.positions("c"))["kraken:fiat:USD"].locked_qty_1e8 == 0

    asyncio.run(with_portfolio(work))


def test_positions_seeds_and_balances_survive_a_restart(tmp_path: Path) -> None:
    config = config_of(tmp_path)

    async def first(engine: ExecutionEngine, portfolio: Portfolio) -> list[Positions]:
        await buy(engine, "ETH-USD", 2, client_id="c")
        await buy(engine, SLUG, 20, client_id="c", side="sell")
        seeds = request(
            row("kraken", Kind.CRYPTO, "SOL", "5", "100"),
            row("hyperliquid", Kind.PERP, "BTC-PERP", "-0.5", "60000"),
            row("binance", Kind.FIAT, "USD", "123.45"),
            row("polymarket", Kind.EVENT_CONTRACT, f"{WON}:NO", "7", "0.4"),
        )
        assert (await portfolio.seed("c", seeds)).written == 4
        await buy(engine, "ETH-USD", 1, client_id="c", side="sell")
        await buy(engine, "BTC-USD-PERP", 0.1, client_id="d")
        await portfolio.redeem("c", "polymarket", WON)
        portfolio.change_settings("d", SettingsRequest(default_quote_balance_usd=5))
        assert (await portfolio.sync("c")).differences == ()
        return [await portfolio.positions(client, include_closed=True) for client in "cd"]

    async def second(engine: ExecutionEngine, portfolio: Portfolio) -> list[Positions]:
        assert portfolio.settings("d").default_quote_balance_usd == 5
        assert (await portfolio.sync("c")).differences == ()
        return [await portfolio.positions(client, include_closed=True) for client in "cd"]

    def booked(found: Positions) -> list[PositionRow]:
        gone = {"current_price_usd_1e9", "current_value_usd_1e9", "unrealized_pnl_usd_1e9"}
        return [msgspec.structs.replace(one, **dict.fromkeys(gone)) for one in found.positions]

    before = asyncio.run(with_portfolio(first, config))
    after = asyncio.run(with_portfolio(second, config))
    for one, other in zip(before, after, strict=True):
        assert booked(one) == booked(other)
        check_totals(other)
    mine = rows(before[0])
    assert held(before[0], "ETH") == ONE
    assert mine["kraken:crypto:SOL"].entry_price_usd_1e9 == 100 * USD
    assert mine["hyperliquid:perp:BTC-USD-PERP"].qty_1e8 == -ONE // 2
    assert mine[f"kalshi:event_contract:{SLUG}:NO"].qty_1e8 == 20 * ONE
    assert held(before[1], "BTC-USD-PERP") == ONE // 10


def test_a_no_position_is_worth_one_less_p_and_is_paid_for() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        start = (await portfolio.positions("c")).totals.cash_usd_1e9
        await buy(engine, SLUG, 10, client_id="c", side="sell")
        found = await portfolio.positions("c")
        no = rows(found)[f"kalshi:event_contract:{SLUG}:NO"]
        mid = engine.world.markets[SLUG].mid_x2()
        assert mid is not None
        assert abs(no.current_price_usd_1e9 - (USD - mid // 2)) <= USD // 20
        assert no.lifecycle.state == "active"
        paid = start - found.totals.cash_usd_1e9
        assert abs(paid - 10 * no.entry_price_usd_1e9 - no.fees_usd_1e9) <= 10
        assert 10 * no.entry_price_usd_1e9 > 8 * USD
        check_totals(found)

    asyncio.run(with_portfolio(work, config_of()))


def test_a_resolved_position_is_shown_then_paid_out_once() -> None:
    market = next(one for one in EVENT_MARKETS if one.slug == WON)

    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        await portfolio.seed(
            "c", request(row("polymarket", Kind.EVENT_CONTRACT, market.yes_token_id, "8", "0.6"))
        )
        key = f"polymarket:event_contract:{market.yes_token_id}"
        found = await portfolio.positions("c")
        resolved = rows(found)[key]
        assert (resolved.lifecycle.state, resolved.settled) == ("resolved", True)
        assert (resolved.settled_mark_usd_1e9, resolved.current_value_usd_1e9) == (USD, 8 * USD)
        paid = await portfolio.redeem("c", "polymarket", WON)
        assert (paid.qty_1e8, paid.paid_usd_1e9) == (8 * ONE, 8 * USD)
        again = await portfolio.redeem("c", "polymarket", WON)
        assert (again.qty_1e8, again.paid_usd_1e9) == (0, 0)
        after = await portfolio.positions("c", include_closed=True)
        assert rows(after)[key].lifecycle.state == "redeemed"
        assert rows(after)[key].realized_pnl_usd_1e9 == 8 * USD * 4 // 10
        assert after.totals.nav_usd_1e9 == found.totals.nav_usd_1e9
        assert key not in rows(await portfolio.positions("c"))
        with pytest.raises(ApiError, match="not resolved"):
            await portfolio.redeem("c", "kalshi", SLUG)
        with pytest.raises(ApiError, match="payoff"):
            await portfolio.redeem("c", "kalshi", SLUG, USD + 1)

    asyncio.run(with_portfolio(work, config_of()))


def test_replace_and_reset_start_over() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        fresh = (await portfolio.positions("c")).positions
        await buy(engine, "ETH-USD", 1, client_id="c", venue="kraken")
        await portfolio.seed("c", request(row("binance", Kind.CRYPTO, "BTC", "2")))
        seeds = request(row("binance", Kind.CRYPTO, "ETH", "1"), replace=True)
        receipt = await portfolio.seed("c", seeds)
        assert (receipt.written, receipt.deleted) == (1, 2)
        found = await portfolio.positions("c")
        assert held(found, "ETH") == ONE
        assert held(found, "BTC") == 0
        assert rows(found)["kraken:fiat:USD"].current_value_usd_1e9 == SEED_BALANCE_1E9
        assert (await portfolio.sync("c")).differences == ()
        portfolio.change_settings("c", SettingsRequest(default_quote_balance_usd=500))
        reset = await portfolio.reset("c")
        assert (reset.deleted, reset.balance_usd) == (1, 500)
        after = await portfolio.positions("c")
        assert [one.id for one in after.positions] == [one.id for one in fresh]
        assert {one.current_value_usd_1e9 for one in after.positions} == {500 * USD}
        exchange = next(one for one in engine.sandbox_venues if one.profile.name == "kraken")
        assert exchange.exchange.account.balance("USD") == 500 * USD
        assert exchange.exchange.account.position("ETH-USD").qty_1e8 == 0

    asyncio.run(with_portfolio(work))


def test_sync_tells_what_differs() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        kraken = next(one for one in engine.sandbox_venues if one.profile.name == "kraken")
        kraken.exchange.account.position("ETH-USD").qty_1e8 += 7
        (found,) = (await portfolio.sync("c")).differences
        assert (found.venue, found.symbol, found.difference_1e8) == ("kraken", "ETH-USD", 7)
        assert not found.open_orders

    asyncio.run(with_portfolio(work))


def test_settings_that_cannot_change_are_refused() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        same = SettingsRequest(seed=3, default_quote_balance_usd=7)
        assert portfolio.change_settings("c", same).default_quote_balance_usd == 7
        with pytest.raises(ApiError, match="latency_scale") as refused:
            portfolio.change_settings("c", SettingsRequest(latency_scale=2.0))
        assert refused.value.code is ErrorCode.VALIDATION_ERROR
        assert [name for name, _ in refused.value.details] == ["latency_scale"]
        too_much = request(*(row("kraken", Kind.CRYPTO, one, "900000") for one in ("BTC",)))
        with pytest.raises(ApiError, match="billion"):
            await portfolio.seed("c", too_much)

    asyncio.run(with_portfolio(work))


def test_live_balances_are_never_made_up() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        engine.environment = Environment.LIVE
        for asked in (portfolio.positions, portfolio.summary):
            with pytest.raises(ApiError, match="live balances") as refused:
                await asked("c")
            assert refused.value.code is ErrorCode.NOT_IMPLEMENTED

    asyncio.run(with_portfolio(work))


def test_venues_elsewhere_cannot_be_asked() -> None:
    async def work(engine: ExecutionEngine, portfolio: Portfolio) -> None:
        engine.sandbox_venues = ()
        lone = Portfolio(engine)
        try:
            with pytest.raises(ApiError, match="cannot be asked") as refused:
                await lone.sync("c")
            assert refused.value.code is ErrorCode.NOT_IMPLEMENTED
        finally:
            lone.close()

    asyncio.run(with_portfolio(work))
