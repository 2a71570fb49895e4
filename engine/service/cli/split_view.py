"""The split of a running order, venue by venue: a live table on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

from engine.model.records import ChildrenIntended, DecisionRecord, FillRecord, RecordPayload
from engine.model.units import Side, average_price_1e9, format_price, format_qty

__all__ = ["SplitView"]

BAR = 24


class Leg:
    """What one venue was sent on one side, what was sent again included, and has filled."""

    __slots__ = ("filled_1e8", "limit_1e9", "paid", "planned_1e8")

    def __init__(self) -> None:
        self.planned_1e8 = 0
        self.filled_1e8 = 0
        self.limit_1e9 = 0
        self.paid = 0


class SplitView:
    """Takes a graph's journal payloads and shows them; `fills` and `decision` stay readable."""

    def __init__(self) -> None:
        self.fills: list[FillRecord] = []
        self.decision: DecisionRecord | None = None
        # One a venue and side: what an exit sold is not averaged with what the entry bought.
        self.legs: dict[tuple[str, Side], Leg] = {}
        self.live: Any = None

    def __enter__(self) -> Self:
        if sys.stdout.isatty():
            from rich.live import Live

            self.live = Live(self.table(), refresh_per_second=20)
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.update(self.table(), refresh=True)
            self.live.stop()
            return
        for (venue, side), leg in self.legs.items():
            print(f"  {venue:<11} {side.text:<4} {self.row(leg)}")

    def take(self, payload: RecordPayload) -> None:
        """One entry of the graph."""
        if isinstance(payload, DecisionRecord):
            self.decision = self.decision or payload
        elif isinstance(payload, ChildrenIntended):
            for child in payload.children:
                leg = self.legs.setdefault((child.venue, child.side), Leg())
                leg.planned_1e8 += child.qty_1e8
                worst = min if child.side is Side.SELL else max
                leg.limit_1e9 = worst(leg.limit_1e9 or child.limit_price_1e9, child.limit_price_1e9)
        elif isinstance(payload, FillRecord):
            self.fills.append(payload)
            leg = self.legs.setdefault((payload.venue, payload.side), Leg())
            leg.filled_1e8 += payload.qty_1e8
            leg.paid += payload.price_1e9 * payload.qty_1e8
        if self.live is not None:
            self.live.update(self.table())

    def row(self, leg: Leg) -> str:
        """One venue in words."""
        average = self.average(leg)
        return (
            f"{format_qty(leg.filled_1e8):>14} of {format_qty(leg.planned_1e8):<14} "
            f"at {average:<16} worst limit {format_price(leg.limit_1e9)}"
        )

    def average(self, leg: Leg) -> str:
        """What it paid a unit; a dash before the first fill."""
        if not leg.filled_1e8:
            return "-"
        return format_price(average_price_1e9(leg.paid, leg.filled_1e8))

    def table(self) -> Any:
        """The rich table of all venues."""
        from rich.table import Table

        table = Table(title="split", title_justify="left")
        for name in ("venue", "filled", "sent", "average", "worst limit", ""):
            table.add_column(name, justify="left" if name in ("venue", "") else "right")
        for (venue, side), leg in self.legs.items():
            done = BAR * leg.filled_1e8 // leg.planned_1e8 if leg.planned_1e8 else 0
            table.add_row(
                f"{venue} {side.text}",
                format_qty(leg.filled_1e8),
                format_qty(leg.planned_1e8),
                self.average(leg),
                format_price(leg.limit_1e9),
                "█" * done + "░" * (BAR - done),
            )
        return table
