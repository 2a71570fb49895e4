"""execgraph: an embeddable execution engine in which every order is an execution graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import (
    CaptureError,
    ConfigError,
    EngineError,
    GraphError,
    JournalError,
    Reason,
)
from engine.model.graph import (
    Execution,
    FixedAmount,
    Graph,
    GraphStatus,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    NodeStatus,
    Policy,
    Quantity,
    SimpleOrder,
    Urgency,
)
from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8

if TYPE_CHECKING:
    from engine.service.config import EngineConfig as EngineConfig
    from engine.service.engine import ExecutionEngine as ExecutionEngine
    from engine.service.intelligence.board import Intelligence as Intelligence

__all__ = [
    "CaptureError",
    "ConfigError",
    "EngineConfig",
    "EngineError",
    "Execution",
    "ExecutionEngine",
    "FixedAmount",
    "Graph",
    "GraphError",
    "GraphStatus",
    "Intelligence",
    "JournalError",
    "LimitOrder",
    "LimitPrice",
    "Node",
    "NodeInstrument",
    "NodeStatus",
    "Policy",
    "Quantity",
    "Reason",
    "Side",
    "SimpleOrder",
    "TimeInForce",
    "Urgency",
    "price_1e9",
    "qty_1e8",
]


def __getattr__(name: str) -> Any:
    """The roof, imported when first asked for: it stands above everything else here."""
    if name == "ExecutionEngine":
        from engine.service.engine import ExecutionEngine

        return ExecutionEngine
    if name == "EngineConfig":
        from engine.service.config import EngineConfig

        return EngineConfig
    if name == "Intelligence":
        from engine.service.intelligence.board import Intelligence

        return Intelligence
    raise AttributeError(f"module 'engine' has no attribute {name!r}")
