"""Cases of the published client: market data, prediction markets, pre-trade discovery."""

from __future__ import annotations

from itertools import pairwise

from tests.support.published import Cases, Published, has, refused

__all__ = ["MARKET"]

MARKET = Cases()
VENUES = {"binance", "coinbase", "kraken"}
SOURCES = ("edge_nbbo", "edge_rpc_snapshot", "venue_public_api", "unavailable")
MARKET_ROW = [
    "slug",
    "question",
    "outcomes",
    "outcome_token_ids",
    "yes_token_id",
    "no_token_id",
    "event_id",
    "volume_24h",
    "volume_total",
    "best_yes_bid",
    "best_yes_ask",
    "best_no_bid",
    "best_no_ask",
    "spread_pct",
    "end_date",
    "url",
    "start_date",
    "symbol",
    "neg_risk",
    "venue",
]
SETTLEMENT = [
    "slug",
    "question",
    "yes_token_id",
    "no_token_id",
    "condition_id",
    "neg_risk",
    "status",
    "resolved_outcome",
    "outcome_source",
    "yes_price",
    "no_price",
    "event_start_s",
    "event_end_s",
    "resolution_source",
    "underlying",
]
EVENT = "next-mayor-of-rivermouth"


@MARKET.case
def health(world: Published) -> None:
    assert world.seq.health() is True


@MARKET.case
def quote(world: Published) -> None:
    found = world.seq.quote("BTC-USD", depth=3)
    assert found["symbol"] == "BTC-USD"
    assert found["source"] == "edge_nbbo"
    best = found["nbbo"]
    assert best["bid"] < best["mid"] < best["ask"] or best["spread_bps"] <= 0
    assert 30_000 < best["mid"] < 130_000
    assert set(found["venues"]) == VENUES
    for one in found["venues"].values():
        assert 0 < one["bid"] < one["ask"]
        assert one["bid_size"] > 0 and one["ask_size"] > 0 and one["age_ms"] >= 0
    bids, asks = found["book"]["bids"], found["book"]["asks"]
    assert len(bids) == len(asks) == 3
    assert bids == sorted(bids, key=lambda level: -level[0]) and asks == sorted(asks)
    token = world.seq.market("fed-cut-next-meeting")["yes_token_id"]
    outcome = world.seq.quote(token, nowait=True)
    assert outcome["source"] in SOURCES
    assert 0 < outcome["nbbo"]["bid"] < outcome["nbbo"]["ask"] < 1
    refused(404, lambda: world.seq.quote("NO-SUCH"))


@MARKET.case
def quotes(world: Published) -> None:
    found = world.seq.quotes(["BTC-USD", "ETH-USD-PERP"])["quotes"]
    assert [one["symbol"] for one in found] == ["BTC-USD", "ETH-USD-PERP"]
    for one in found:
        has(one["nbbo"], "bid", "ask", "mid", "spread_bps")
        assert one["venues"]


@MARKET.case
def quotes_batch(world: Published) -> None:
    asked = ["BTC-USD", "NO-SUCH", "KXBTCZ-26DEC31-T70000"]
    found = world.seq.quotes_batch(asked, depth=2)
    assert found["count"] == 3 and found["elapsed_ms"] >= 0
    good, bad, event = found["quotes"]
    assert [one["symbol"] for one in found["quotes"]] == asked
    assert "error" not in good and len(good["book"]["bids"]) == 2
    assert bad["error"] and "nbbo" not in bad
    assert "error" not in event and 0 < event["nbbo"]["mid"] < 1
    has(good, "symbol", "source", "nbbo", "venues", "book")


@MARKET.case
def symbols(world: Published) -> None:
    found = world.seq.symbols()
    assert isinstance(found, list)
    assert {"BTC-USD", "ETH-USD", "SOL-USD", "ETH-USD-PERP"} <= {one["symbol"] for one in found}


@MARKET.case
def price_history(world: Published) -> None:
    world.filled("ETH-USD", 2.0)
    bars = world.until(
        lambda: world.seq.price_history("ETH-USD", range="1h", fidelity_secs=60),
        lambda found: bool(found["points"]),
    )
    has(bars["points"][0], "ts_ns", "price_1e9")
    prints = world.seq.price_history("ETH-USD", fidelity_secs=0, limit=5)["points"]
    assert 0 < len(prints) <= 5
    for one in prints:
        assert one["qty_1e8"] > 0 and one["side"] in ("buy", "sell")
        assert one["venue_id"] is not None and one["price_1e9"] > 0
    stamps = [one["ts_ns"] for one in prints]
    assert stamps == sorted(stamps)


