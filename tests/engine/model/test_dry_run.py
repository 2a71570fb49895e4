"""The dry run's report as a host reads it: exact numbers, and JSON of them."""

from __future__ import annotations

import msgspec
import pytest

from engine.model.dry_run import DryRunReport, OneSided
from engine.model.graph_analysis import Finding, FindingKind, Severity

REPORT = DryRunReport(
    (Finding(next(iter(FindingKind)), Severity.WARNING, "nodes[1]", "a hedge without a fill"),),
    64_000 * 10**9 + 1,
    3,
    2,
    5,
    (OneSided("BTC", 2**62, 1, 7),),
)


def test_it_goes_through_json_unchanged() -> None:
    text = msgspec.json.encode(REPORT)
    assert msgspec.json.decode(text, type=DryRunReport) == REPORT


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        REPORT.gross_1e9 = 0  # type: ignore[misc]  # that is the test
