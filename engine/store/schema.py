"""The tables of a journal database, how a database is opened, and how rows are written to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

import msgspec

from engine.errors import JournalError
from engine.store.rows import (
    AccountRow,
    BodyRow,
    ChildRow,
    DecisionRow,
    FillRow,
    GraphRow,
    MetaRow,
    NodeRow,
    Row,
    Value,
)

__all__ = [
    "ACCOUNTS",
    "BODIES",
    "CHILDREN",
    "DECISIONS",
    "FILLS",
    "GRAPHS",
    "META",
    "NODES",
    "POSTS",
    "SCHEMA_VERSION",
    "TABLES",
    "Table",
    "TableWriter",
    "check_schema",
    "connect",
    "connect_read_only",
    "create_tables",
    "journal_error",
]

APPLICATION_ID = 0x58474A31
SCHEMA_VERSION = 2
# Enough for one statement of each table, kind and chunk size.
STATEMENTS_CACHED = 256
# An engine that never idles still checkpoints, after 64 MB of log.
CHECKPOINT_PAGES = 16_384
CHUNKS = (256, 64, 16, 4, 1)


class Table(msgspec.Struct, frozen=True):
    """A projection: its row type, and which columns may change after the first insert.

    The first `key_columns` columns identify a row.
    """

    name: str
    row: type[Row]
    changing: tuple[str, ...] = ()
    key_columns: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        return self.row.__struct_fields__

    @property
    def key(self) -> str:
        return ", ".join(self.columns[: self.key_columns])


ACCOUNTS = Table("accounts", AccountRow, ("graph_count", "order_count", "fill_count"))
GRAPHS = Table("graphs", GraphRow, ("status", "reason", "updated_ns", "last_seq"))
BODIES = Table("graph_bodies", BodyRow)
NODES = Table(
    "nodes",
    NodeRow,
    (
        "node_order_id",
        "status",
        "failure_reason",
        "qty_1e8",
        "filled_qty_1e8",
        "working_qty_1e8",
        "unknown_qty_1e8",
        "avg_fill_price_1e9",
        "price_times_qty",
        "fees_1e9",
        "fill_count",
        "attempt",
        "policy_state",
        "updated_ns",
        "last_seq",
        "state_seq",
    ),
)
FILLS = Table("fills", FillRow)
DECISIONS = Table("decisions", DecisionRow)
POSTS = Table("posts", DecisionRow)
CHILDREN = Table(
    "children",
    ChildRow,
    ("qty_1e8", "limit_price_1e9", "filled_qty_1e8", "state", "venue_order_id", "last_seq"),
)
META = Table("meta", MetaRow, ("number", "text", "seq"))
TABLES = (ACCOUNTS, GRAPHS, BODIES, NODES, FILLS, DECISIONS, POSTS, CHILDREN, META)

# Since version 2: decisions where to rest, apart from those that take, which are far larger.
_POSTS = """
CREATE TABLE posts(
    seq INTEGER PRIMARY KEY, account INTEGER NOT NULL, order_number INTEGER,
    decision_id INTEGER NOT NULL, graph_id TEXT NOT NULL, node_id TEXT NOT NULL,
    symbol TEXT NOT NULL, ts_ns INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX posts_account ON posts(account);
CREATE INDEX posts_order ON posts(order_number);
"""
_DDL = f"""
CREATE TABLE journal(
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, ts_ns INTEGER NOT NULL,
    block BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE accounts(
    account INTEGER PRIMARY KEY, client_id TEXT NOT NULL, environment TEXT NOT NULL,
    graph_count INTEGER NOT NULL, order_count INTEGER NOT NULL, fill_count INTEGER NOT NULL,
    UNIQUE(client_id, environment));
CREATE TABLE graphs(
    graph_number INTEGER PRIMARY KEY, account INTEGER NOT NULL, graph_id TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, node_count INTEGER NOT NULL,
    edge_count INTEGER NOT NULL, first_order INTEGER NOT NULL, created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    UNIQUE(account, graph_id));
CREATE INDEX graphs_open ON graphs(graph_number) WHERE status IN ('active', 'paused');
CREATE TABLE graph_bodies(graph_number INTEGER PRIMARY KEY, accepted BLOB NOT NULL);
CREATE TABLE nodes(
    order_number INTEGER PRIMARY KEY, graph_number INTEGER NOT NULL, account INTEGER NOT NULL,
    node_id TEXT NOT NULL, node_order_id TEXT NOT NULL, symbol TEXT NOT NULL,
    side INTEGER NOT NULL, status TEXT NOT NULL, failure_reason TEXT NOT NULL,
    qty_1e8 INTEGER NOT NULL, filled_qty_1e8 INTEGER NOT NULL, working_qty_1e8 INTEGER NOT NULL,
    unknown_qty_1e8 INTEGER NOT NULL, avg_fill_price_1e9 INTEGER NOT NULL,
    price_times_qty TEXT NOT NULL, fees_1e9 INTEGER NOT NULL, fill_count INTEGER NOT NULL,
    attempt INTEGER NOT NULL, policy_state BLOB NOT NULL, created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    state_seq INTEGER NOT NULL);
CREATE INDEX nodes_account ON nodes(account);
CREATE INDEX nodes_symbol ON nodes(account, symbol);
CREATE TABLE fills(
    seq INTEGER PRIMARY KEY, account INTEGER NOT NULL, order_number INTEGER,
    graph_id TEXT NOT NULL, node_id TEXT NOT NULL, fill_id TEXT NOT NULL,
    node_order_id TEXT NOT NULL, client_order_id TEXT NOT NULL, venue TEXT NOT NULL,
    symbol TEXT NOT NULL, side INTEGER NOT NULL, qty_1e8 INTEGER NOT NULL,
    price_1e9 INTEGER NOT NULL, ts_unix_ns INTEGER NOT NULL, fee_1e9 INTEGER NOT NULL,
    is_maker INTEGER, commission_1e9 INTEGER, commission_asset TEXT,
    taker_fee_bps_applied REAL, maker_fee_bps_applied REAL, venue_reported_cum_fee_1e9 INTEGER,
    mid_1e9 INTEGER NOT NULL, touch_1e9 INTEGER NOT NULL);
CREATE INDEX fills_account ON fills(account);
CREATE INDEX fills_symbol ON fills(account, symbol);
CREATE INDEX fills_order ON fills(order_number);
CREATE TABLE decisions(
    seq INTEGER PRIMARY KEY, account INTEGER NOT NULL, order_number INTEGER,
    decision_id INTEGER NOT NULL, graph_id TEXT NOT NULL, node_id TEXT NOT NULL,
    symbol TEXT NOT NULL, ts_ns INTEGER NOT NULL, record BLOB NOT NULL);
CREATE INDEX decisions_account ON decisions(account);
CREATE INDEX decisions_order ON decisions(order_number);
{_POSTS}CREATE TABLE children(
    client_order_id TEXT PRIMARY KEY, order_number INTEGER NOT NULL, venue TEXT NOT NULL,
    side INTEGER NOT NULL, qty_1e8 INTEGER NOT NULL, limit_price_1e9 INTEGER NOT NULL,
    tif TEXT NOT NULL, attempt INTEGER NOT NULL, grant_id INTEGER NOT NULL,
    filled_qty_1e8 INTEGER NOT NULL, state INTEGER NOT NULL, venue_order_id TEXT NOT NULL,
    first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX children_open ON children(order_number) WHERE state < 4;
CREATE TABLE meta(
    name TEXT PRIMARY KEY, number INTEGER NOT NULL, text TEXT NOT NULL, seq INTEGER NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE idempotency(
    client_id TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL,
    response BLOB NOT NULL, created_ns INTEGER NOT NULL,
    PRIMARY KEY(client_id, key)) WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency(created_ns);
"""


class TableWriter:
    """Inserts and updates of one table, many rows a statement.

    Few statements are worth more than the time they save: sqlite3 gives the interpreter away at
    each one, and a busy event loop is slow to give it back.
    """

    def __init__(self, table: Table) -> None:
        columns = ", ".join(table.columns)
        one = "(" + ",".join("?" * len(table.columns)) + ")"
        settings = ", ".join(f"{name} = excluded.{name}" for name in table.changing)
        head = f"INSERT INTO {table.name}({columns}) VALUES "  # noqa: S608  # fixed names
        tail = f" ON CONFLICT({table.key}) DO UPDATE SET {settings}" if settings else ""
        self.inserts = tuple((size, head + ",".join([one] * size)) for size in CHUNKS)
        self.updates = tuple((size, sql + tail) for size, sql in self.inserts) if tail else ()

    def insert(self, connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        """Add rows that are new; sqlite3.IntegrityError where one is not."""
        _run(connection, self.inserts, [row.values() for row in rows])

    def update(self, connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
        """Change the changing columns of rows that exist (whole rows are given)."""
        _run(connection, self.updates, [row.values() for row in rows])


def _run(
    connection: sqlite3.Connection,
    statements: Sequence[tuple[int, str]],
    rows: Sequence[tuple[Value, ...]],
) -> None:
    start, left = 0, len(rows)
    for size, sql in statements:
        while left >= size:
            flat = tuple(chain.from_iterable(rows[start : start + size]))
            connection.execute(sql, flat)
            start += size
            left -= size


def connect(path: str) -> sqlite3.Connection:
    """A read-write connection, durable at each commit.

    ":memory:" is a database in memory, "" a temporary one on disk that deletes itself. A file
    without tables becomes a journal. JournalError when it is something else.
    """
    try:
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_CACHED,
        )
    except sqlite3.Error as error:
        raise journal_error("opened", error, path) from error
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            create_tables(connection)
        if check_schema(connection, path) < SCHEMA_VERSION:
            _bring_up(connection)
    except sqlite3.Error as error:
        connection.close()
        raise journal_error("opened", error, path) from error
    except JournalError:
        connection.close()
        raise
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    """A connection that can only read; JournalError when there is no journal at `path`."""
    if not path.is_file():
        raise JournalError(f"there is no journal at {path}; check the path")
    address = path.absolute().as_uri()
    # Without a log beside it nobody writes the file; immutable reads it where nothing may be
    # created, such as a backup on a read-only disk.
    quiet = not Path(f"{path}-wal").exists()
    connection = sqlite3.connect(
        f"{address}?mode=ro" + ("&immutable=1" if quiet else ""),
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS_CACHED,
    )
    try:
        if check_schema(connection, path) < SCHEMA_VERSION:
            # Nothing may be added to the file: its reader has an empty table of its own.
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.executescript(_POSTS.replace("CREATE TABLE", "CREATE TEMP TABLE"))
    except sqlite3.Error as error:
        connection.close()
        raise journal_error("read", error, path) from error
    except JournalError:
        connection.close()
        raise
    return connection


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty journal, in one transaction."""
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE; {_DDL} {marks} COMMIT;")


def check_schema(connection: sqlite3.Connection, path: str | Path) -> int:
    """The version; JournalError unless it is a journal that this engine can open."""
    with closing(connection.execute("PRAGMA application_id")) as cursor:
        application = cursor.fetchone()[0]
    with closing(connection.execute("PRAGMA user_version")) as cursor:
        version = cursor.fetchone()[0]
    if application != APPLICATION_ID:
        raise JournalError(f"{path} is not a journal of this engine; choose another file")
    if not 1 <= version <= SCHEMA_VERSION:
        raise JournalError(
            f"{path} has schema version {version} and this engine reads {SCHEMA_VERSION}; "
            "open it with the engine that wrote it"
        )
    return int(version)


def _bring_up(connection: sqlite3.Connection) -> None:
    """Give a journal of an older version what it lacks, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Somebody else may have done it while this one waited for the lock.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < SCHEMA_VERSION:
            for statement in _POSTS.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


_WAYS_OUT = {
    "SQLITE_FULL": "free disk space; the same records are then tried again",
    "SQLITE_READONLY": "give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "check that the folder exists and may be written",
    "SQLITE_BUSY": "stop the other process that writes this journal",
    "SQLITE_LOCKED": "stop the other process that writes this journal",
    "SQLITE_CORRUPT": "run `execgraph journal verify` and restore a backup",
    "SQLITE_NOTADB": "choose another file",
    "SQLITE_CONSTRAINT": "run `execgraph journal verify`: a record contradicts what is stored",
    "SQLITE_IOERR": "check the disk",
}


def journal_error(verb: str, error: Exception, path: str | Path = "") -> JournalError:
    """One sentence with the way out for an error of the database."""
    name: str = getattr(error, "sqlite_errorname", "") or ""
    way = next((text for code, text in _WAYS_OUT.items() if name.startswith(code)), "")
    where = f" {path}" if str(path) else ""
    sentence = f"the journal{where} could not be {verb} ({error})"
    return JournalError(f"{sentence}; {way}" if way else sentence)
