"""Where the old accounts are: an SQLite file, a PostgreSQL database, or a file that names one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from kryten_economy.config import ConfigError
from kryten_economy.config.document import Document, read
from kryten_economy.config.loading import substitute
from kryten_economy.ledger.opening import APPLICATION_ID
from kryten_economy.migration.source import Source, SourceError, require_accounts, select
from kryten_economy.migration.values import Cell

__all__ = ("is_dsn", "open_source")

_SQLITE_HEADER = b"SQLite format 3\x00"
_CONFIG_ENDINGS = frozenset({".yaml", ".yml", ".json"})
_POSTGRES = frozenset({"postgres", "postgresql"})


def is_dsn(said: str) -> bool:
    """Whether this is the address of a PostgreSQL database."""
    scheme = said.partition("://")[0].partition("+")[0]
    return ("://" in said and scheme in _POSTGRES) or "dbname=" in said


@contextmanager
def open_source(said: str, environ: Mapping[str, str]) -> Iterator[Source]:
    """Open what ``import`` was given; raises SourceError."""
    if is_dsn(said):
        with _postgres(said) as source:
            yield source
        return
    path = Path(said)
    if not path.is_file():
        raise SourceError(f"{said}: there is no such file")
    with path.open("rb") as file:
        is_sqlite = file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER
    if is_sqlite:
        with _sqlite(path) as source:
            yield source
    elif path.suffix.lower() in _CONFIG_ENDINGS:
        with _named_by(path, environ) as source:
            yield source
    else:
        raise SourceError(
            f"{said}: neither an SQLite database nor a configuration file (.yaml, .yml, .json)"
        )


# SQLite


class _Sqlite:
    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self.name = str(path)
        self._connection = connection
        listed = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        self.tables: Mapping[str, frozenset[str]] = {
            str(table): frozenset(
                str(row[0])
                for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
            )
            for (table,) in listed.fetchall()
        }

    def count(self, table: str) -> int:
        if table not in self.tables:
            return 0
        found = self._connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
        assert found is not None
        return int(found[0])

    def rows(
        self, table: str, columns: Sequence[str], order: str = ""
    ) -> Iterator[tuple[Cell, ...]]:
        statement = select(self.tables.get(table), table, columns, order or "rowid")
        return iter(()) if statement is None else self._connection.cursor().execute(statement)


@contextmanager
def _sqlite(path: Path) -> Iterator[Source]:
    connection = _opened(path)
    try:
        connection.execute("BEGIN")
        if _value(connection, "PRAGMA application_id") == APPLICATION_ID:
            raise SourceError(
                f"{path}: these are books of this version, not of an older one. To bring back"
                " a copy of them use `kryten-economy restore`"
            )
        source = _Sqlite(connection, path)
        require_accounts(source)
        yield source
    except apsw.Error as error:
        raise SourceError(f"{path}: {error}") from error
    finally:
        connection.close()


def _opened(path: Path) -> apsw.Connection:
    """Read-only; what its write-ahead log holds belongs to it.

    In a folder that can't be written SQLite can't share the log. Without one it needn't.
    """
    address = f"file:{_quoted(path)}?mode=ro"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    try:
        connection = apsw.Connection(address, flags=flags)
        _value(connection, "SELECT count(*) FROM sqlite_schema")
    except apsw.Error as error:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:
            raise SourceError(
                f"{path}: {error}. It has a write-ahead log: copy both to a folder that can"
                " be written, and import from there"
            ) from error
        connection = apsw.Connection(f"{address}&immutable=1", flags=flags)
    return connection


def _quoted(path: Path) -> str:
    absolute = str(path.absolute())
    return absolute.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _value(connection: apsw.Connection, statement: str) -> Cell:
    row = connection.execute(statement).fetchone()
    return None if row is None else row[0]


# PostgreSQL


@contextmanager
def _postgres(dsn: str) -> Iterator[Source]:
    try:
        from kryten_economy.migration.postgres import open_postgres  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SourceError(
            "reading PostgreSQL needs psycopg: pip install 'kryten-economy[import]'"
        ) from error
    with open_postgres(dsn) as source:
        yield source


# A configuration file that names one


@contextmanager
def _named_by(path: Path, environ: Mapping[str, str]) -> Iterator[Source]:
    try:
        document = read(path)
    except ConfigError as error:
        raise SourceError(str(error)) from error
    document.change_texts(lambda each: substitute(each, environ))
    backend = document.value(("database", "backend")) or "sqlite"
    database = Path(str(document.value(("database", "path")) or "economy.db"))
    # Whoever has written `sqlite` for the new books still has the section of the old ones.
    has_section = bool(document.value(("database", "postgres")))
    if backend in _POSTGRES or (has_section and not database.is_file()):
        with _postgres(_dsn_of(document, path, environ)) as source:
            yield source
        return
    if not database.is_file():
        raise SourceError(f"{path}: its database.path names {database}, which is not there")
    with _sqlite(database) as source:
        yield source


def _dsn_of(document: Document, path: Path, environ: Mapping[str, str]) -> str:
    """The address as the old service found it: from the environment, whole, or in parts."""

    def said(key: str) -> str:
        value = document.value(("database", "postgres", key))
        return "" if value is None else str(value)

    whole = environ.get(said("dsn_env"), "") or said("dsn")
    if whole:
        return whole
    parts = {
        "host": said("host"),
        "port": said("port"),
        "user": said("user"),
        "dbname": said("dbname"),
        "password": environ.get(said("password_env"), "") or said("password"),
    }
    if not parts["dbname"]:
        raise SourceError(
            f"{path}: database.postgres names no database: neither dsn_env, dsn nor dbname is set"
        )
    escaped = {key: value.replace("\\", "\\\\").replace("'", "\\'") for key, value in parts.items()}
    return " ".join(f"{key}='{value}'" for key, value in escaped.items() if value)
