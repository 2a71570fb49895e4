"""A store of forecasts that notes what each one could know."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from engine.intelligence.calibration import Calibration
from engine.service.intelligence.forecast_log import ForecastLog, ForecastRow, ScoredRow

__all__ = ["WatchedLog"]


class WatchedLog(ForecastLog):
    """`ended_ns` are the ends of outcomes as they were learned; `made` has, for each forecast,
    when it was made and how many outcomes had been learned by then."""

    def __init__(self) -> None:
        super().__init__()
        self.ended_ns: list[int] = []
        self.made: list[tuple[int, int]] = []

    def add(self, row: ForecastRow) -> bool:
        self.made.append((row.made_ns, len(self.ended_ns)))
        return super().add(row)

    def score(self, row: ScoredRow, calibration: Calibration) -> bool:
        self.ended_ns.append(row.ended_ns)
        return super().score(row, calibration)

    def assert_causal(self) -> None:
        """Each forecast knew what had ended as it was made, all of it and nothing else."""
        assert self.made
        assert self.ended_ns == sorted(self.ended_ns)
        for made_ns, known in self.made:
            first, last = bisect_left(self.ended_ns, made_ns), bisect_right(self.ended_ns, made_ns)
            assert first <= known <= last
