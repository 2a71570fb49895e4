"""Builders for tests of the simulated venues: listings, children, a decoded view of frames."""

from __future__ import annotations

import random
from typing import Any

import msgspec

from engine.model.fees import FeeSchedule
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.model.orders import ChildOrder, TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from venues.simulated.amend_frames import Amend
from venues.simulated.exchange import ExchangeConfig, SimulatedExchange
from venues.simulated.market_data import SessionFrame
from venues.simulated.protocol import Cancel, Place, Query, Subscribe, encode

FEED, TRADE = 1, 2
T0 = 1_700_000_000_000_000_000


def spot(symbol: str = "ETH-USD", venue: str = "test", **changes: Any) -> Listing:
    """ETH-USD with a cent tick, 0.001 lot, 10 USD minimum, 10/5 bps."""
    base, _, quote = symbol.partition("-")
    fields: dict[str, Any] = {
        "venue": venue,
        "venue_symbol": symbol,
        "instrument": Instrument(symbol=symbol, type=InstrumentType.SPOT, base=base, quote=quote),
        "venue_index": 0,
        "tick_1e9": price_1e9("0.01"),
        "lot_1e8": qty_1e8("0.001"),
        "qty_min_1e8": qty_1e8("0.01"),
        "notional_min_1e9": price_1e9("10"),
        "fees": FeeSchedule(taker_ppm=1_000, maker_ppm=500),
    }
    return Listing(**(fields | changes))


def perp(symbol: str = "ETH-USD-PERP", **changes: Any) -> Listing:
    """The same as a perp."""
    instrument = Instrument(symbol=symbol, type=InstrumentType.PERP, base="ETH", quote="USD")
    fields: dict[str, Any] = {"venue_symbol": symbol, "instrument": instrument}
    return spot(**(fields | changes))


def exchange_of(
    *listings: Listing, config: ExchangeConfig | None = None, seed: int = 1
) -> SimulatedExchange:
    """An exchange with one feed session (1) and one private session (2) connected."""
    exchange = SimulatedExchange("test", listings or (spot(),), random.Random(seed), config)
    exchange.connect(FEED, private=False)
    exchange.connect(TRADE, private=True)
    return exchange


def quote(
    exchange: SimulatedExchange, side: Side, qty: str, price: str, symbol: str = "ETH-USD"
) -> int:
    """A resting order of somebody else; its number."""
    return exchange.flow_place(symbol, side, qty_1e8(qty), price_1e9(price), T0)[0]


def ask(
    exchange: Any, request: Place | Cancel | Amend | Query | Subscribe, now_ns: int = T0
) -> list[dict[str, Any]]:
    """Send one request on the trade session; the frames, decoded."""
    session = FEED if isinstance(request, Subscribe) else TRADE
    return seen(exchange.on_request(session, encode(request), now_ns))


def place(client_id: str, side: str, qty: str, px: str | None, **changes: Any) -> Place:
    """A GTC place request for ETH-USD."""
    fields = {"sym": "ETH-USD", "tif": TimeInForce.GTC} | changes
    return Place(id=client_id, side=side, qty=qty, px=px, **fields)


def seen(frames: list[SessionFrame]) -> list[dict[str, Any]]:
    """Payloads as plain objects."""
    return [msgspec.json.decode(payload) for _, payload in frames]


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    """The tags of frames."""
    return [frame["ev"] for frame in frames]


def child(client_id: str = "xg1-2-3-4-5", **changes: Any) -> ChildOrder:
    """A child order for the spot listing."""
    fields: dict[str, Any] = {
        "client_order_id": client_id,
        "grant_id": 1,
        "owner_id": 9,
        "child_index": 0,
        "listing": spot(),
        "side": Side.BUY,
        "qty_1e8": qty_1e8("1.5"),
        "limit_price_1e9": price_1e9("2325.05"),
        "tif": TimeInForce.GTC,
    }
    return ChildOrder(**(fields | changes))
