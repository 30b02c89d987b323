"""What an import reads: the tables of the old service, wherever they are.

A source is one snapshot: everything is read in one transaction, and nothing is written. Tables
and columns that an older version lacks are simply not there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kryten_economy.migration.values import Cell

__all__ = ("Source", "SourceError", "require_accounts", "select")


class SourceError(Exception):
    """The source can't be read; the text says what it is and what to do."""


class Source(Protocol):
    """The tables of the old service."""

    @property
    def name(self) -> str:
        """How it is called in the report; no password is in it."""

    @property
    def tables(self) -> Mapping[str, frozenset[str]]:
        """The columns of each table."""

    def count(self, table: str) -> int:
        """How many rows a table has; 0 if it is not there."""

    def rows(
        self, table: str, columns: Sequence[str], order: str = ""
    ) -> Iterator[tuple[Cell, ...]]:
        """The rows of a table; a column that is not there is None."""


def select(
    have: frozenset[str] | None, table: str, columns: Sequence[str], order: str
) -> str | None:
    """The statement for a table, None where there is none; names are ours, or were found there."""
    if have is None:
        return None
    wanted = ", ".join(f'"{each}"' if each in have else "NULL" for each in columns)
    by = f' ORDER BY "{order}"' if order in have else ""
    return f'SELECT {wanted} FROM "{table}"{by}'  # noqa: S608


def require_accounts(source: Source) -> None:
    """Raise SourceError for the database of something else."""
    if not {"username", "channel", "balance"} <= source.tables.get("accounts", frozenset()):
        raise SourceError(
            f"{source.name}: no table of accounts with usernames, channels and balances is there,"
            " so this is no database of kryten-economy 0.13 to 0.16"
        )
