"""The schema of a book file, and the way there from an empty or an older one.

`sql/` has a file for each subject; together they are version 1, which an empty file gets whole.
A later change is a numbered file beside them, ``0002_what_it_does.sql``, that is run on new and
old files alike: what is released never changes. Each version is one transaction, so a change that
fails leaves the version before it. The application id in a file's header tells our files from
another program's, which are never touched; the version stands beside it as ``user_version``.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import apsw

from kryten_economy.ledger.errors import CorruptBooks, ForeignBooks, NewerSchema, UnreleasedBooks

__all__ = ("APPLICATION_ID", "SCHEMA_VERSION", "examine", "migrate", "quick_check", "scripts")

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