@MARKET.case
def funding_history(world: Published) -> None:
    found = world.seq.funding_history("ETH-USD-PERP", "hyperliquid", "1d")
    assert found["symbol"] == "ETH-USD-PERP" and found["venue"] == "hyperliquid"
    assert found["count"] == len(found["points"])
    for one in found["points"]:
        has(one, "ts_ns", "rate_1e9")
    refused(400, lambda: world.seq.funding_history("ETH-USD", "binance"))


@MARKET.case
def funding_rates(world: Published) -> None:
    found = world.seq.funding_rates()
    assert found["unit"] == "bps_per_hour"
    assert {one["symbol"] for one in found["rates"]} >= {"BTC-USD-PERP", "ETH-USD-PERP"}
    for one in found["rates"]:
        assert one["venue"] == "hyperliquid" and one["mark_price_1e9"] > 0
        has(one, "rate_bps_per_hour", "predicted_rate_bps_per_hour", "open_interest_1e8")
        has(one, "next_settlement_ns", "snapshot_age_ms")


@MARKET.case
def funding_rate(world: Published) -> None:
    found = world.seq.funding_rate("hyperliquid", "ETH-USD-PERP")
    assert found["symbol"] == "ETH-USD-PERP"
    assert world.seq.funding_rate("binance", "ETH-USD-PERP") is None


@MARKET.case
def markets(world: Published) -> None:
    page = world.seq.markets(limit=5)
    assert page["venue"] == "polymarket" and page["count"] == len(page["markets"]) == 5
    assert page["has_more"] is True and page["next_cursor"]
    for row in page["markets"]:
        has(row, *MARKET_ROW)
        assert row["venue"] == "polymarket"
        assert row["outcome_token_ids"] == [row["yes_token_id"], row["no_token_id"]]
        assert row["yes_token_id"].isdigit() and len(row["yes_token_id"]) >= 60
    more = world.seq.markets(limit=5, cursor=page["next_cursor"])
    assert not {row["slug"] for row in more["markets"]} & {row["slug"] for row in page["markets"]}
    (one,) = world.seq.markets(slug="fed-cut-next-meeting")["markets"]
    assert one["question"] == "Does the Fed cut at its next meeting?"
    assert all(
        "bitcoin" in str(row).lower() for row in world.seq.markets("kalshi", q="bitcoin")["markets"]
    )
    outcomes = world.seq.markets(slug=EVENT, expand="outcomes", limit=100)["markets"]
    assert {"Ada Fenwick", "Tomas Okoro"} <= {row["outcome_name"] for row in outcomes}
    for row in outcomes:
        has(row, "symbol", "parent_event_id", "outcome_name", "raw_outcome_name")
        has(row, "is_placeholder_outcome", "outcome_index", "parent_slug")
    placeholders = [row["is_placeholder_outcome"] for row in outcomes]
    assert placeholders == sorted(placeholders) and any(placeholders)


@MARKET.case
def iter_markets(world: Published) -> None:
    slugs = [row["slug"] for row in world.seq.iter_markets(page_size=7)]
    assert len(slugs) == len(set(slugs)) >= 20
    kalshi = list(world.seq.iter_markets(venue="kalshi"))
    assert len(kalshi) >= 10 and all(row["venue"] == "kalshi" for row in kalshi)


@MARKET.case
def market(world: Published) -> None:
    by_slug = world.seq.market("fed-cut-next-meeting")
    assert by_slug["slug"] == "fed-cut-next-meeting"
    assert world.seq.market(by_slug["yes_token_id"])["slug"] == by_slug["slug"]
    ticker = "KXBTCZ-26DEC31-T70000"
    assert world.seq.market(f"{ticker}:YES", venue="kalshi")["slug"] == ticker
    assert world.seq.market(ticker, venue="kalshi")["slug"] == ticker
    assert world.seq.market("no-such-market") is None


@MARKET.case
def search_markets(world: Published) -> None:
    found = world.seq.search_markets("MAYOR of", limit=2)
    assert 1 <= found["count"] == len(found["markets"]) <= 2
    assert all("mayor of" in row["question"] for row in found["markets"])


