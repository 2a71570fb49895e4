"""The slow, obvious twin of the price triggers: it looks at every threshold each time."""

from __future__ import annotations

__all__ = ["SlowTriggers"]


class SlowTriggers:
    """Triggers by (owner, edge), as (above, threshold)."""

    def __init__(self, triggers_max: int) -> None:
        self.triggers_max = triggers_max
        self.waiting: dict[tuple[int, int], tuple[bool, int]] = {}

    def arm(self, owner_id: int, edge_index: int, above: bool, price_x2: int) -> bool:
        self.waiting.pop((owner_id, edge_index), None)
        if len(self.waiting) >= self.triggers_max:
            return False
        self.waiting[owner_id, edge_index] = above, price_x2
        return True

    def disarm(self, owner_id: int, edge_index: int) -> bool:
        return self.waiting.pop((owner_id, edge_index), None) is not None

    def crossed(self, price_x2: int) -> list[tuple[int, int, int]]:
        found = [
            (*key, threshold)
            for key, (above, threshold) in self.waiting.items()
            if (price_x2 >= threshold if above else price_x2 <= threshold)
        ]
        for owner_id, edge_index, _ in found:
            del self.waiting[owner_id, edge_index]
        return found

    def bounds(self, lowest: int, highest: int) -> tuple[int, int]:
        """The nearest threshold below and above, or what stands for none."""
        below = [threshold for above, threshold in self.waiting.values() if not above]
        over = [threshold for above, threshold in self.waiting.values() if above]
        return max(below, default=lowest), min(over, default=highest)
