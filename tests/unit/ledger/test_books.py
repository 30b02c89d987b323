"""The writer: isolation of requests, the lock, what it refuses to open."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NOW,
    ask,
    earn,
    hold,
    key,
    look,
    pay,
    release,
    spend,
    tip,
)

from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger import opening
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import (
    BooksInUse,
    CommitUnknown,
    CorruptBooks,
    ForeignBooks,
    MissingBooks,
    NewerSchema,
    OlderSchema,
    UnreleasedBooks,
    UnwritableBooks,
)
from kryten_economy.ledger.facts import Committed
from kryten_economy.ledger.holds import Held
from kryten_economy.ledger.operation import Failed, Request, operation
from kryten_economy.ledger.tx import Tx
from kryten_economy.refusals import Insufficient
from kryten_economy.users import UserKey


def test_a_defect_takes_only_its_own_request(books: Books) -> None:
    """A request that raises is Failed and leaves nothing; the others of its batch stand."""
    unknown = pay("Bob", 3, "no_such_type", "x")
    misnamed = RecordActivity(key("Eve"), "NotEve", NOW, DAY)
    answers = books.commit(
        [earn("Bob", 5), unknown, spend("Bob", 2), misnamed, earn("Eve", 1)]
    ).answers
    kinds = [type(answer) for answer in answers]
    assert kinds == [Posted, Failed, Posted, Failed, Posted]
    failed = answers[1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.exception, KeyError)
    assert "no_such_type" in failed.error
    assert look(books, "Bob").balance_z == 3


def test_a_defect_after_writing_is_undone(
    books: Books, monkeypatch: pytest.MonkeyPatch, reports: Reports
) -> None:
    """A request that fails half-way leaves neither money nor rows behind."""
    books.commit([earn("Bob", 5), earn("Eve", 5)])
    hit = books._tx.analytics.hit

    def failing_hit(account: Account, trigger_id: str, amount_z: int, day: str) -> None:
        if amount_z == 3:
            raise RuntimeError("half-way")
        hit(account, trigger_id, amount_z, day)

    monkeypatch.setattr(books._tx.analytics, "hit", failing_hit)
    answers = books.commit([earn("Eve", 1), earn("Bob", 3, "bad"), earn("Eve", 2)]).answers
    assert [type(answer) for answer in answers] == [Posted, Failed, Posted]
    assert (look(books, "Bob").balance_z, look(books, "Eve").balance_z) == (5, 8)
    assert len(reports.transactions(key("Bob"))) == 1


@dataclass(frozen=True, slots=True)
class Meddle(Request[int]):
    """Change a balance past the accounts that the books keep in memory."""

    user: UserKey
    by_z: int


@operation
def meddle(tx: Tx, ask: Meddle) -> int:
    """Do what no feature may do: the row and what is known of it differ from now on."""
    account = tx.find(ask.user, DAY)
    assert account is not None
    tx.accounts.touch(account)
    meddling = "UPDATE account SET balance_z = balance_z + ? WHERE id = ?"
    return tx.run(meddling, ask.by_z, account.id)


def test_a_row_that_is_not_as_it_was_read_is_not_overwritten(
    books: Books, reports: Reports
) -> None:
    """Who changes a balance past the accounts fails; nothing of theirs stands, the rest does."""
    books.commit([earn("Bob", 5), earn("Eve", 5)])
    done = books.commit([earn("Eve", 1), Meddle(key("Bob"), 7), earn("Bob", 2)])
    assert [type(answer) for answer in done.answers] == [Posted, Failed, Posted]
    assert (look(books, "Bob").balance_z, look(books, "Eve").balance_z) == (7, 6)
    stored = reports.wallets(CHANNEL, DAY)
    assert (stored["bob"].balance_z, stored["eve"].balance_z) == (7, 6)


def test_what_others_have_written_is_read_again(path: Path) -> None:
    """A balance changed by somebody else between two batches is built upon, not overwritten."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books._connection.execute("UPDATE account SET balance_z = 45 WHERE name = 'bob'")
    assert isinstance(ask(books, spend("Bob", 2)), Posted)
    books.close()
    reports = Reports.open(path)
    assert reports.wallets(CHANNEL, DAY)["bob"].balance_z == 43
    reports.close()


def test_not_a_request_is_a_defect(books: Books) -> None:
    """What is no request fails alone."""
    alien: Request[Any] = "alien"  # type: ignore[assignment]
    failed, posted = books.commit([alien, earn("Bob", 1)]).answers
    assert isinstance(failed, Failed)
    assert isinstance(posted, Posted)


