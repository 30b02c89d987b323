"""Notices that the open book file is no longer the one at its path, and saves what it holds.

Whoever goes on after that acknowledges money that nobody will see again. What was committed is
still in the open connection: it is copied beside the lost file, where a start finds it.

The operating system's promise that only one process writes a book file.

An exclusive `flock` on ``<path>.lock``, where symbolic links are followed, and a socket name made
of the file's device and number, which a hard link shares. The system drops both when the process
dies. The empty lock file stays, because removing it would let two processes lock two files.
"""

import fcntl
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import apsw

from kryten_economy.ledger.errors import BooksInUse, DisplacedBooks, UnsavedBooks, UnwritableBooks

__all__ = (
    "FileLock",
    "Place",
    "Rescue",
    "create_private",
    "refuse_after_a_loss",
)


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


_LOGS = ("-wal", "-shm")


class Place:
    """Which file was opened; a database in memory is never displaced."""

    def __init__(self, filename: str) -> None:
        self._path = Path(filename) if filename else None
        self._opened = self._found()

    def is_lost(self) -> bool:
        """Whether another file, or none, is there now; a disk that can't tell lost nothing."""
        try:
            return self._path is not None and self._found() != self._opened
        except OSError:
            return False

    def _found(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for at each commit
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_dev, found.st_ino


class Rescue:
    """The copy of a connection whose file was taken away, as ``<name>.rescued-<number>``."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._place = Place(connection.filename)
        # SQLite leaves these behind where its file was taken away, and would take them for
        # those of the file that is there next.
        self._logs = {end: Place(f"{connection.filename}{end}") for end in _LOGS}
        self._filename = connection.filename
        self._saved: Path | None = None
        self._changes = 0

    @property
    def is_needed(self) -> bool:
        """Whether the file was taken away; once lost is lost for good."""
        return self._saved is not None or self._place.is_lost()

    @property
    def is_told(self) -> bool:
        """Whether somebody knows where the copy is."""
        return self._saved is not None

    @property
    def is_complete(self) -> bool:
        """Whether the copy has all that was committed."""
        return self._saved is not None and self._connection.total_changes() == self._changes

    def save_once(self) -> Path:
        """The copy, made at the first call."""
        return self._saved or self.save()

    def save(self) -> Path:
        """Copy all that was committed, over an earlier copy; raises UnsavedBooks."""
        lost = Path(self._connection.filename)
        saved = self._saved or lost.with_name(f"{lost.name}.rescued-{time.time_ns()}")
        # A copy that was cut off half way must neither stop a start nor spoil an earlier one.
        fresh = saved.with_name(f"{lost.name}.half-{saved.name.rpartition('-')[2]}")
        changes = self._connection.total_changes()
        try:
            lost.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_private(fresh)
            _copy(self._connection, fresh)
            fresh.replace(saved)
        except (OSError, apsw.Error) as error:
            with suppress(OSError):
                fresh.unlink()
            raise UnsavedBooks(f"{saved}: {error}") from error
        self._saved, self._changes = saved, changes
        return saved

    def clear_logs(self) -> None:
        """After the connection was closed: remove what belongs to nobody any more."""
        for end, log in self._logs.items():
            if self._saved is not None and not log.is_lost():
                Path(f"{self._filename}{end}").unlink(missing_ok=True)


def _copy(connection: apsw.Connection, to: Path) -> None:
    writer = apsw.Connection(str(to))
    try:
        with writer.backup("main", connection, "main") as copying:
            copying.step(-1)
        writer.pragma("journal_mode", "delete")
    finally:
        writer.close()


def refuse_after_a_loss(path: str | Path) -> None:
    """Raise DisplacedBooks while a saved file lies here: an operator decides which books count."""
    lost = Path(path).resolve()
    saved = sorted(lost.parent.glob(f"{lost.name}.rescued-*"))
    if saved:
        raise DisplacedBooks(str(saved[-1]))
