"""Where a database connection lives: in a thread of its own, or right here.

The only module that uses APSW's asynchronous API, which moves between minor versions and is
therefore pinned in pyproject.toml. Inline homes serve tests on a virtual clock, to which
threads are invisible.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import apsw

from kryten_economy.ledger import Books, Reports

__all__ = ("Home", "InlineHome", "ThreadHome", "books_at", "reports_at")

T = TypeVar("T")


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
    """Runs everything in the one thread that owns the connection."""

    def __init__(self, path: Path, flags: int, move_in: Callable[[apsw.Connection], R]) -> None:
        self._path = path
        self._flags = flags
        self._move_in = move_in
        self._connection: apsw.AsyncConnection | None = None
        self._tenant: R | None = None

    async def open(self) -> None:
        """Start the thread and open the connection in it."""
        connection = await apsw.Connection.as_async(str(self._path), self._flags)
        try:
            self._tenant = await connection.async_run(self._move_in, connection)
        except BaseException:
            await connection.aclose()
            raise
        self._connection = connection

    async def run(self, work: Callable[[R], T]) -> T:
        """Run ``work`` in the connection's thread."""
        assert self._connection is not None, "open() first"
        result: T = await self._connection.async_run(work, self._tenant)
        return result

    async def close(self) -> None:
        """Close the connection and end its thread."""
        connection, self._connection = self._connection, None
        tenant, self._tenant = self._tenant, None
        if connection is None:
            return
        try:
            if tenant is not None:
                await connection.async_run(tenant.close)
        finally:
            await connection.aclose()


def books_at(path: Path) -> ThreadHome[Books]:
    """The writing connection of a data file, in its own thread."""
    return ThreadHome(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, Books.on)


def reports_at(path: Path) -> ThreadHome[Reports]:
    """A reading connection of a data file, in its own thread."""
    return ThreadHome(path, apsw.SQLITE_OPEN_READONLY, Reports.on)
