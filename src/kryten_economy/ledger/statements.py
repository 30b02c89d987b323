"""A few words over an apsw connection: run, one row, all rows, many rows.

Statements are constant texts, so that the connection's statement cache finds them again. It keeps
those of the last executions and no others, however often each was used before, and each row of
`Sql.each` is an execution: what a batch writes would push out what its acts ask. So rows go to
their table several at a time.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import apsw

__all__ = ("ROWS_AT_ONCE", "Row", "RowUpdate", "Sql", "Value")

ROWS_AT_ONCE: Final = 16

_ONE_ROW: Final = re.compile(r"VALUES (\(\?(?:, \?)*\))")

Value = str | int | float | bytes | None
Row = tuple[Any, ...]
"""A result row; what its columns are stands in the statement that asked for it."""


class RowUpdate:
    """Statements that give rows of a table new values.

    A row of parameters is ``key``, then ``columns``, and changes the row of the table that has
    this key; no key may come twice.
    """

    def __init__(self, table: str, key: Sequence[str], columns: Sequence[str]) -> None:
        width = len(key) + len(columns)
        places = [f"column{number}" for number in range(1, width + 1)]
        sets = ", ".join(
            f"{column} = {place}" for column, place in zip(columns, places[len(key) :], strict=True)
        )
        where = " AND ".join(
            f"{table}.{column} = {place}" for column, place in zip(key, places, strict=False)
        )
        row = f"({', '.join('?' * width)})"
        change = f"UPDATE {table} SET {sets} FROM (VALUES {{}}) WHERE {where}"  # noqa: S608 - names of the schema
        self.one = change.format(row)
        self.several = change.format(", ".join([row] * ROWS_AT_ONCE))


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

    def insert(self, statement: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Insert rows; several at a time where ``statement``, which inserts one, is of that form.

        That is: ``VALUES (?, ?, ...)``, and no other parameter.
        """
        self._put(statement, _several(statement), rows)

    def update(self, update: RowUpdate | str, rows: Sequence[tuple[Value, ...]]) -> None:
        """Change rows, all of which have to be there; one by one where the statement is a text."""
        if not rows:
            return
        one, several = (update, None) if isinstance(update, str) else (update.one, update.several)
        before = self.connection.total_changes()
        self._put(one, several, rows)
        changed = self.connection.total_changes() - before
        assert changed == len(rows), "a row is not as it was read"

    def _put(self, one: str, several: str | None, rows: Sequence[tuple[Value, ...]]) -> None:
        full = 0 if several is None else len(rows) - len(rows) % ROWS_AT_ONCE
        if several is not None:
            for start in range(0, full, ROWS_AT_ONCE):
                values = chain.from_iterable(rows[start : start + ROWS_AT_ONCE])
                self._cursor.execute(several, tuple(values))
        if full < len(rows):
            self._cursor.executemany(one, rows[full:])

    def changed(self) -> int:
        """How many rows the last statement changed."""
        return self.connection.changes()


@lru_cache(maxsize=64)
def _several(statement: str) -> str | None:
    """The same for `ROWS_AT_ONCE` rows, if there is such a thing."""
    found = _ONE_ROW.search(statement)
    if found is None or statement.count("?") != found[1].count("?"):
        return None
    return statement.replace(found[0], f"VALUES {', '.join([found[1]] * ROWS_AT_ONCE)}")
