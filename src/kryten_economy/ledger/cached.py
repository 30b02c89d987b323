"""Small rows that talk and games touch again and again: read once, written once a batch.

A feature names its table once, as a `CachedTable`; `Tx.cached` gives it the rows. Keys and values
are tuples in the order of the statements.
"""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from kryten_economy.ledger.sqlite import Sql, Value

__all__ = ("CachedRows", "CachedTable")

ROWS_MAX: Final = 65_536

K = TypeVar("K", bound=tuple[Value, ...])
V = TypeVar("V", bound=tuple[Value, ...])


@dataclass(frozen=True, slots=True)
class CachedTable(Generic[K, V]):
    """How a row is read by its key, and how key and value together are stored."""

    select: str
    upsert: str


class CachedRows(Generic[K, V]):
    """The rows of one table on the writing connection."""

    def __init__(self, sql: Sql, table: CachedTable[K, V]) -> None:
        self._sql = sql
        self._table = table
        self._rows: dict[K, V | None] = {}
        self._changed: dict[K, None] = {}

    def get(self, key: K) -> V | None:
        """The value, or None where there is no row."""
        try:
            return self._rows[key]
        except KeyError:
            value: V | None = self._sql.row(self._table.select, *key)  # type: ignore[assignment]
            self._rows[key] = value
            return value

    def put(self, key: K, value: V) -> None:
        """Store a value."""
        self._rows[key] = value
        self._changed[key] = None

    def write(self) -> None:
        """Put what has changed into the table."""
        if not self._changed:
            return
        rows: list[tuple[Value, ...]] = []
        for key in self._changed:
            value = self._rows[key]
            assert value is not None, key
            rows.append((*key, *value))
        self._sql.each(self._table.upsert, rows)
        self._changed = {}
        if len(self._rows) > ROWS_MAX:
            self._rows = {}
