"""Reading a PostgreSQL database, as 0.16 has one; needs the extra ``import``."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from kryten_economy.migration.source import Source, SourceError, require_accounts, select
from kryten_economy.migration.values import Cell

__all__ = ("open_postgres",)

CHUNK = 10_000
"""Rows fetched at a time."""

_COLUMNS = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = ANY (current_schemas(false))
"""


class _Postgres:
    def __init__(self, connection: psycopg.Connection[tuple[Cell, ...]]) -> None:
        about = connection.info
        self.name = f"postgresql://{about.host}:{about.port}/{about.dbname}"
        self._connection = connection
        found: dict[str, set[str]] = {}
        for table, column in connection.execute(_COLUMNS):
            found.setdefault(table, set()).add(column)
        self.tables = {table: frozenset(columns) for table, columns in found.items()}

    def count(self, table: str) -> int:
        if table not in self.tables:
            return 0
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        found = self._connection.execute(statement).fetchone()
        assert found is not None
        return int(found[0])

    def rows(
        self, table: str, columns: Sequence[str], order: str = ""
    ) -> Iterator[tuple[Cell, ...]]:
        statement = select(self.tables.get(table), table, columns, order)
        if statement is None:
            return
        # A named cursor stays at the server: no more than a chunk is here at a time.
        with self._connection.cursor(name=f"import_{table}") as cursor:
            cursor.itersize = CHUNK
            cursor.execute(statement.encode())
            yield from cursor


@contextmanager
def open_postgres(dsn: str) -> Iterator[Source]:
    """The tables of a database by its address; raises SourceError."""
    address = _without_driver(dsn)
    try:
        conninfo_to_dict(address)
    except psycopg.Error as error:
        # The library's text quotes the address, and a password may stand in it.
        raise SourceError("this is no address of a PostgreSQL database") from error
    try:
        with closing(psycopg.connect(address)) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            source = _Postgres(connection)
            require_accounts(source)
            yield source
    except psycopg.Error as error:
        raise SourceError(f"PostgreSQL: {' '.join(str(error).split())}") from error


def _without_driver(dsn: str) -> str:
    """``postgresql+asyncpg://…`` is how SQLAlchemy writes an address; the driver is its matter."""
    if "://" not in dsn:
        return dsn
    parts = urlsplit(dsn)
    return urlunsplit(parts._replace(scheme=parts.scheme.partition("+")[0]))
