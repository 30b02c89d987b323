"""Backups that were verified, and the way back."""

from pathlib import Path

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, hold, key, look, spend

from kryten_economy.features.money.operations import Posted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.backup import backup, restore
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import BooksInUse, CorruptBooks, MissingBooks, UnwritableBooks
from kryten_economy.ledger.previews import ChannelChange, restore_preview
from kryten_economy.ledger.verification import verify

MINUTE_MS = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def test_a_backup_of_running_books_is_whole(books: Books, path: Path, folder: Path) -> None:
    """A backup taken while the writer is open holds all that was answered, in one file."""
    books.commit([earn("Bob", 5), hold("Bob", 2, "h")])
    result = backup(path, folder, NOW, keep=3)
    books.commit([earn("Bob", 7)])
    assert result.path.name == "books-20250314T110000000Z.db"
    assert result.report.transfers == 2
    assert result.size_bytes == result.path.stat().st_size
    assert [entry.name for entry in folder.iterdir()] == [result.path.name]
    copy = Reports.open(result.path)
    wallet = copy.wallet(key("bob"), DAY)
    copy.close()
    assert wallet is not None
    assert wallet.balance_z == 3


def test_old_backups_go(books: Books, path: Path, folder: Path) -> None:
    """The newest ``keep`` stay; other files are not touched; the new one never goes."""
    folder.mkdir()
    stranger = folder / "books-notes.db"
    stranger.write_text("mine")
    results = [backup(path, folder, NOW + n * MINUTE_MS, keep=2) for n in range(4)]
    assert [old.name for old in results[3].pruned] == [results[1].path.name]
    left = {entry.name for entry in folder.iterdir()}
    assert left == {results[2].path.name, results[3].path.name, stranger.name}
    last = backup(path, folder, NOW - MINUTE_MS, keep=0)
    assert last.path.exists(), "even with a clock that went back"


def test_a_backup_that_does_not_verify_is_no_backup(path: Path, folder: Path) -> None:
    """Books that don't add up give no backup, and cost no older one."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books.close()
    good = backup(path, folder, NOW, keep=1)
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE account SET balance_z = balance_z + 1 WHERE name = 'bob'")
    connection.close()
    with pytest.raises(CorruptBooks, match="balance"):
        backup(path, folder, NOW + MINUTE_MS, keep=1)
    assert [entry.name for entry in folder.iterdir()] == [good.path.name]


def test_no_backup_of_nothing(tmp_path: Path, folder: Path) -> None:
    """Missing books and an impossible directory are told."""
    with pytest.raises(MissingBooks):
        backup(tmp_path / "none.db", folder, NOW, keep=1)
    Books.open(tmp_path / "books.db").close()
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableBooks):
        backup(tmp_path / "books.db", tmp_path / "file", NOW, keep=1)


def test_preview_tells_what_would_be_lost(books: Books, path: Path, folder: Path) -> None:
    """The preview counts later transfers and compares each channel; it changes nothing."""
    books.commit([earn("Bob", 5)])
    saved = backup(path, folder, NOW, keep=1).path
    books.commit([earn("Eve", 7), spend("Bob", 2)])
    preview = restore_preview(saved, path)
    assert preview.report.ok
    assert (preview.lost_transfers, preview.lost_operations) == (2, 2)
    assert preview.channels == (ChannelChange(CHANNEL, 2, 1, 10, 5),)
    assert (preview.backup.last_transfer, preview.backup.last_operation_ms) == (1, NOW)
    assert preview.target is not None
    assert preview.target.last_transfer == 3


def test_preview_of_unreadable_books(path: Path, folder: Path) -> None:
    """Damaged or missing books are told, and what the backup would bring."""
    Books.open(path).close()
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books.close()
    saved = backup(path, folder, NOW, keep=1).path
    path.write_bytes(b"x" * 9000)
    preview = restore_preview(saved, path)
    assert preview.target is None
    assert "damaged" in preview.target_problem
    assert preview.channels == (ChannelChange(CHANNEL, 0, 1, 0, 5),)


def test_restore_brings_back_and_keeps_what_was(path: Path, folder: Path) -> None:
    """The backup takes the place of the books; the replaced file stays whole beside it."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    saved = backup(path, folder, NOW, keep=1).path
    books.commit([earn("Bob", 7)])
    books.close()
    restored = restore(saved, path, NOW + 1)
    assert restored.replaced is not None
    assert restored.replaced.name == "books.db.replaced-20250314T110000001Z"
    assert verify(restored.replaced).transfers == 2
    books = Books.open(path)
    assert look(books, "Bob").balance_z == 5
    assert isinstance(ask(books, earn("Bob", 1)), Posted)
    books.close()
    assert verify(path).ok
    assert saved.exists()


def test_restore_is_refused_while_the_books_are_open(
    books: Books, path: Path, folder: Path
) -> None:
    """A running service keeps its file."""
    saved = backup(path, folder, NOW, keep=1).path
    with pytest.raises(BooksInUse):
        restore(saved, path, NOW)
    books.commit([earn("Bob", 1)])


def test_restore_verifies_first(path: Path, tmp_path: Path) -> None:
    """A damaged backup replaces nothing."""
    Books.open(path).close()
    before = path.read_bytes()
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"x" * 9000)
    with pytest.raises(CorruptBooks):
        restore(bad, path, NOW)
    assert path.read_bytes() == before


def test_restore_over_damaged_books_drops_their_log(path: Path, folder: Path) -> None:
    """A log left by a crash is kept with the damaged file and never applied to the backup."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    saved = backup(path, folder, NOW, keep=1).path
    books.commit([earn("Bob", 7)])
    log = path.with_name("books.db-wal").read_bytes()
    books.close()
    path.write_bytes(b"x" * 9000)
    path.with_name("books.db-wal").write_bytes(log)
    path.with_name("books.db-shm").write_bytes(b"stale")
    restored = restore(saved, path, NOW)
    assert restored.replaced is not None
    assert restored.replaced.read_bytes() == b"x" * 9000
    names = {entry.name for entry in path.parent.iterdir()}
    assert not names & {"books.db-wal", "books.db-shm"}
    books = Books.open(path)
    assert look(books, "Bob").balance_z == 5
    books.close()


def test_restore_to_an_empty_place(path: Path, folder: Path, tmp_path: Path) -> None:
    """On a new machine there is nothing to keep."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books.close()
    saved = backup(path, folder, NOW, keep=1).path
    target = tmp_path / "elsewhere.db"
    assert restore(saved, target, NOW).replaced is None
    assert verify(target).transfers == 1
