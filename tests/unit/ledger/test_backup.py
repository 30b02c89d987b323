"""Backups that were verified, and the way back."""

from pathlib import Path

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, hold, key, look, spend

from kryten_economy.features.money.operations import Posted
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.backup import (
    ChannelChange,
    backup,
    newest_backup_ms,
    restore,
    restore_preview,
)
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import (
    BooksInUse,
    CorruptBooks,
    DisplacedBooks,
    MissingBooks,
    UnsavedBooks,
    UnwritableBooks,
)
from kryten_economy.ledger.invariants import verify

MINUTE_MS = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def test_a_backup_of_running_books_is_whole(books: Books, path: Path, folder: Path) -> None:
    """A backup taken while the writer is open holds all that was answered, in one file."""
    books.commit([earn("Bob", 5), hold("Bob", 2, "h")])
    result = backup(path, folder, NOW, keep=3)
    books.commit([earn("Bob", 7)])
    assert result.path.name == "books-000001-20250314T110000000Z.db"
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
    assert restore(saved, target, NOW, new=True).replaced is None
    assert verify(target).transfers == 1


def test_what_is_previewed_is_what_is_restored(books: Books, path: Path, tmp_path: Path) -> None:
    """The newest transfers of a live file stand in its log, and come along."""
    books.commit([earn("Bob", 5)])
    source = tmp_path / "copy.db"
    for suffix in ("", "-wal"):
        copied = path.with_name(path.name + suffix).read_bytes()
        source.with_name(source.name + suffix).write_bytes(copied)
    target = tmp_path / "target.db"
    Books.open(target).close()
    shown = restore_preview(source, target)
    assert shown.report.transfers == 1
    restore(source, target, NOW)
    assert verify(target).transfers == 1


