"""The allowance that exits of one position share: together they never sell more than there is.

Exits that reduce one another (OCO, bracket) are one group. Each member writes only its own cells
and reads the others', so what one has out is at once what another may not send.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.decisions.edges import EdgePlan
from engine.model.graph import EdgeAction

__all__ = ["Allowance", "allowance_groups"]


class Allowance:
    """Cells by member: `exposed` is filled, working, unknown and on its way; `wanted` its target.

    `rank` orders claims: the member that was activated last comes first (a stop that triggers
    goes before the take-profit that rests). 0 means that it does not work.
    """

    __slots__ = ("exposed", "last_rank", "members", "rank", "wanted")

    def __init__(self, members: Sequence[int]) -> None:
        self.members = tuple(members)
        self.exposed = dict.fromkeys(members, 0)
        self.wanted = dict.fromkeys(members, 0)
        self.rank = dict.fromkeys(members, 0)
        self.last_rank = 0

    def claim(self, member: int) -> None:
        """The member starts to work; it goes before those that worked already."""
        if not self.rank[member]:
            self.last_rank += 1
            self.rank[member] = self.last_rank

    def restore(self, member: int, started_ns: int, exposed_1e8: int, wanted_1e8: int) -> None:
        """Where the member stood before a restart; the later it had started the higher it ranks."""
        self.exposed[member], self.wanted[member] = exposed_1e8, wanted_1e8
        self.rank[member] = started_ns
        self.last_rank = max(self.last_rank, started_ns)

    def leave(self, member: int) -> None:
        """The member has ended; what it filled stays counted."""
        self.rank[member] = 0

    def free_1e8(self, member: int, allowed_1e8: int) -> int:
        """What the member may have out in all, filled included."""
        rank = self.rank[member]
        others = 0
        for other in self.members:
            if other != member:
                exposed = self.exposed[other]
                ahead = self.rank[other] > rank
                others += max(exposed, self.wanted[other]) if ahead else exposed
        return max(0, allowed_1e8 - others)

    def below(self, member: int) -> list[int]:
        """Members that have to yield to this one."""
        rank = self.rank[member]
        return [one for one in self.members if one != member and 0 < self.rank[one] < rank]


def allowance_groups(plans: Sequence[Sequence[EdgePlan]]) -> list[tuple[int, ...]]:
    """Groups of nodes that reduce one another, directly or through others; sorted members."""
    pairs = {
        (plan.source, plan.target)
        for incoming in plans
        for plan in incoming
        if plan.action is EdgeAction.REDUCE
    }
    group_of: dict[int, set[int]] = {}
    for source, target in sorted(pairs):
        if (target, source) in pairs:
            merged = group_of.get(source, {source}) | group_of.get(target, {target})
            for member in sorted(merged):
                group_of[member] = merged
    found: list[tuple[int, ...]] = []
    for member in sorted(group_of):
        group = tuple(sorted(group_of[member]))
        if group not in found:
            found.append(group)
    return found
