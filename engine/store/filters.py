"""Which rows of a table a reader may see and asked for, as a WHERE clause with its values."""

from __future__ import annotations

from engine.model.instruments import Environment

__all__ = ["Filter"]


class Filter:
    """A WHERE clause over one client, or all of an environment, and its values."""

    def __init__(self, client_id: str | None, environment: Environment, symbol: str | None) -> None:
        if client_id is None:
            self.accounts = "(SELECT account FROM accounts WHERE environment = ?)"
            self.values: list[object] = [environment.value]
        else:
            self.accounts = "(SELECT account FROM accounts WHERE environment = ? AND client_id = ?)"
            self.values = [environment.value, client_id]
        self.account_values = len(self.values)
        # One client is one account, and "=" lets its index deliver the order of the rows.
        comparison = "IN" if client_id is None else "="
        self.where = f"WHERE account {comparison} {self.accounts}"
        if symbol is not None:
            self.add("symbol", symbol)

    @property
    def only_account(self) -> bool:
        return len(self.values) == self.account_values

    def add(self, column: str, value: object) -> None:
        self.where += f" AND {column} = ?"
        self.values.append(value)
