"""Journal sinks: straight into a store, kept in memory, or through the writer thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.errors import JournalError
from engine.messages import CommitFailed, GroupCommitted
from engine.model.records import JournalEntry
from engine.runtime.actor import ActorRef

__all__ = ["CollectingSink", "CommitsGroups", "DirectSink"]


class CommitsGroups(Protocol):
    """A store that makes one group durable, or raises JournalError and changes nothing."""

    def commit(self, group: Sequence[JournalEntry]) -> None: ...


class DirectSink:
    """Commits in the caller's turn: for the simulated driver, where nothing may wait."""

    def __init__(self, store: CommitsGroups, journal: ActorRef) -> None:
        self.store = store
        self.journal = journal

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        """Commit now; the answer is a message all the same."""
        try:
            self.store.commit(group)
        except JournalError as error:
            self.journal.tell(CommitFailed(str(error)))
        else:
            self.journal.tell(GroupCommitted(group[-1].seq))
        return True


class CollectingSink:
    """Keeps the entries of one replayed order; `entries_max` bounds a runaway."""

    def __init__(self, journal: ActorRef, entries_max: int = 1_000_000) -> None:
        self.journal = journal
        self.entries_max = entries_max
        self.entries: list[JournalEntry] = []

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        """Keep the group; refuse, as a full disk would, past the bound."""
        if len(self.entries) + len(group) > self.entries_max:
            self.journal.tell(CommitFailed("the replay has recorded too many entries"))
            return True
        self.entries.extend(group)
        self.journal.tell(GroupCommitted(group[-1].seq))
        return True