@pytest.mark.parametrize("read_meanwhile", [False, True])
def test_what_a_restore_replaced_can_be_restored(
    path: Path, folder: Path, read_meanwhile: bool
) -> None:
    """The file that was set aside brings all back, also what somebody kept in its log."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    saved = backup(path, folder, NOW, keep=1).path
    books.commit([earn("Bob", 7)])
    reader = Reports.open(path)
    if read_meanwhile:
        reader.connection.execute("BEGIN")
        assert reader.wallet(key("bob"), DAY) is not None
    else:
        reader.close()
    books.close()
    first = restore(saved, path, NOW)
    assert verify(path).transfers == 1
    assert first.replaced is not None
    assert first.replaced.with_name(f"{first.replaced.name}-wal").exists() == read_meanwhile
    reader.close()
    assert restore_preview(first.replaced, path).report.transfers == 2
    second = restore(first.replaced, path, NOW + 1)
    assert (second.report.transfers, verify(path).transfers) == (2, 2)
    books = Books.open(path)
    assert look(books, "Bob").balance_z == 12
    books.close()


def test_a_copy_of_two_times_is_refused(books: Books, path: Path, tmp_path: Path) -> None:
    """A file and a later log that do not belong together do not verify, and the books stay."""
    books.commit([earn("Bob", 5)])
    mixed = tmp_path / "mixed.db"
    taking = apsw.Connection(str(path))
    # A connection that has read nothing yet does not know of the log.
    taking.execute("SELECT count(*) FROM account").fetchall()
    taking.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    mixed.write_bytes(path.read_bytes())
    for number in range(200):
        books.commit([earn(f"Eve{number}", 3)])
    taking.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    taking.close()
    books.commit([earn("Bob", 7)])
    mixed.with_name("mixed.db-wal").write_bytes(path.with_name("books.db-wal").read_bytes())
    target = tmp_path / "target.db"
    good = Books.open(target)
    good.commit([earn("Bob", 1)])
    good.close()
    before = target.read_bytes()
    with pytest.raises(CorruptBooks):
        restore(mixed, target, NOW)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("target.db.*ing*"))


def test_restoring_where_no_books_are_is_asked_for(books: Books, path: Path, folder: Path) -> None:
    """A relative path from another directory makes no second books."""
    saved = backup(path, folder, NOW, keep=1).path
    elsewhere = folder / "none.db"
    with pytest.raises(MissingBooks):
        restore(saved, elsewhere, NOW)
    assert not elsewhere.exists()


@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_one_file_has_one_service_whatever_its_name(books: Books, path: Path, link: str) -> None:
    """Through another name of the same file the second one is refused, too."""
    other = path.with_name("other.db")
    if link == "hard":
        other.hardlink_to(path)
    else:
        other.symlink_to(path)
    with pytest.raises(BooksInUse):
        Books.open(other)
    assert isinstance(ask(books, earn("Bob", 1)), Posted)


def test_nobody_else_reads_what_is_made(books: Books, path: Path, folder: Path) -> None:
    """Books, their log, locks and backups are their owner's alone."""
    books.commit([earn("Bob", 1)])
    saved = backup(path, folder, NOW, keep=1).path
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in (*path.parent.glob("books.db*"), saved):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_backup_from_the_future_stops_nothing(
    books: Books, path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The order is the one in which they were made; a later date is told and counts for no age."""
    wrong = backup(path, folder, NOW + 9 * MINUTE_MS, keep=2).path
    assert newest_backup_ms(path, folder, NOW) is None
    [told] = caplog.records
    assert (told.levelname, str(wrong) in told.getMessage()) == ("WARNING", True)
    right = [backup(path, folder, NOW + n, keep=2).path for n in range(2)]
    assert not wrong.exists()
    assert newest_backup_ms(path, folder, NOW + 5) == NOW + 1
    assert sorted(folder.iterdir()) == right


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_taken_away_ends_acknowledging(
    path: Path, tmp_path: Path, replaced: bool
) -> None:
    """Nothing more is answered, and all that was asked for is saved beside the lost file."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    path.unlink()
    if replaced:
        other = Books.open(tmp_path / "other.db")
        other.close()
        (tmp_path / "other.db").rename(path)
    with pytest.raises(DisplacedBooks, match="rescued"):
        books.commit([earn("Bob", 7)])
    books.close()
    [saved] = tmp_path.glob("books.db.rescued-*")
    report = verify(saved)
    assert (report.ok, report.transfers) == (True, 2)
    with pytest.raises(DisplacedBooks):
        Books.open(path)


def test_what_comes_after_the_loss_is_saved_by_the_end(path: Path, tmp_path: Path) -> None:
    """The loss is found without a commit, and one copy has also what was asked for meanwhile."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books.check_place()
    path.unlink()
    with pytest.raises(DisplacedBooks, match="rescued"):
        books.check_place()
    for _ in range(2):
        with pytest.raises(DisplacedBooks, match="rescued"):
            books.commit([earn("Bob", 7)])
    books.close()
    [saved] = tmp_path.glob("books.db.*-*[0-9]")
    assert verify(saved).transfers == 3


def test_a_loss_that_nobody_noticed_is_saved_at_the_end(path: Path, tmp_path: Path) -> None:
    """With the connection goes the last that is left of the file."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    path.unlink()
    books.close()
    [saved] = tmp_path.glob("books.db.rescued-*")
    assert verify(saved).transfers == 1


def test_the_books_that_are_there_now_stay_what_they_are(path: Path, tmp_path: Path) -> None:
    """The log of the lost file lies beside them and is none of theirs; their own one stays."""
    books = Books.open(path)
    other = Books.open(tmp_path / "other.db")
    for number in range(20):
        books.commit([earn("Bob", 5)])
        other.commit([earn(f"Carol{number}", 3)])
    other.close()
    (tmp_path / "other.db").rename(path)
    books.close()
    [saved] = tmp_path.glob("books.db.rescued-*")
    saved.unlink()
    books = Books.open(path)
    books.commit([earn("Carol1", 3)])
    books.close()
    report = verify(path)
    assert (report.ok, report.accounts, report.transfers) == (True, 20, 21)


def test_what_cannot_be_saved_is_tried_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no room for a copy the connection stays, and nothing half is left behind."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    path.unlink()
    with monkeypatch.context() as full:
        full.setattr("kryten_economy.ledger.displacement._copy", _no_room)
        for _ in range(2):
            with pytest.raises(UnsavedBooks, match="no room"):
                books.commit([earn("Bob", 7)])
    assert not list(tmp_path.glob("books.db.*-*[0-9]"))
    with pytest.raises(DisplacedBooks):
        books.check_place()
    books.close()
    [saved] = tmp_path.glob("books.db.rescued-*")
    assert verify(saved).transfers == 3


def _no_room(_connection: object, _to: Path) -> None:
    raise OSError("no room")
