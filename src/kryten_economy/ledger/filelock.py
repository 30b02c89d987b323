"""The operating system's promise that only one process writes a book file.

An exclusive `flock` on ``<path>.lock``; the system drops it when the process dies. The
empty lock file stays, because removing it would let two processes lock two files.
"""

import fcntl
import os
from pathlib import Path

from kryten_economy.ledger.errors import BooksInUse, UnwritableBooks

__all__ = ("FileLock",)


class FileLock:
    """Held from creation until `release`."""

    def __init__(self, path: str | Path) -> None:
        name = f"{path}.lock"
        try:
            self._descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise UnwritableBooks(f"{name}: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise BooksInUse(str(path)) from error

    def release(self) -> None:
        """Let others in; releasing twice is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
