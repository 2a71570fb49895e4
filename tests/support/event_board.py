"""A stand-in for an engine of the sandbox: its instruments and books, without a cast or a clock."""

from __future__ import annotations

from types import SimpleNamespace

from engine.decisions.admission import InstrumentHandle
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.model.instruments import InstrumentType, Listing
from tests.support.markets import write_book
from venues.simulated.catalogue import SYMBOL_ALIASES, sandbox_listings

START_NS = 1_776_537_700 * 1_000_000_000
LEVEL_1E8 = 10_000_000_000
DEPTH = 16


class Clock:
    """Time that a test moves by hand."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def move(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1_000_000_000)


class StandIn:
    """`world` with markets, tapes and symbols; books are empty until `quote` fills one."""

    def __init__(self) -> None:
        groups: dict[str, list[Listing]] = {}
        for one in sandbox_listings():
            groups.setdefault(one.instrument.symbol, []).append(one)
        self.markets = {
            symbol: MarketBlock(group[0].instrument, group, DEPTH)
            for symbol, group in groups.items()
        }
        self.tapes = {
            symbol: MarketTape(market.instrument.type is InstrumentType.PREDICTION)
            for symbol, market in self.markets.items()
        }
        handles = {
            symbol: InstrumentHandle(symbol, market.listings, market, number)
            for number, (symbol, market) in enumerate(self.markets.items())
        }
        aliases = {alias: handles[symbol] for alias, symbol in SYMBOL_ALIASES.items()}
        self.symbols = {**handles, **aliases}
        self.world = SimpleNamespace(
            markets=self.markets, tapes=self.tapes, symbols=self.symbols, instruments=handles
        )

    def quote(self, symbol: str, bid_1e9: int, ask_1e9: int) -> None:
        """One level a side on the instrument's first venue."""
        write_book(self.markets[symbol], 0, [(bid_1e9, LEVEL_1E8)], [(ask_1e9, LEVEL_1E8)])
