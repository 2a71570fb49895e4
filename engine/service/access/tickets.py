"""Stream tickets: a browser cannot send a header, and a key must never stand in an address."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Final

from engine.service.access.scopes import Caller
from engine.service.api_error import ApiError, ErrorCode

__all__ = ["TICKET_MS", "TICKET_PREFIX", "Tickets"]

TICKET_PREFIX: Final = "wst_"
TICKET_MS: Final = 30_000
TICKETS_MAX: Final = 10_000
TICKETS_OF_KEY_MAX: Final = 64
MS_NS: Final = 1_000_000


class Tickets:
    """Tickets given out and not yet used: each opens one stream within 30 seconds.

    At most 64 a key and 10,000 in all are outstanding; a key's oldest makes room for its newest.
    `active` says whether a key still holds when its ticket is used (`KeyStore.active`).
    """

    def __init__(
        self,
        active: Callable[[str], bool] | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._active = active
        self._now_ns = now_ns
        # In order of issue, which is the order of expiry. ticket -> (caller, expires_ns)
        self._tickets: dict[str, tuple[Caller, int]] = {}
        # key id -> its tickets, oldest first
        self._of_key: dict[str, dict[str, None]] = {}

    def issue(self, caller: Caller) -> str:
        """A new ticket for this caller; ApiError RATE_LIMITED when too many are outstanding."""
        now_ns = self._now_ns()
        self._expire(now_ns)
        mine = self._of_key.get(caller.key_id, {})
        if len(mine) >= TICKETS_OF_KEY_MAX:
            self._drop(next(iter(mine)))
        if len(self._tickets) >= TICKETS_MAX:
            raise ApiError(
                ErrorCode.RATE_LIMITED,
                "too many stream tickets are outstanding; try again in a second",
                retryable=True,
                retry_after_ms=1_000,
            )
        ticket = TICKET_PREFIX + secrets.token_hex(32)
        self._tickets[ticket] = (caller, now_ns + TICKET_MS * MS_NS)
        self._of_key.setdefault(caller.key_id, {})[ticket] = None
        return ticket

    def redeem(self, ticket: str) -> Caller | None:
        """Who the ticket was given to, once; None when unknown, used, expired or its key gone."""
        found = self._tickets.get(ticket)
        if found is None:
            return None
        self._drop(ticket)
        caller, expires_ns = found
        if self._now_ns() >= expires_ns:
            return None
        if self._active is not None and not self._active(caller.key_id):
            return None
        return caller

    def __len__(self) -> int:
        return len(self._tickets)

    def _expire(self, now_ns: int) -> None:
        gone = []
        for ticket, (_, expires_ns) in self._tickets.items():
            if expires_ns > now_ns:
                break
            gone.append(ticket)
        for ticket in gone:
            self._drop(ticket)

    def _drop(self, ticket: str) -> None:
        caller, _ = self._tickets.pop(ticket)
        mine = self._of_key[caller.key_id]
        del mine[ticket]
        if not mine:
            del self._of_key[caller.key_id]
