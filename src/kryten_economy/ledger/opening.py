"""Opening a book file for writing or reading, with the world's faults told clearly.

A file that must not be used (damaged, of another program, of a newer version, read-only)
is refused before anything is written to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from kryten_economy.ledger import migrations
from kryten_economy.ledger.errors import (
    BooksInUse,
    CorruptBooks,
    MissingBooks,
    OlderSchema,
    UnwritableBooks,
)

__all__ = ("BROKEN_WORLD", "connect", "prepare_reader", "prepare_writer", "telling_clearly")

BUSY_TIMEOUT_MS = 30_000
"""How long a locked file is waited for (`storage.md` S10)."""

CACHE_KIB = 32 * 1024
"""Pages a connection keeps; the rows of today's users fit."""

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
        return apsw.Connection(str(path), flags=flags, vfs=vfs)


def prepare_writer(connection: apsw.Connection) -> None:
    """Settings, schema and a check of the structure, for the one writing connection."""
    with telling_clearly(connection.filename):
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        migrations.examine(connection)
        if connection.readonly("main"):
            raise UnwritableBooks(f"{connection.filename}: opened read-only")
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "FULL")
        connection.pragma("foreign_keys", 1)
        connection.pragma("trusted_schema", 0)
        connection.pragma("cache_size", -CACHE_KIB)
        migrations.migrate(connection)
        migrations.quick_check(connection)


def prepare_reader(connection: apsw.Connection) -> None:
    """Settings of a connection that only answers questions; books must exist already."""
    with telling_clearly(connection.filename):
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        version = migrations.examine(connection)
        if version == 0:
            raise MissingBooks(f"{connection.filename}: empty")
        if version < migrations.SCHEMA_VERSION:
            raise OlderSchema(f"{connection.filename}: schema {version}")
        connection.pragma("query_only", 1)
        connection.pragma("trusted_schema", 0)
        connection.pragma("cache_size", -READER_CACHE_KIB)
