"""Who changed what and when: an append-only trail in which every entry seals those before it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from engine.service.access.audit_chain import (
    GENESIS,
    AuditEntry,
    AuditReport,
    advance,
    check_chain,
    decoded,
    encoded,
    plain_text,
    small,
)
from engine.service.access.database import AccessError, access_error, open_database, transaction
from engine.service.access.scopes import Caller

__all__ = ["AUDIT_NAME", "Audit", "AuditEntry", "AuditReport"]

AUDIT_NAME: Final = "audit.db"
VERSION: Final = 1
QUEUE_MAX: Final = 50_000
BATCH_MAX: Final = 2_000
# How long entries gather for one commit, and how soon a failed one is tried again.
GATHER_S: Final = 0.02
RETRY_S: Final = 1.0
ENTRIES_PAGE_MAX: Final = 10_000
TABLES: Final = (
    """
CREATE TABLE IF NOT EXISTS audit(
    seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, hash BLOB NOT NULL)""",
    """
CREATE TRIGGER IF NOT EXISTS audit_keeps BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END""",
    """
CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END""",
)
# Casts, because an edit by hand may have left a text where bytes were.
HEAD: Final = "SELECT seq, CAST(hash AS BLOB) FROM audit ORDER BY seq DESC LIMIT 1"
NEWEST: Final = "SELECT seq, CAST(entry AS BLOB) FROM audit ORDER BY seq DESC LIMIT ?"
ALL: Final = """
SELECT seq, CAST(entry AS BLOB), CAST(hash AS BLOB) FROM audit ORDER BY seq"""
TEXT_MAX: Final = 512
# Bodies of these may be guessed from their digest: a passphrase is short.
UNDIGESTED: Final = "/v1/credentials"


class Audit:
    """The trail of one data folder; several processes may add to the same file.

    `record` only queues: a thread of its own writes what gathers within 20 ms in one commit. When
    50,000 wait (the disk takes nothing), further ones are counted and the trail says how many it
    lost; `problem` tells why. The file grows with every write that was asked for. Any thread may
    call.
    """

    def __init__(self, path: Path | None, now_ns: Callable[[], int] = time.time_ns) -> None:
        """AccessError when the file at `path` (None: in memory) cannot be opened."""
        self.path = path
        self.problem: str | None = None
        self.lost = 0
        self._now_ns = now_ns
        self._connection = open_database(path, TABLES, VERSION)
        # Held while the connection is in use, never together with the condition.
        self._database = threading.Lock()
        self._queue: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._recorded = self._written = 0
        self._untold = 0
        self._closed = False

    def record(
        self,
        *,
        method: str,
        path: str,
        key_id: str = "",
        client_id: str = "",
        environment: str = "",
        request_id: str = "",
        status: int = 0,
        graph_id: str = "",
        order_id: str = "",
        body_sha256: str = "",
        before: object = None,
        after: object = None,
    ) -> None:
        """Note one act; secrets among `before` and `after` and the path's query are left out."""
        path = path.partition("?")[0]
        secret = path.startswith(UNDIGESTED)
        entry = AuditEntry(
            when_ns=self._now_ns(),
            key_id=plain_text(key_id, TEXT_MAX),
            client_id=plain_text(client_id, TEXT_MAX),
            environment=environment,
            method=plain_text(method, TEXT_MAX),
            path=plain_text(path, TEXT_MAX),
            request_id=plain_text(request_id, TEXT_MAX),
            status=status,
            graph_id=plain_text(graph_id, TEXT_MAX),
            order_id=plain_text(order_id, TEXT_MAX),
            body_sha256="" if secret else body_sha256,
            before=small(before),
            after=small(after),
        )
        self._queue_up(encoded(entry))

    def request(
        self,
        caller: Caller | None,
        method: str,
        path: str,
        request_id: str,
        status: int,
        graph_id: str = "",
        body_sha256: str = "",
    ) -> None:
        """Note one request of the facade, whatever became of it."""
        self.record(
            method=method,
            path=path,
            key_id="" if caller is None else caller.key_id,
            client_id="" if caller is None else caller.client_id,
            environment="" if caller is None else caller.environment.value,
            request_id=request_id,
            status=status,
            graph_id=graph_id,
            body_sha256=body_sha256,
        )

    def entries(self, last_n: int = 100) -> tuple[AuditEntry, ...]:
        """The newest entries, at most 10,000, newest first; AccessError when they are not sound."""
        self.flush()
        count = max(0, min(last_n, ENTRIES_PAGE_MAX))
        try:
            with self._database:
                rows = self._connection.execute(NEWEST, (count,)).fetchall()
            return tuple([decoded(seq, data) for seq, data in rows])
        except (sqlite3.Error, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise access_error("read", error, self.path) from error

    def verify(self) -> AuditReport:
        """Follow the chain from its first entry; reads the whole trail."""
        self.flush()
        try:
            with self._database:
                return check_chain(self._connection.execute(ALL))
        except sqlite3.Error as error:
            raise access_error("read", error, self.path) from error

    def flush(self) -> None:
        """Wait until all that was recorded is on disk; AccessError when it cannot be."""
        with self._changed:
            target = self._recorded
            if self._written >= target:
                return
            self.problem = None
            self._hurry.set()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._written >= target or self.problem is not None)
            if self._written < target:
                raise AccessError(str(self.problem))

    def close(self) -> None:
        """Write what waits and close; AccessError when some of it could not be written."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._hurry.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._connection.close()
        if self._queue:
            raise AccessError(f"{len(self._queue)} audit entries are lost: {self.problem}")

    # -- the writer

    def _queue_up(self, data: bytes) -> None:
        with self._changed:
            if self._closed:
                raise AccessError("the audit trail is closed; record before closing it")
            if len(self._queue) >= QUEUE_MAX:
                self.lost += 1
                self._untold += 1
                return
            self._queue.append(data)
            self._recorded += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="audit", daemon=True)
                self._thread.start()
            elif len(self._queue) == 1:
                self._changed.notify_all()

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
            self._hurry.wait(GATHER_S)
            with self._changed:
                if not self._closed:
                    self._hurry.clear()
                batch = [self._queue[index] for index in range(min(BATCH_MAX, len(self._queue)))]
                untold = self._untold
            problem = self._commit(batch, untold)
            with self._changed:
                self.problem = problem
                if problem is None:
                    for _ in batch:
                        self._queue.popleft()
                    self._written += len(batch)
                    self._untold -= untold
                self._changed.notify_all()
                closed = self._closed
            if problem is not None:
                if closed:
                    return
                self._hurry.wait(RETRY_S)

    def _commit(self, batch: list[bytes], untold: int) -> str | None:
        """Add a batch after whatever is last by now; what went wrong, if anything."""
        if untold:
            note = AuditEntry(when_ns=self._now_ns(), method="LOST", lost=untold)
            batch = [*batch, encoded(note)]
        try:
            with self._database, transaction(self._connection):
                last: tuple[Any, Any] | None = self._connection.execute(HEAD).fetchone()
                seq, head = last or (0, GENESIS)
                rows = []
                for data in batch:
                    seq, head = seq + 1, advance(head, data)
                    rows.append((seq, data, head))
                self._connection.executemany("INSERT INTO audit VALUES (?, ?, ?)", rows)
        except sqlite3.Error as error:
            return str(access_error("written", error, self.path))
        return None
