"""A filter names its client before all else, and binds every value."""

from __future__ import annotations

from engine.model.instruments import Environment
from engine.store.filters import Filter


def test_one_client_is_one_account() -> None:
    found = Filter("alice", Environment.LIVE, None)
    assert found.only_account
    assert found.where.startswith("WHERE account = (SELECT account FROM accounts")
    assert found.values == ["live", "alice"]


def test_all_clients_are_those_of_the_environment() -> None:
    found = Filter(None, Environment.SANDBOX, None)
    assert found.where.startswith("WHERE account IN (SELECT account FROM accounts")
    assert found.values == ["sandbox"]


def test_each_condition_adds_to_the_others_with_its_value_bound() -> None:
    found = Filter("alice", Environment.LIVE, "x' OR 1")
    found.add("order_number", 7)
    assert not found.only_account
    assert found.where.endswith(" AND symbol = ? AND order_number = ?")
    assert found.values == ["live", "alice", "x' OR 1", 7]
    assert found.where.count("?") == len(found.values)
    assert found.account_values == 2