def test_an_empty_batch_is_fine(books: Books) -> None:
    """Nothing asked, nothing answered."""
    assert books.commit([]) == Committed(())


def test_requests_of_a_batch_see_each_other(books: Books) -> None:
    """A batch is done in order, each request on what the ones before it left."""
    answers = books.commit(
        [earn("Bob", 5), hold("Bob", 5, "h"), spend("Bob", 1), release("h"), spend("Bob", 1)]
    ).answers
    assert isinstance(answers[1], Held)
    assert answers[2] == Insufficient(0, 1)
    assert look(books, "Bob").balance_z == 4


def test_sixty_four_askers_never_take_more_than_there_is(books: Books) -> None:
    """Any number of debits of one account in one batch take exactly what it holds."""
    books.commit([earn("Bob", 100), earn("Eve", 1)])
    requests: list[Request[Any]] = []
    for number in range(64):
        requests += [spend("Bob", 3), tip("Bob", "Eve", 2), hold("Bob", 2, f"h{number}")]
    answers = books.commit(requests).answers
    refused = [answer for answer in answers if isinstance(answer, Insufficient)]
    wallet = look(books, "Bob")
    assert wallet.balance_z in {0, 1}
    assert len(refused) > 100


def test_one_writer_at_a_time(books: Books, path: Path) -> None:
    """A second writer is refused at once, until the first one closes."""
    with pytest.raises(BooksInUse, match="Another process"):
        Books.open(path)
    books.close()
    Books.open(path).close()


def test_a_closed_writer_commits_nothing(path: Path) -> None:
    """After close every batch is Unknown; closing again is harmless."""
    books = Books.open(path)
    books.close()
    books.close()
    with pytest.raises(CommitUnknown):
        books.commit([earn("Bob", 1)])


def test_books_on_an_open_connection(path: Path) -> None:
    """A connection somebody else opened serves as well, also one without a file."""
    for connection in (apsw.Connection(str(path)), apsw.Connection("")):
        books = Books.on(connection)
        assert isinstance(ask(books, earn("Bob", 5)), Posted)
        books.close()
    assert Reports.open(path).wallet(key("bob"), DAY) is not None


def test_what_is_answered_is_on_disk(books: Books, path: Path, tmp_path: Path) -> None:
    """A copy of the files right after an answer holds what was answered."""
    books.commit([earn("Bob", 5)])
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{tmp_path / 'copy.db'}{suffix}")
    copy = Books.open(tmp_path / "copy.db")
    assert look(copy, "Bob").balance_z == 5
    copy.close()


def test_books_are_durable_by_setting(books: Books) -> None:
    """Write-ahead log, a full sync per commit, references checked."""
    pragma = books._connection.pragma
    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)


def test_a_damaged_file_is_refused(path: Path) -> None:
    """A file that is no database is left exactly as it is."""
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    before = path.read_bytes()
    for opener in (Books.open, Reports.open):
        with pytest.raises(CorruptBooks, match="restore a backup"):
            opener(path)
    assert path.read_bytes() == before


def test_a_damaged_page_is_found_at_opening(path: Path) -> None:
    """A torn page in the middle of the file is found before any money moves."""
    books = Books.open(path)
    books.commit([earn(f"user{number}", 1) for number in range(300)])
    books.close()
    data = bytearray(path.read_bytes())
    data[8 * 4096 : 20 * 4096] = bytes([0xA5]) * (12 * 4096)
    path.write_bytes(data)
    with pytest.raises(CorruptBooks):
        Books.open(path)


def test_another_programs_database_is_refused(path: Path) -> None:
    """The existing service's file is never written to, only imported."""
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE accounts (username TEXT, balance INTEGER)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(ForeignBooks, match="import"):
        Books.open(path)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused(path: Path) -> None:
    """Books of a newer version are left alone."""
    Books.open(path).close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 9999)
    connection.close()
    before = path.read_bytes()
    for opener in (Books.open, Reports.open):
        with pytest.raises(NewerSchema, match="newer version"):
            opener(path)
    assert path.read_bytes() == before


def test_a_read_only_connection_is_refused(path: Path) -> None:
    """Books that can't be written are refused at opening, with what to check."""
    Books.open(path).close()
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    with pytest.raises(UnwritableBooks, match="permissions"):
        Books.on(connection)
    connection.close()


