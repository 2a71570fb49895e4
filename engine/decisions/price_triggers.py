"""Price thresholds of one market, sorted, so that a move pops what it crosses and nothing else.

Thresholds and prices are twice the price in 1e-9, so that the mid's half ticks stay exact. An
entry is one integer (threshold, owner, edge packed), since a hundred thousand may wait.
"""

from __future__ import annotations

from sortedcontainers import SortedList

from engine.decisions.market import INT64_MAX, INT64_MIN

__all__ = ["Crossed", "PriceTriggers"]

EDGE_BITS = 16
OWNER_BITS = 48
KEY_BITS = EDGE_BITS + OWNER_BITS
KEY_MASK = (1 << KEY_BITS) - 1
EDGE_MASK = (1 << EDGE_BITS) - 1

Crossed = tuple[int, int, int]


class PriceTriggers:
    """At most one trigger an owner and edge; `above` fires at or over, `below` at or under.

    About 180 bytes each. `low_x2` and `high_x2` are the nearest thresholds: a price strictly
    between them fires nothing.
    """

    __slots__ = ("_above", "_below", "_max", "_where", "high_x2", "low_x2")

    def __init__(self, triggers_max: int) -> None:
        self._max = triggers_max
        self._above: SortedList[int] = SortedList()
        self._below: SortedList[int] = SortedList()
        # By owner and edge: the entry, negative for one that waits below.
        self._where: dict[int, int] = {}
        self.low_x2 = INT64_MIN
        self.high_x2 = INT64_MAX

    def __len__(self) -> int:
        return len(self._where)

    def arm(self, owner_id: int, edge_index: int, above: bool, price_x2: int) -> bool:
        """Set a trigger, replacing an earlier one of that owner and edge; False: no room."""
        self.disarm(owner_id, edge_index)
        if len(self._where) >= self._max:
            return False
        key = (owner_id << EDGE_BITS) | edge_index
        entry = (price_x2 << KEY_BITS) | key
        if above:
            self._above.add(entry)
            self._where[key] = entry
            if price_x2 < self.high_x2:
                self.high_x2 = price_x2
        else:
            self._below.add(entry)
            self._where[key] = -entry
            if price_x2 > self.low_x2:
                self.low_x2 = price_x2
        return True

    def disarm(self, owner_id: int, edge_index: int) -> bool:
        """Forget a trigger; whether there was one."""
        entry = self._where.pop((owner_id << EDGE_BITS) | edge_index, None)
        if entry is None:
            return False
        if entry < 0:
            self._below.remove(-entry)
        else:
            self._above.remove(entry)
        self._publish()
        return True

    def crossed(self, price_x2: int) -> list[Crossed]:
        """(owner, edge, threshold) of all that this price reaches; they are spent."""
        found: list[Crossed] = []
        if price_x2 < self.high_x2 and price_x2 > self.low_x2:
            return found
        above, below, where = self._above, self._below, self._where
        while above and above[0] >> KEY_BITS <= price_x2:
            found.append(self._unpack(above.pop(0)))
        while below and below[-1] >> KEY_BITS >= price_x2:
            found.append(self._unpack(below.pop()))
        for owner_id, edge_index, _ in found:
            del where[(owner_id << EDGE_BITS) | edge_index]
        self._publish()
        return found

    def _unpack(self, entry: int) -> Crossed:
        key = entry & KEY_MASK
        return key >> EDGE_BITS, key & EDGE_MASK, entry >> KEY_BITS

    def _publish(self) -> None:
        above, below = self._above, self._below
        self.high_x2 = above[0] >> KEY_BITS if above else INT64_MAX
        self.low_x2 = below[-1] >> KEY_BITS if below else INT64_MIN
