"""Where a database connection lives: in a thread of its own, or right here.

The thread is the standard library's and the connection a plain one: on a connection of APSW's
asynchronous API each statement costs half as much again, also within the connection's own thread.
Inline homes serve tests on a virtual clock, to which threads are invisible.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, Protocol, TypeVar, TypeVarTuple, Unpack

import apsw

from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger import opening
from kryten_economy.ledger.books import Books

__all__ = ("Home", "InlineHome", "ThreadHome", "books_at", "reports_at")

T = TypeVar("T")
Args = TypeVarTuple("Args")


class Tenant(Protocol):
    """What lives in a home."""

    def close(self) -> None:
        """Close the connection."""
        ...


R = TypeVar("R", bound=Tenant)
R_co = TypeVar("R_co", bound=Tenant, covariant=True)


class Home(Protocol[R_co]):
    """A place in which functions of a connection's owner are run one at a time."""

    async def open(self) -> None:
        """Open the connection; raises the errors of `kryten_economy.ledger.errors`."""
        ...

    async def run(self, work: Callable[[R_co], T]) -> T:
        """Run ``work`` where the connection lives and return what it returns."""
        ...

    async def close(self) -> None:
        """Close the connection; harmless when it is not open."""
        ...


class InlineHome(Generic[R]):
    """Runs everything in the caller's own thread."""

    def __init__(self, open_: Callable[[], R]) -> None:
        self._open = open_
        self._tenant: R | None = None

    async def open(self) -> None:
        """Open the connection."""
        self._tenant = self._open()

    async def run(self, work: Callable[[R], T]) -> T:
        """Run ``work`` at once."""
        assert self._tenant is not None, "open() first"
        return work(self._tenant)

    async def close(self) -> None:
        """Close the connection."""
        tenant, self._tenant = self._tenant, None
        if tenant is not None:
            tenant.close()


class ThreadHome(Generic[R]):
    """Runs everything in the one thread that owns the connection; on asyncio, as the bus.

    Work that has begun is done to its end, also when nobody waits for it any more.
    """

    def __init__(self, path: Path, flags: int, move_in: Callable[[apsw.Connection], R]) -> None:
        self._path = path
        self._flags = flags
        self._move_in = move_in
        self._thread: ThreadPoolExecutor | None = None
        self._tenant: R | None = None

    async def open(self) -> None:
        """Start the thread and open the connection in it."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="books")
        try:
            self._tenant = await _in_thread(thread, self._enter)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        self._thread = thread

    async def run(self, work: Callable[[R], T]) -> T:
        """Run ``work`` in the connection's thread."""
        assert self._thread is not None, "open() first"
        assert self._tenant is not None, "open() first"
        return await _in_thread(self._thread, work, self._tenant)

    async def close(self) -> None:
        """Close the connection and end its thread."""
        thread, self._thread = self._thread, None
        tenant, self._tenant = self._tenant, None
        if thread is None:
            return
        try:
            if tenant is not None:
                await _in_thread(thread, tenant.close)
        finally:
            thread.shutdown(wait=False)

    def _enter(self) -> R:
        connection = opening.connect(self._path, self._flags)
        try:
            return self._move_in(connection)
        except BaseException:
            connection.close(True)
            raise


async def _in_thread(
    thread: ThreadPoolExecutor, work: Callable[[Unpack[Args]], T], *args: *Args
) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, work, *args)


def books_at(path: Path) -> ThreadHome[Books]:
    """The writing connection of a data file, in its own thread."""
    return ThreadHome(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, Books.on)


def reports_at(path: Path) -> ThreadHome[Reports]:
    """A reading connection of a data file, in its own thread."""
    return ThreadHome(path, apsw.SQLITE_OPEN_READONLY, Reports.on)
