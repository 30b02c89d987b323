"""The operating system's promise that only one process writes a book file.

An exclusive `flock` on ``<path>.lock``, where symbolic links are followed, and a socket name made
of the file's device and number, which a hard link shares. The system drops both when the process
dies. The empty lock file stays, because removing it would let two processes lock two files.
"""

import fcntl
import os
import socket
import sys
from pathlib import Path

from kryten_economy.ledger.errors import BooksInUse, UnwritableBooks

__all__ = ("FileLock", "create_private")


class FileLock:
    """Held from creation until `release`; makes an empty file where none is, if so asked."""

    def __init__(self, path: str | Path, *, create: bool = True) -> None:
        real = os.path.realpath(path)
        name = f"{real}.lock"
        self._socket: socket.socket | None = None
        try:
            self._descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UnwritableBooks(f"{name}: {error.strerror}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if create:
                create_private(real)
            self._lock_inode(real)
        except OSError as error:
            self.release()
            raise BooksInUse(str(path)) from error

    def _lock_inode(self, real: str) -> None:
        """A descriptor of the file itself won't do: closing it would drop SQLite's own locks."""
        if sys.platform != "linux" or not os.path.exists(real):  # noqa: PTH110
            return
        found = os.stat(real)  # noqa: PTH116
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0kryten-economy:{found.st_dev}:{found.st_ino}")

    def release(self) -> None:
        """Let others in; releasing twice is harmless."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def create_private(path: str | Path) -> None:
    """An empty file that nobody else may read; one that exists is left as it is."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
