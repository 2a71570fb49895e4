"""The event contracts that the sandbox lists on polymarket and kalshi, as data.

Listings are for the YES side; NO at p is YES at 1 - p. Token and condition ids are derived from
the slug, so they are the same in every run.
"""

from __future__ import annotations

import hashlib

import msgspec

from engine.model.fees import FeeSchedule
from engine.model.instruments import Instrument, InstrumentType, Listing
from venues.simulated.order_flow import DepthProfile

__all__ = [
    "EVENT_DEPTH",
    "EVENT_MARKETS",
    "PLACEHOLDER_MARKETS",
    "EventMarket",
    "event_fees",
    "event_listing",
    "token_id",
]

CENT_1E9 = 10_000_000
CONTRACT_1E8 = 100_000_000
PAYOFF_1E9 = 1_000_000_000
POLYMARKET_RATES_PPM = {
    "crypto": 70_000,
    "sports": 30_000,
    "finance": 40_000,
    "politics": 40_000,
    "economics": 50_000,
    "weather": 50_000,
    "geopolitics": 0,
}
KALSHI_RATE_PPM = 70_000
EVENT_DEPTH = DepthProfile(
    levels=10,
    half_spread_1e9=CENT_1E9 // 2,
    step_1e9=CENT_1E9,
    qty_1e8=400 * CONTRACT_1E8,
    growth_ppm=100_000,
    widening_ppm=0,
    events_per_s=2,
    market_ppm=50_000,
)


class EventMarket(msgspec.Struct, frozen=True, gc=False):
    """One yes/no market. `yes_percent` is where its price starts; `closes_in_s` counts from the
    sandbox's start and is not positive for a resolved one, whose outcome is `resolved`. Markets
    of one `event` share it, and each asks about its `candidate`."""

    venue: str
    slug: str
    question: str
    category: str
    yes_percent: int
    closes_in_s: int
    resolved: str | None = None
    outcomes: tuple[str, str] = ("Yes", "No")
    event: str | None = None
    candidate: str | None = None

    @property
    def yes_token_id(self) -> str:
        return token_id(self.slug, "yes")

    @property
    def no_token_id(self) -> str:
        return token_id(self.slug, "no")

    @property
    def condition_id(self) -> str:
        return "0x" + hashlib.sha256(f"condition {self.slug}".encode()).hexdigest()

    @property
    def venue_symbol(self) -> str:
        """What orders name: the YES token on polymarket, the ticker on kalshi."""
        return self.yes_token_id if self.venue == "polymarket" else self.slug


def event_fees(market: EventMarket) -> FeeSchedule:
    """rate x contracts x p(1-p), makers free, rounded up as each venue's rules have it."""
    if market.venue == "kalshi":
        return FeeSchedule(taker_ppm=KALSHI_RATE_PPM, quadratic=True, rounding_1e9=100_000)
    rate = POLYMARKET_RATES_PPM[market.category]
    return FeeSchedule(taker_ppm=rate, quadratic=True, asset="USDC", rounding_1e9=10_000)


def event_listing(market: EventMarket, latency_ns: int) -> Listing:
    """The YES side as a listing; every market is an instrument of its own."""
    polymarket = market.venue == "polymarket"
    return Listing(
        venue=market.venue,
        venue_symbol=market.venue_symbol,
        instrument=Instrument(
            symbol=market.slug,
            type=InstrumentType.PREDICTION,
            base=market.slug,
            quote="USDC" if polymarket else "USD",
        ),
        venue_index=0,
        tick_1e9=CENT_1E9,
        lot_1e8=CONTRACT_1E8 // 100 if polymarket else CONTRACT_1E8,
        qty_min_1e8=5 * CONTRACT_1E8 if polymarket else CONTRACT_1E8,
        price_max_1e9=PAYOFF_1E9,
        fees=event_fees(market),
        latency_prior_ns=latency_ns,
    )


def token_id(slug: str, side: str) -> str:
    """77 decimal digits that stand for one outcome."""
    number = int.from_bytes(hashlib.sha256(f"{slug} {side}".encode()).digest())
    return str(10**76 + number % (9 * 10**76))


DAY = 86_400
UP_DOWN = ("Up", "Down")


def poly(
    slug: str,
    question: str,
    category: str,
    yes_percent: int,
    days: int,
    resolved: str | None = None,
    outcomes: tuple[str, str] = ("Yes", "No"),
) -> EventMarket:
    """A polymarket row."""
    return EventMarket(
        "polymarket", slug, question, category, yes_percent, days * DAY, resolved, outcomes
    )


