"""Where connections live: one thread each, which ends with them."""

import threading
from pathlib import Path

import anyio
import pytest
from tests.unit.ledger.acts import DAY, ask, earn, key

from economy_actors.ledger import books_at, reports_at
from kryten_economy.features.money.operations import Posted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import BooksInUse, LedgerError


@pytest.fixture
def anyio_backend() -> str:
    """Threads are of the real clock."""
    return "asyncio"


def _threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name.startswith("books")}


def _join(threads: set[threading.Thread]) -> None:
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), thread


async def test_all_work_on_a_connection_is_done_in_its_own_thread(tmp_path: Path) -> None:
    """Never in the loop's thread, never in that of another connection."""
    books, reports = books_at(tmp_path / "e.db"), reports_at(tmp_path / "e.db")
    before = _threads()
    await books.open()
    await reports.open()
    by_books = {await books.run(lambda _: threading.get_ident()) for _ in range(3)}
    by_reports = {await reports.run(lambda _: threading.get_ident()) for _ in range(3)}
    assert len(by_books) == len(by_reports) == 1
    assert len(by_books | by_reports | {threading.get_ident()}) == 3
    threads = _threads() - before
    await reports.close()
    await books.close()
    await books.close()
    _join(threads)


async def test_what_has_begun_is_done_though_nobody_waits(tmp_path: Path) -> None:
    """Who stops waiting for a commit does not stop the commit; the file is closed after it."""
    path = tmp_path / "e.db"
    home, began, go_on = books_at(path), threading.Event(), threading.Event()
    await home.open()

    def slowly(books: Books) -> object:
        began.set()
        assert go_on.wait(30)
        return ask(books, earn("Bob", 5))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(home.run, slowly)
        with anyio.fail_after(30):
            while not began.is_set():  # noqa: ASYNC110 - a thread sets it
                await anyio.sleep(0.001)
        tasks.cancel_scope.cancel()
    go_on.set()
    await home.close()
    with_bob = Reports.open(path)
    assert with_bob.wallet(key("bob"), DAY) is not None
    with_bob.close()
    again = Books.open(path)
    assert isinstance(ask(again, earn("Bob", 1)), Posted)
    again.close()


async def test_a_file_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    """The error is the books' own, and the home may try again."""
    before = _threads()
    home = books_at(tmp_path / "nowhere" / "e.db")
    for _ in range(2):
        with pytest.raises(LedgerError):
            await home.open()
    _join(_threads() - before)
    (tmp_path / "nowhere").mkdir()
    await home.open()
    second = books_at(tmp_path / "nowhere" / "e.db")
    with pytest.raises(BooksInUse):
        await second.open()
    assert isinstance(await home.run(lambda books: ask(books, earn("Bob", 5))), Posted)
    await home.close()
    await second.open()
    await second.close()
    _join(_threads() - before)
