"""The reading side of the books: its own connection, so that reports neither wait nor delay."""

from pathlib import Path
from typing import Self

import apsw

from kryten_economy.ledger import opening
from kryten_economy.ledger.errors import MissingBooks
from kryten_economy.ledger.sqlite import Sql

__all__ = ("Reader",)


class Reader:
    """Synchronous and read-only; use it in the thread of its connection only."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self._sql = Sql(connection)

    @classmethod
    def open(cls, path: str | Path, *, vfs: str | None = None) -> Self:
        """Open books that exist already; raises the errors of `kryten_economy.ledger.errors`."""
        if not Path(path).exists():
            raise MissingBooks(str(path))
        connection = opening.connect(path, apsw.SQLITE_OPEN_READONLY, vfs)
        try:
            return cls.on(connection)
        except BaseException:
            connection.close(True)
            raise

    @classmethod
    def on(cls, connection: apsw.Connection) -> Self:
        """The same on a connection somebody else opened, called in its thread."""
        opening.prepare_reader(connection)
        return cls(connection)

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        self.connection.close()
