"""Opening a book file for writing or reading, with the world's faults told clearly.

A file that must not be used (damaged, of another program, of a newer version, read-only)
is refused before anything is written to it.

The schema of a book file, and the way there from an empty or an older one.

`sql/` has a file for each subject; together they are version 1, which an empty file gets whole.
A later change is a numbered file beside them, ``0002_what_it_does.sql``, that is run on new and
old files alike: what is released never changes. Each version is one transaction, so a change that
fails leaves the version before it. The application id in a file's header tells our files from
another program's, which are never touched; the version stands beside it as ``user_version``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw

from kryten_economy.ledger.errors import (
    BooksInUse,
    CorruptBooks,
    ForeignBooks,
    MissingBooks,
    NewerSchema,
    OlderSchema,
    UnreleasedBooks,
    UnwritableBooks,
)

__all__ = (
    "APPLICATION_ID",
    "BROKEN_WORLD",
    "SCHEMA_VERSION",
    "connect",
    "examine",
    "migrate",
    "prepare_reader",
    "prepare_writer",
    "quick_check",
    "scripts",
    "telling_clearly",
)

APPLICATION_ID = 0x4B5A4543
"""Marks the header of a book file: the letters KZEC."""


def scripts() -> dict[int, str]:
    """The SQL of each schema version, by number."""
    found = dict(_files())
    changes = {int(name[:4]): sql for name, sql in found.items() if name[:4].isdigit()}
    subjects = (sql for name, sql in found.items() if not name[:4].isdigit())
    return {1: "\n".join(subjects), **changes}


def _files() -> Iterator[tuple[str, str]]:
    folder = files("kryten_economy.ledger") / "sql"
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".sql"):
            yield entry.name, entry.read_text(encoding="utf-8")


SCHEMA_VERSION = max(scripts())


def examine(connection: apsw.Connection) -> int:
    """The schema version of a file, 0 for an empty one; writes nothing.

    Raises ForeignBooks, NewerSchema, UnreleasedBooks and CorruptBooks.
    """
    tables = _value(connection, "SELECT count(*) FROM sqlite_schema")
    if not tables:
        return 0
    if _value(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise ForeignBooks(connection.filename)
    version: int = _value(connection, "PRAGMA user_version")
    if version < 1:
        raise UnreleasedBooks(connection.filename)
    if version > SCHEMA_VERSION:
        raise NewerSchema(f"schema {version}, this version knows {SCHEMA_VERSION}")
    return version


def migrate(connection: apsw.Connection, target: int = SCHEMA_VERSION) -> int:
    """Run what is missing up to ``target``; answers the version that was found."""
    found = examine(connection)
    for number, script in sorted(scripts().items()):
        if found < number <= target:
            _apply(connection, number, script)
    return found


def quick_check(connection: apsw.Connection) -> None:
    """Raise CorruptBooks unless SQLite finds the file's structure sound."""
    verdict = _value(connection, "PRAGMA quick_check(1)")
    if verdict != "ok":
        raise CorruptBooks(str(verdict))


def _apply(connection: apsw.Connection, number: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(script)
        connection.pragma("user_version", number)
        connection.pragma("application_id", APPLICATION_ID)
        connection.execute("COMMIT")
    finally:
        # A full disk has rolled back already; anything else is undone here.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _value(connection: apsw.Connection, sql: str) -> Any:  # noqa: ANN401 - one SQLite value
    row = connection.execute(sql).fetchone()
    return None if row is None else row[0]


BUSY_TIMEOUT_MS = 30_000
"""How long a locked file is waited for (`storage.md` S10)."""

STATEMENTS = 512
"""So many executions a prepared statement is kept for; apsw takes no more."""

CACHE_KIB = 32 * 1024
"""Pages a connection keeps; the rows of today's users fit."""

LOG_PAGES = 4_000
"""So long the write-ahead log grows, 16 MB, before its pages are copied into the file.

The pages of today's users change with every batch; in a longer log one copy stands for more.
"""

READER_CACHE_KIB = 8 * 1024
"""There are several readers, and a page that one lacks is at hand in the system's cache."""

BROKEN_WORLD = (
    apsw.IOError,
    apsw.FullError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.PermissionsError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ProtocolError,
    apsw.NoMemError,
    apsw.InterruptError,
    apsw.ConnectionClosedError,
    apsw.NoLFSError,
)
"""Errors that say something about the machine and nothing about the request."""

_DAMAGED = (apsw.CorruptError, apsw.NotADBError)
_UNWRITABLE = (
    apsw.ReadOnlyError,
    apsw.FullError,
    apsw.PermissionsError,
    apsw.CantOpenError,
    apsw.IOError,
)


@contextmanager
def telling_clearly(path: str | Path) -> Iterator[None]:
    """Turn SQLite's errors while a file is opened into those of the books."""
    try:
        yield
    except _DAMAGED as error:
        raise CorruptBooks(f"{path}: {error}") from error
    except _UNWRITABLE as error:
        raise UnwritableBooks(f"{path}: {error}") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise BooksInUse(f"{path}: {error}") from error


def connect(path: str | Path, flags: int, vfs: str | None = None) -> apsw.Connection:
    """A bare connection; errors are those of the books."""
    with telling_clearly(path):
        return apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=STATEMENTS)


def prepare_writer(connection: apsw.Connection) -> None:
    """Settings, schema and a check of the structure, for the one writing connection."""
    with telling_clearly(connection.filename):
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        examine(connection)
        if connection.readonly("main"):
            raise UnwritableBooks(f"{connection.filename}: opened read-only")
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.pragma("foreign_keys", 1)
        connection.pragma("trusted_schema", 0)
        connection.pragma("cache_size", -CACHE_KIB)
        connection.pragma("wal_autocheckpoint", LOG_PAGES)
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        migrate(connection)
        quick_check(connection)


def prepare_reader(connection: apsw.Connection) -> None:
    """Settings of a connection that only answers questions; books must exist already."""
    with telling_clearly(connection.filename):
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        version = examine(connection)
        if version == 0:
            raise MissingBooks(f"{connection.filename}: empty")
        if version < SCHEMA_VERSION:
            raise OlderSchema(f"{connection.filename}: schema {version}")
        connection.pragma("query_only", 1)
        connection.pragma("trusted_schema", 0)
        connection.pragma("cache_size", -READER_CACHE_KIB)
