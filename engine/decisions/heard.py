"""What a node has heard of its sources: mostly of one, so it costs no table until there are two."""

from __future__ import annotations

from engine.model.progress import NodeProgress

__all__ = ["Heard"]


class Heard:
    """The newest progress of each source, by node index; a table only from the second source on."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: NodeProgress | dict[int, NodeProgress] | None = None

    def get(self, node_index: int) -> NodeProgress | None:
        """What is known of a source, None before its first word."""
        known = self._known
        if known is None:
            return None
        if isinstance(known, NodeProgress):
            return known if known.node_index == node_index else None
        return known.get(node_index)

    def __contains__(self, node_index: int) -> bool:
        return self.get(node_index) is not None

    def __getitem__(self, node_index: int) -> NodeProgress:
        known = self.get(node_index)
        assert known is not None, "asked only of sources that have spoken"
        return known

    def __setitem__(self, node_index: int, progress: NodeProgress) -> None:
        known = self._known
        if known is None or (isinstance(known, NodeProgress) and known.node_index == node_index):
            self._known = progress
        elif isinstance(known, NodeProgress):
            self._known = {known.node_index: known, node_index: progress}
        else:
            known[node_index] = progress
