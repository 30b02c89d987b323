"""Brings a book file to the schema of this version, by numbered SQL files.

Each file is one transaction: a migration that fails leaves the version before it. A file
is recognised by its application id, so that another program's database is never touched.
"""

from importlib.resources import files
from typing import Any

import apsw

from kryten_economy.ledger.errors import CorruptBooks, ForeignBooks, NewerSchema

__all__ = ("APPLICATION_ID", "SCHEMA_VERSION", "examine", "migrate", "quick_check", "scripts")

APPLICATION_ID = 0x4B5A4543
"""Marks the header of a book file: the letters KZEC."""


def scripts() -> dict[int, str]:
    """The SQL of each schema version, by number."""
    folder = files("kryten_economy.ledger") / "sql"
    return {
        int(entry.name[:4]): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sql")
    }


SCHEMA_VERSION = max(scripts())


def examine(connection: apsw.Connection) -> int:
    """The schema version of a file, 0 for an empty one; writes nothing.

    Raises ForeignBooks, NewerSchema and CorruptBooks.
    """
    tables = _value(connection, "SELECT count(*) FROM sqlite_schema")
    if _value(connection, "PRAGMA application_id") != APPLICATION_ID:
        if tables:
            raise ForeignBooks(connection.filename)
        return 0
    if not tables:
        return 0
    version: int = _value(connection, "SELECT coalesce(max(number), 0) FROM schema_version")
    if version > SCHEMA_VERSION:
        raise NewerSchema(f"schema {version}, this version knows {SCHEMA_VERSION}")
    return version


def migrate(connection: apsw.Connection, target: int = SCHEMA_VERSION) -> int:
    """Run what is missing up to ``target``; answers the version that was found."""
    found = examine(connection)
    for number, script in scripts().items():
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
        connection.execute("INSERT INTO schema_version (number) VALUES (?)", (number,))
        if number == 1:
            connection.pragma("application_id", APPLICATION_ID)
        connection.execute("COMMIT")
    finally:
        # A full disk has rolled back already; anything else is undone here.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _value(connection: apsw.Connection, sql: str) -> Any:  # noqa: ANN401 - one SQLite value
    row = connection.execute(sql).fetchone()
    return None if row is None else row[0]
