"""What a caller asked for by a symbol: the engine's instrument, and which outcome of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from engine.decisions.admission import InstrumentHandle
from engine.decisions.market import MarketBlock
from engine.model.mirror import Resolved
from engine.service.api_error import ApiError, ErrorCode

__all__ = ["Asked", "Resolve", "not_listed", "plainly"]

Resolve = Callable[[str], Awaitable[Resolved]]


class Asked(msgspec.Struct, frozen=True):
    """A symbol as given and as resolved."""

    resolved: Resolved
    handle: InstrumentHandle

    @property
    def given(self) -> str:
        """As the caller wrote it."""
        return self.resolved.given

    @property
    def canonical(self) -> str:
        """The engine's own name of it."""
        return self.handle.symbol

    @property
    def mirrored(self) -> bool:
        """Whether it is the NO side, whose prices are 1 - p of the instrument's."""
        return self.resolved.mirrored

    @property
    def market(self) -> MarketBlock:
        """The instrument's books."""
        return self.handle.market


def plainly(given: str, handle: InstrumentHandle) -> Asked:
    """A symbol that is the engine's own, or an alias of it."""
    kind = handle.listings[0].instrument.type
    return Asked(Resolved(given=given, symbol=handle.symbol, type=kind), handle)


def not_listed(symbol: str) -> ApiError:
    """404 for what nobody lists here."""
    text = f"nothing is listed as {symbol[:100]!r}; look symbols up with GET /v1/symbols"
    return ApiError(ErrorCode.NOT_FOUND, text, [("symbol", text)])