@MARKET.case
def settlement(world: Published) -> None:
    resolved = world.seq.settlement("btc-updown-yesterday")
    has(resolved, *SETTLEMENT)
    assert resolved["status"] == "resolved" and resolved["resolved_outcome"] == "Up"
    assert resolved["yes_price"] == 1 and resolved["no_price"] == 0
    still = world.seq.settlement("btc-updown-today", underlying=True)
    assert still["status"] == "open" and still["resolved_outcome"] is None
    assert still["condition_id"].startswith("0x")
    refused(404, lambda: world.seq.settlement("no-such-market"))


@MARKET.case
def polymarket_rewards(world: Published) -> None:
    found = world.seq.polymarket_rewards()
    rows = found if isinstance(found, list) else found["rewards"]
    for row in rows:
        has(row, "token_id", "condition_id", "rewards_min_size", "rewards_max_spread")
        has(row, "rate_per_day_usdc", "current_spread", "reward_end_unix_s")
        assert world.seq.polymarket_rewards(row["token_id"])["token_id"] == row["token_id"]
    refused(404, lambda: world.seq.polymarket_rewards("1" * 77))


@MARKET.case
def edges(world: Published) -> None:
    found = world.seq.edges()
    rows = found if isinstance(found, list) else found["edges"]
    assert VENUES | {"hyperliquid", "polymarket", "kalshi"} <= {row["venue"] for row in rows}
    assert all(row["connected"] for row in rows)


@MARKET.case
def fees(world: Published) -> None:
    found = world.seq.fees("BTC-USD")
    assert found["ticker"] == "BTC-USD"
    assert {row["venue"] for row in found["fees"]} >= VENUES
    for row in found["fees"]:
        has(row, "maker_bps", "taker_bps")
    (only,) = world.seq.fees("BTC-USD", venues=["kraken"])["fees"]
    assert only["venue"] == "kraken" and only["taker_bps"] > only["maker_bps"] >= 0
    rows = world.seq.fees("fed-cut-next-meeting")["fees"]
    event = next(row for row in rows if row["venue"] == "polymarket")
    # rate x (1 - p) at p = 1/2, of the 5 % that economics markets charge takers.
    assert event["taker_bps"] == 250 and event["maker_bps"] == 0


@MARKET.case
def preview(world: Published) -> None:
    before = world.seq.orders(limit=1)["total"]
    found = world.seq.preview("ETH-USD", "buy", 10.0)
    assert found["symbol"] == "ETH-USD" and found["side"] == "buy"
    assert found["estimated_fee_usd"] > 0 and found["estimated_total_cost_usd"] > 0
    assert found["estimated_slippage_bps"] >= 0 and found["qty_1e8"] == 10 * 10**8
    assert found["estimated_total_cost_usd"] >= found["estimated_fee_usd"]
    assert {row["venue"] for row in found["candidate_venues"]} >= VENUES
    assert world.seq.orders(limit=1)["total"] == before


@MARKET.case
def depth(world: Published) -> None:
    found = world.seq.depth("ETH-USD")
    assert found["symbol"] == "ETH-USD"
    bids, asks = found["bids"], found["asks"]
    assert bids and asks and {row["venue"] for row in asks} == VENUES
    assert [row["price"] for row in asks] == sorted(row["price"] for row in asks)
    assert [row["price"] for row in bids] == sorted((row["price"] for row in bids), reverse=True)


@MARKET.case
def slippage(world: Published) -> None:
    found = world.seq.slippage("ETH-USD", "sell")
    assert found["side"] == "sell"
    assert [row["size_usd"] for row in found["curve"]] == [1_000, 10_000, 100_000, 1_000_000]
    costs = [row["slippage_bps"] for row in found["curve"] if row["complete"]]
    # Sizes are rounded to lots, so two that fit the first level may differ by a hair.
    assert costs and all(b > a - 0.01 for a, b in pairwise(costs))


@MARKET.case
def routing(world: Published) -> None:
    found = world.seq.routing("ETH-USD", "buy", 50.0)
    legs = found["legs"]
    assert len(legs) > 1 and {leg["venue"] for leg in legs} <= VENUES
    assert sum(leg["qty_1e8"] for leg in legs) == 50 * 10**8
    assert found["est_cost_bps"] > 0


@MARKET.case
def intel(world: Published) -> None:
    found = world.seq.intel("ETH-USD")
    assert {row["venue"] for row in found["venues"]} == VENUES