def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    """A path that can't be created says so."""
    with pytest.raises(UnwritableBooks, match="No such file"):
        Books.open(tmp_path / "nowhere" / "books.db")
    with pytest.raises(MissingBooks):
        Reports.open(tmp_path / "books.db")


def test_a_failed_migration_leaves_the_version_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration is one transaction: half of it never stands."""
    Books.open(path).close()
    bad = {99: "CREATE TABLE half (a) STRICT; CREATE TABLE nonsense ("}
    known = {**opening.scripts(), **bad}
    monkeypatch.setattr(opening, "scripts", lambda: known)
    connection = apsw.Connection(str(path))
    with pytest.raises(apsw.SQLError):
        opening.migrate(connection, 99)
    assert not connection.in_transaction
    assert opening.examine(connection) == opening.SCHEMA_VERSION
    assert not connection.table_exists("main", "half")
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfer SET amount_z = 1",
        "DELETE FROM transfer",
        "UPDATE operation SET answer = '[]'",
        "DELETE FROM operation",
        "UPDATE account SET balance_z = -1 WHERE kind = 'wallet'",
        "UPDATE account SET balance_z = 1.5",
        "DELETE FROM account",
        "UPDATE hold SET state = 'open', settled_at_ms = NULL",
    ],
)
def test_the_store_itself_keeps_the_rules(books: Books, statement: str) -> None:
    """Transfers are append-only, no wallet falls below 0, references hold, holds settle once."""
    books.commit([earn("Bob", 5), hold("Bob", 1, "h"), release("h")])
    with pytest.raises(apsw.ConstraintError):
        books._connection.execute(statement)


def test_an_interrupt_leaves_no_open_transaction(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even what is no ordinary exception rolls the batch back."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(books._tx.analytics, "hit", stop)
    with pytest.raises(KeyboardInterrupt):
        books.commit([earn("Bob", 5)])
    monkeypatch.undo()
    assert not books._connection.in_transaction
    assert isinstance(ask(books, earn("Bob", 5)), Posted)


def test_tables_are_strict(books: Books) -> None:
    """Every table refuses values of another type (architecture.md 6)."""
    rows = books._connection.execute("PRAGMA table_list").fetchall()
    tables = [row for row in rows if row[2] == "table" and not str(row[1]).startswith("sqlite_")]
    assert len(tables) >= 12
    assert all(row[5] for row in tables), tables


def test_wallet_of_a_credit_with_metadata(books: Books, reports: Reports) -> None:
    """Metadata and the related user are kept with the row."""
    request = Credit(
        "x", key("Bob"), 3, "earn", "chat.kudos", "Kudos", NOW, DAY, "Eve", '{"base":3}', True
    )
    ask(books, request)
    row = reports.transactions(key("Bob"))[0]
    assert (row.related_user, row.metadata) == ("Eve", '{"base":3}')


def test_books_of_before_the_first_release_are_refused(path: Path) -> None:
    """A file of a development version has our id and no version; it is left alone."""
    old = apsw.Connection(str(path))
    old.execute("CREATE TABLE schema_version (number INTEGER PRIMARY KEY) STRICT")
    old.pragma("application_id", opening.APPLICATION_ID)
    old.close()
    before = path.read_bytes()
    with pytest.raises(UnreleasedBooks, match="new file"):
        Books.open(path)
    assert path.read_bytes() == before


def test_a_numbered_change_reaches_new_and_old_files_alike(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a release adds is run on books that exist and on those that are made later."""
    books = Books.open(path)
    books.commit([earn("Bob", 5)])
    books.close()
    later = {**opening.scripts(), 2: "ALTER TABLE channel ADD COLUMN motto TEXT;"}
    monkeypatch.setattr(opening, "scripts", lambda: later)
    monkeypatch.setattr(opening, "SCHEMA_VERSION", 2)
    with pytest.raises(OlderSchema):
        Reports.open(path)
    schemas = []
    for file in (path, path.with_name("fresh.db")):
        found = apsw.Connection(str(file))
        opening.migrate(found, 2)
        assert opening.examine(found) == 2
        names = "SELECT name, sql FROM sqlite_schema ORDER BY name"
        schemas.append(found.execute(names).fetchall())
        found.close()
    assert schemas[0] == schemas[1]
    assert any("motto" in str(sql) for _, sql in schemas[0])
    books = Books.open(path)
    assert look(books, "Bob").balance_z == 5
    books.close()
