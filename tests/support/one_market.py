"""The service's pictures over one market made by hand, at the moment that its books are of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from engine.intelligence.picture import MarketPicture
from engine.service.config import EngineConfig
from engine.service.intelligence import pictures as pictures_module
from engine.service.intelligence.pictures import Pictures
from tests.support.markets import NOW_NS

__all__ = ["at_one_moment", "pictures_over"]


def at_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service look at its markets at NOW_NS."""
    monkeypatch.setattr(pictures_module, "time", SimpleNamespace(time_ns=lambda: NOW_NS))


def pictures_over(seen: MarketPicture) -> tuple[Pictures, str]:
    """Pictures of an engine that has this one market, and its symbol."""
    symbol = seen.market.instrument.symbol
    world = SimpleNamespace(
        symbols={symbol: SimpleNamespace(symbol=symbol)}, markets={symbol: seen.market}, feeds={}
    )
    engine: Any = SimpleNamespace(world=world, config=EngineConfig())
    made = Pictures(engine)
    made._made[symbol] = seen
    return made, symbol
