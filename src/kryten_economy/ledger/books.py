"""The one writer of the books: a batch of requests is one durable transaction.

A request that meets a defect answers Failed and leaves nothing behind; the others of its
batch stand. When commit returns, everything it answered is on the disk. When it raises
CommitUnknown, nothing is known: close, open again, and repeat the batch by its ids.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from kryten_economy.ledger import opening
from kryten_economy.ledger.displacement import FileLock, Rescue, refuse_after_a_loss
from kryten_economy.ledger.errors import CommitUnknown, DisplacedBooks, UnsavedBooks
from kryten_economy.ledger.facts import Committed
from kryten_economy.ledger.operation import Failed, Request, ids_of, perform
from kryten_economy.ledger.tx import Tx

__all__ = ("Books",)

_log = logging.getLogger("kryten_economy.ledger.books")


class Books:
    """Synchronous; use it in the thread of its connection only."""

    def __init__(self, connection: apsw.Connection, lock: FileLock | None) -> None:
        self._connection = connection
        self._lock = lock
        self._tx = Tx(connection)
        self._broken = False
        self._rescue = Rescue(connection)
        self._closed = False

    @classmethod
    def open(cls, path: str | Path, *, vfs: str | None = None) -> "Books":
        """Open or create a book file; raises the errors of `kryten_economy.ledger.errors`."""
        refuse_after_a_loss(path)
        lock = FileLock(path)
        try:
            flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            connection = opening.connect(path, flags, vfs)
            try:
                opening.prepare_writer(connection)
                return cls(connection, lock)
            except BaseException:
                connection.close(True)
                raise
        except BaseException:
            lock.release()
            raise

    @classmethod
    def on(cls, connection: apsw.Connection) -> "Books":
        """The same on a connection somebody else opened, called in its thread.

        A file is locked here as well; `close` gives up the lock and closes the connection.
        When this raises, the connection stays open and is the caller's to close.
        """
        if connection.filename:
            refuse_after_a_loss(connection.filename)
        lock = FileLock(connection.filename) if connection.filename else None
        try:
            opening.prepare_writer(connection)
            return cls(connection, lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    def commit(self, batch: Sequence[Request[Any]]) -> Committed:
        """Do the requests in order; the answers stand in the same order.

        Where the file was taken away they are done and saved as `check_place` says, but nobody
        may be told so.
        """
        if self._broken:
            raise CommitUnknown("an earlier commit failed")
        committed = self._commit(batch)
        self.check_place()
        return committed

    def check_place(self) -> None:
        """Raise DisplacedBooks, with everything saved, if the file is not the one at its path.

        Raises UnsavedBooks where it could not be saved; the next call tries again. What is
        committed after that is saved at the latest by `close`.
        """
        if self._rescue.is_needed:
            raise DisplacedBooks(str(self._rescue.save_once()))

    def _commit(self, batch: Sequence[Request[Any]]) -> Committed:
        try:
            try:
                return self._together(batch)
            except opening.BROKEN_WORLD:
                raise
            except Exception:  # noqa: BLE001 - some request met a defect; find out which
                self._undo()
                return self._apart(batch)
        except opening.BROKEN_WORLD as error:
            self._broken = True
            raise CommitUnknown(f"{type(error).__name__}: {error}") from error
        finally:
            self._leave()

    def close(self) -> None:
        """Close the connection and let others in; closing twice is harmless.

        With it goes all that is left of a file that was taken away, so that is saved first.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._save_what_would_be_lost()
            self._connection.close(self._broken)
            self._rescue.clear_logs()
        except apsw.Error:
            # Of a broken disk nothing new is learned; the next opening tells.
            if not self._broken:
                raise
        finally:
            if self._lock is not None:
                self._lock.release()

    def _save_what_would_be_lost(self) -> None:
        if not self._rescue.is_needed or self._rescue.is_complete:
            return
        level = logging.INFO if self._rescue.is_told else logging.CRITICAL
        try:
            saved = self._rescue.save()
        except UnsavedBooks as error:
            _log.critical("%s", error)
        else:
            _log.log(level, "the book file was taken away; what it held is saved as %s", saved)

    def _together(self, batch: Sequence[Request[Any]]) -> Committed:
        """The whole batch at once, which is the common case and cheap."""
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        tx = self._tx
        tx.journal.expect(ids_of(batch))
        answers = tuple(perform(tx, request) for request in batch)
        tx.finish()
        run("COMMIT")
        return self._committed(answers)

    def _apart(self, batch: Sequence[Request[Any]]) -> Committed:
        """Each request in a savepoint of its own, so that a defect takes only itself."""
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        answers = tuple(self._alone(request) for request in batch)
        run("COMMIT")
        return self._committed(answers)

    def _committed(self, answers: tuple[object, ...]) -> Committed:
        facts, counts = self._tx.tell()
        return Committed(answers, facts, counts)

    def _alone(self, request: Request[Any]) -> object:
        run = self._connection.execute
        run("SAVEPOINT request")
        try:
            with self._tx.alone():
                answer = perform(self._tx, request)
                self._tx.finish()
        except opening.BROKEN_WORLD:
            raise
        except Exception as error:  # noqa: BLE001 - the books supervise their requests
            run("ROLLBACK TO request")
            run("RELEASE request")
            self._tx.forget_rows()
            return Failed(f"{type(error).__name__}: {error}", error)
        run("RELEASE request")
        return answer

    def _leave(self) -> None:
        """Nothing stays open, whatever went wrong or interrupted."""
        try:
            if self._connection.in_transaction:
                self._undo()
        except apsw.Error:
            self._broken = True

    def _undo(self) -> None:
        # A full disk has rolled the transaction back already.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._tx.forget()
