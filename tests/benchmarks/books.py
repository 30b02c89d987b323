"""The database of a service under test, read from outside while the service runs.

The reader sees what is committed and nothing else, so what it shows is durable. The columns
used here have the same names in the books of this project and in those of 0.13.0.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ("LONG_MESSAGE", "Books", "open_books")

LONG_MESSAGE = "chat.long_message"
_BUSY_S = 5.0


class Books:
    """Sums over all channels and days."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def messages(self) -> int:
        """Chat lines counted."""
        return self._number("SELECT sum(messages_sent) FROM daily_activity")

    def minutes(self) -> int:
        """Presence minutes counted, of all users together."""
        return self._number("SELECT sum(minutes_present) FROM daily_activity")

    def hits(self, trigger: str) -> int:
        """How often a trigger has paid."""
        return self._number(
            "SELECT sum(hit_count) FROM trigger_analytics WHERE trigger_id = ?", trigger
        )

    def _number(self, statement: str, *values: str) -> int:
        (found,) = self._connection.execute(statement, values).fetchone()
        return int(found or 0)


@contextmanager
def open_books(path: Path) -> Iterator[Books]:
    """Open a database for reading; it must exist already."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)) as found:
        yield Books(found)
