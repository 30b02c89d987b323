"""The reading side of the books: its own connection, so that reports neither wait nor delay."""

from pathlib import Path

import apsw

from kryten_economy.ledger import opening
from kryten_economy.ledger.account_reports import AccountReports
from kryten_economy.ledger.channel_reports import ChannelReports
from kryten_economy.ledger.dwell_reports import DwellReports
from kryten_economy.ledger.errors import MissingBooks
from kryten_economy.ledger.occasion_reports import OccasionReports
from kryten_economy.ledger.progress_reports import ProgressReports
from kryten_economy.ledger.sqlite import Sql

__all__ = ("Reports",)


class Reports(DwellReports, AccountReports, ChannelReports, ProgressReports, OccasionReports):
    """Synchronous and read-only; use it in the thread of its connection only."""

    def __init__(self, connection: apsw.Connection) -> None:
        super().__init__(Sql(connection))
        self.connection = connection

    @classmethod
    def open(cls, path: str | Path, *, vfs: str | None = None) -> "Reports":
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
    def on(cls, connection: apsw.Connection) -> "Reports":
        """The same on a connection somebody else opened, called in its thread."""
        opening.prepare_reader(connection)
        return cls(connection)

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        self.connection.close()
