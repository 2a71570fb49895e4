"""Rows of the key table: their state at a time, their caller, and what a key cannot be given."""

from __future__ import annotations

import pytest

from engine.model.instruments import Environment
from engine.service.access.key_rows import caller_of, info_of, key_faults
from engine.service.access.scopes import Scope

READ = frozenset({Scope.READ})


def row(
    *, expires_ns: int | None = None, revoked_ns: int | None = None, successor: str | None = None
) -> tuple[object, ...]:
    """A row as the table holds it."""
    head = ("key_1", b"h" * 32, "beef", "bot", "alice", "sandbox", "read,trade", 1, 100, None)
    return (*head, expires_ns, revoked_ns, successor)


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        (row(), "active"),
        (row(expires_ns=201), "active"),
        (row(expires_ns=200), "expired"),
        (row(expires_ns=201, successor="key_2"), "rotated"),
        (row(expires_ns=200, successor="key_2"), "expired"),
        (row(expires_ns=200, revoked_ns=150, successor="key_2"), "revoked"),
    ],
)
def test_its_state_at_a_time(stored: tuple[object, ...], status: str) -> None:
    assert info_of(stored, 200).status == status


def test_a_row_has_no_hash_in_what_is_told_of_it() -> None:
    info = info_of(row(), 200)
    assert (info.key_id, info.hint, info.label, info.client_id) == (
        "key_1",
        "beef",
        "bot",
        "alice",
    )
    assert info.sandbox and info.environment is Environment.SANDBOX
    assert info.scopes == (Scope.READ, Scope.TRADE)
    assert "hhhh" not in repr(info)


def test_the_caller_has_what_the_scopes_imply() -> None:
    caller = caller_of(info_of(row(), 200))
    assert caller.scopes == {Scope.READ, Scope.TRADE, Scope.CANCEL, Scope.KILL}
    assert (caller.key_id, caller.client_id, caller.compact_ids) == ("key_1", "alice", True)
    assert caller.environment is Environment.SANDBOX


def test_each_fault_of_a_new_key_is_named() -> None:
    assert list(key_faults("bot", READ, "alice", None, 200)) == []
    faults = list(key_faults("x" * 129, frozenset(), "", 200, 200))
    assert [field for field, _ in faults] == ["label", "client_id", "scopes", "expires_ns"]


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "\ud800", "\u202e"])
def test_texts_that_would_trick_a_terminal_are_refused(text: str) -> None:
    assert [field for field, _ in key_faults(text, READ, "alice", None, 0)] == ["label"]
    assert [field for field, _ in key_faults("bot", READ, text, None, 0)] == ["client_id"]
