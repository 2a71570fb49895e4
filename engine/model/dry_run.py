"""What a dry run answers: what is odd about a graph, and the most that it could ever do."""

from __future__ import annotations

import msgspec

from engine.model.graph_analysis import Finding

__all__ = ["DryRunReport", "OneSided"]


class OneSided(msgspec.Struct, frozen=True, gc=False):
    """Worst case of one underlying over all reachable states, in base units (1e-8)."""

    underlying: str
    long_qty_1e8: int
    short_qty_1e8: int
    worst_notional_1e9: int


class DryRunReport(msgspec.Struct, frozen=True, gc=False):
    """Money in 1e-9 USD. An upper bound: no state of the graph reaches beyond it.

    `larger_side_1e9` is all buys or all sells, whichever is more; admission limits act on it.
    """

    findings: tuple[Finding, ...]
    larger_side_1e9: int
    long_1e9: int
    short_1e9: int
    gross_1e9: int
    one_sided: tuple[OneSided, ...]
