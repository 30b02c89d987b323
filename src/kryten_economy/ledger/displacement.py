"""Notices that the open book file is no longer the one at its path, and saves what it holds.

Whoever goes on after that acknowledges money that nobody will see again. What was committed is
still in the open connection: it is copied beside the lost file, where a start finds it.
"""

import logging
import os
import time
from pathlib import Path

import apsw

from kryten_economy.ledger.errors import DisplacedBooks
from kryten_economy.ledger.filelock import create_private

__all__ = ("Place", "refuse_after_a_loss", "save_to_new_place")

_log = logging.getLogger("kryten_economy.ledger.displacement")


class Place:
    """Which file a connection opened; a database in memory is never displaced."""

    def __init__(self, filename: str) -> None:
        self._path = Path(filename) if filename else None
        self._opened = self._found()

    def is_lost(self) -> bool:
        """Whether another file, or none, is there now."""
        return self._path is not None and self._found() != self._opened

    def _found(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for at each commit
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def save_to_new_place(connection: apsw.Connection) -> Path:
    """Copy all that the connection has committed to ``<name>.rescued-<number>``."""
    lost = Path(connection.filename)
    lost.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    saved = lost.with_name(f"{lost.name}.rescued-{time.time_ns()}")
    create_private(saved)
    writer = apsw.Connection(str(saved))
    try:
        with writer.backup("main", connection, "main") as copying:
            copying.step(-1)
        writer.pragma("journal_mode", "delete")
    finally:
        writer.close()
    _log.critical("the book file was removed or replaced; what it held is saved as %s", saved)
    return saved


def refuse_after_a_loss(path: str | Path) -> None:
    """Raise DisplacedBooks while a saved file lies here: an operator decides which books count."""
    lost = Path(path).resolve()
    saved = sorted(lost.parent.glob(f"{lost.name}.rescued-*"))
    if saved:
        raise DisplacedBooks(str(saved[-1]))