def candidate(event: str, name: str, yes_percent: int, days: int) -> EventMarket:
    """One of the polymarket rows of an election."""
    slug = f"{event}-{name.lower().replace(' ', '-')}"
    return EventMarket(
        "polymarket",
        slug,
        f"Next mayor of Rivermouth: {name}?",
        "politics",
        yes_percent,
        days * DAY,
        event=event,
        candidate=name,
    )


def kalshi(ticker: str, question: str, category: str, yes_percent: int, days: int) -> EventMarket:
    """A kalshi row; its event is the ticker without the strike."""
    event = ticker.rpartition("-")[0] if ticker.count("-") > 1 else ticker
    return EventMarket("kalshi", ticker, question, category, yes_percent, days * DAY, event=event)


EVENT_MARKETS: tuple[EventMarket, ...] = (
    poly("btc-above-70k-year-end", "BTC above 70,000 at the year's end?", "crypto", 42, 120),
    poly("btc-above-100k-year-end", "BTC above 100,000 at the year's end?", "crypto", 9, 120),
    poly("eth-above-3000-year-end", "ETH above 3,000 at the year's end?", "crypto", 24, 120),
    poly("sol-above-200-year-end", "SOL above 200 at the year's end?", "crypto", 27, 120),
    poly("eth-flips-btc-fees", "Ethereum earns more fees than Bitcoin?", "crypto", 63, 60),
    poly("btc-updown-today", "BTC up or down today?", "crypto", 51, 1, None, UP_DOWN),
    poly("eth-updown-today", "ETH up or down today?", "crypto", 49, 1, None, UP_DOWN),
    poly("fed-cut-next-meeting", "Does the Fed cut at its next meeting?", "economics", 58, 40),
    poly("cpi-above-three", "US inflation above 3 % in the next print?", "economics", 35, 20),
    poly("recession-this-year", "US recession declared this year?", "economics", 14, 200),
    poly("sp500-record-this-month", "S&P 500 record close this month?", "finance", 66, 25),
    poly("gold-above-3000", "Gold above 3,000 at the month's end?", "finance", 47, 25),
    poly("oil-above-90", "Crude oil above 90 at the month's end?", "finance", 18, 25),
    poly("senate-majority-changes", "Does the Senate majority change?", "politics", 31, 300),
    poly("budget-passed-in-time", "Is the budget passed in time?", "politics", 54, 45),
    poly("early-election-called", "Is an early election called?", "politics", 12, 150),
    poly("home-team-wins-final", "Does the home team win the final?", "sports", 56, 9),
    poly("final-goes-to-overtime", "Does the final go to overtime?", "sports", 22, 9),
    poly("hottest-month-on-record", "Hottest month on record?", "weather", 40, 28),
    poly("ceasefire-signed", "Is the ceasefire signed this quarter?", "geopolitics", 29, 80),
    candidate("next-mayor-of-rivermouth", "Ada Fenwick", 46, 75),
    candidate("next-mayor-of-rivermouth", "Tomas Okoro", 33, 75),
    candidate("next-mayor-of-rivermouth", "Lena Maro", 13, 75),
    poly("btc-above-60k-last-month", "BTC above 60,000 last month?", "crypto", 99, -5, "Yes"),
    poly("rate-hike-last-meeting", "Did the Fed hike last time?", "economics", 1, -12, "No"),
    poly("btc-updown-yesterday", "BTC up or down yesterday?", "crypto", 99, -1, "Up", UP_DOWN),
    kalshi("KXBTCZ-26DEC31-T70000", "Bitcoin above 70,000?", "crypto", 41, 120),
    kalshi("KXBTCZ-26DEC31-T99000", "Bitcoin above 99,000?", "crypto", 10, 120),
    kalshi("KXETHZ-26DEC31-T3000", "Ether above 3,000?", "crypto", 25, 120),
    kalshi("KXSOLZ-26DEC31-T200", "Solana above 200?", "crypto", 26, 120),
    kalshi("KXFEDDECISION-26DEC-C25", "Fed cuts by 25 bps?", "economics", 55, 40),
    kalshi("KXCPIYOY-26NOV-T3.0", "Inflation above 3.0 %?", "economics", 36, 20),
    kalshi("KXRECSSNBER-26", "Recession this year?", "economics", 15, 200),
    kalshi("INXD-26DEC31-T6500", "S&P 500 above 6,500?", "finance", 45, 120),
    kalshi("NASDAQ100Y-26DEC31-T24000", "Nasdaq-100 above 24,000?", "finance", 38, 120),
    kalshi("KXHIGHNY-26DEC31-T45", "New York above 45 F?", "weather", 52, 120),
)
# In the catalogue only: slots of an event that nobody has taken yet have no book.
PLACEHOLDER_MARKETS: tuple[EventMarket, ...] = (
    candidate("next-mayor-of-rivermouth", "Person D", 1, 75),
    candidate("next-mayor-of-rivermouth", "Other", 4, 75),
)
