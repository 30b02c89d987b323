"""A few words over an apsw connection: run, one row, all rows.

Statements are constant texts, so that the connection's statement cache finds them again.
"""

from collections.abc import Iterable
from typing import Any

import apsw

__all__ = ("Row", "Sql", "Value")

Value = str | int | float | bytes | None
Row = tuple[Any, ...]
"""A result row; what its columns are stands in the statement that asked for it."""


class Sql:
    """One cursor of a connection, used for one statement at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self._cursor = connection.cursor()

    def run(self, statement: str, *values: Value) -> None:
        """Run a statement to its end."""
        self._cursor.execute(statement, values)

    def row(self, statement: str, *values: Value) -> Row | None:
        """The first row, or None."""
        rows = self._cursor.execute(statement, values).fetchall()
        return rows[0] if rows else None

    def only(self, statement: str, *values: Value) -> Row:
        """The one row of a statement that always has one."""
        return self._cursor.execute(statement, values).fetchall()[0]

    def rows(self, statement: str, *values: Value) -> list[Row]:
        """All rows."""
        return self._cursor.execute(statement, values).fetchall()

    def each(self, statement: str, many: Iterable[tuple[Value, ...]]) -> list[Row]:
        """Run a statement once for each set of values; answers the rows of all runs."""
        return self._cursor.executemany(statement, many).fetchall()

    def changed(self) -> int:
        """How many rows the last statement changed."""
        return self.connection.changes()

    def total_changes(self) -> int:
        """How many rows all statements have changed since the connection was opened."""
        return self.connection.total_changes()
