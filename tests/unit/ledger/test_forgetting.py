"""A person is forgotten: not a byte of the name is left, and not a coin has moved."""

import json
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NEXT_DAY,
    NOW,
    earn,
    hold,
    key,
    minute,
    present,
    release,
    tip,
    told,
)
from tests.unit.ledger.test_once import DRAWN, HEIST_TERMS, OPENED

from kryten_economy.features.bans import Ban
from kryten_economy.features.bounties.operations import ClaimBounty, CreateBounty
from kryten_economy.features.games.tables import FinishRound, JoinRound
from kryten_economy.features.games.verifying import Checked, Verdict, check, round_record
from kryten_economy.features.people import forgetting
from kryten_economy.features.people.exporting import about
from kryten_economy.features.people.forgetting import Forgotten, forget, standing
from kryten_economy.features.people.pruning import CloseAccount, Closed, Criteria
from kryten_economy.features.people.tables import NAMES, WORDS, tables
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import BooksInUse, UnwritableBooks
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.records import Audit
from kryten_economy.ledger.statements import Sql

NAME = "Zebulon_Q7"
LOW = NAME.lower()
_MANY = json.dumps(list(range(3_000)))


def _everywhere(path: Path, name: str = NAME) -> None:
    """Books in which somebody is named by every kind of row, in several spellings."""
    books = Books.open(path)
    for act in (
        earn(name, 500),
        earn("Eve", 100),
        earn(name, 50, f"achievement:{CHANNEL}:{name.lower()}:first"),
        tip(name, "Eve", 40),
        tip("Eve", name, 10),
        minute("p:1", present(name, 2), present("Eve", 1)),
        hold(name, 30, f"duel:{name.lower()}:1"),
        hold(name, 20, f"duel:{name}:2"),
        release(f"duel:{name}:2"),
        CreateBounty("b1", key(name), 25, f"Sing for {name.upper()}", NOW + 9, 3, NOW, DAY),
        CreateBounty("b2", key("Eve"), 25, "Dance", NOW + 9, 3, NOW, DAY),
        ClaimBounty("b3", CHANNEL, 2, key(name), "Boss", NOW, DAY),
        Ban(key("Mallory"), "Mallory", name, f"rude to {name}", NOW),
        Audit(NOW, name, CHANNEL, "grant", f'{{"user": "{name}"}}', f"gave @{name}, thrice\nok"),
    ):
        [answer] = books.commit([act]).answers
        assert "Failed" not in type(answer).__name__, answer
    books.close()
    _write(
        path,
        "INSERT INTO vanity_item SELECT id, 'greeting', ?2, 0 FROM account WHERE name = ?1",
        (name.lower(), f"All rise for {name}"),
    )
    _write(
        path,
        "INSERT INTO notice_due (channel_id, kind, due_at_ms, data) VALUES (1, 'told', 0, ?)",
        (json.dumps({"who": f"first\n{name}"}),),
    )


def _write(path: Path, statement: str, values: tuple[Any, ...] = ()) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(statement, values)
    connection.close()


def _bytes(path: Path) -> bytes:
    """All that lies on the disk of the books, free pages and logs too."""
    return b"".join(each.read_bytes() for each in path.parent.iterdir() if each.is_file()).lower()


def _figures(path: Path) -> list[Any]:
    """Every number in the books, but whether somebody is listed, and the names of nobody else."""
    connection = apsw.Connection(str(path))
    found: list[Any] = []
    for table in tables(Sql(connection)):
        if table.name in {"audit_log", "vanity_item"}:
            continue
        numbers = [
            name
            for _, name, kind, *_ in connection.execute(f"PRAGMA table_info({table.name})")
            if kind in {"INTEGER", "REAL"} and name != "unlisted"
        ]
        if numbers:
            rows = connection.execute(f"SELECT {', '.join(numbers)} FROM {table.name}").fetchall()  # noqa: S608
            found.append((table.name, sorted(rows, key=repr)))
    connection.close()
    return found


def _forgotten(path: Path, name: str = NAME, channel: str | None = None) -> Forgotten:
    done = forget(path, name, channel, at_ms=NOW + 60_000)
    assert done is not None
    return done


def test_no_byte_of_the_name_is_left_in_the_file(path: Path) -> None:
    """Not in rows, ids, texts, free pages or logs; the books balance and every figure stays."""
    _everywhere(path)
    assert LOW.encode() in _bytes(path)
    before = _figures(path)
    triggers = _schema(path)
    done = _forgotten(path)
    assert LOW.encode() not in _bytes(path)
    assert done.left == {}
    assert _figures(path) == before
    assert _schema(path) == triggers
    report = verify(path)
    assert report.ok, report
    reports = Reports.open(path)
    wallet = reports.wallet(key(done.pseudonym), DAY)
    assert wallet is not None
    assert wallet.balance_z == 500 + 50 - 40 + 10 - 30 - 25 + 25 + 2
    assert reports.wallet(key(NAME), DAY) is None
    rows = reports.transactions(key("Eve"), 50)
    assert {row.related_user for row in rows if row.type.startswith("tip")} == {done.pseudonym}
    assert not [row for row in reports.richest(CHANNEL) if row.username == done.pseudonym]
    digests = reports.sql.rows(
        "SELECT DISTINCT o.digest FROM operation AS o JOIN transfer AS t ON t.operation = o.seq"
        " JOIN account AS a ON a.id IN (t.debit_account, t.credit_account) WHERE a.name = ?",
        done.pseudonym,
    )
    assert digests == [(bytes(16),)], "from a digest the name could be guessed"
    [line, *_] = reports.audit(5)
    assert (line.command, line.arguments) == ("forget", done.pseudonym)
    reports.close()


def _schema(path: Path) -> list[Any]:
    connection = apsw.Connection(str(path))
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
    connection.close()
    return rows


def test_deleted_rows_that_named_them_are_overwritten(path: Path) -> None:
    """What was removed before and lies in free pages is gone as well."""
    _everywhere(path)
    _write(path, "CREATE TABLE scratch (text TEXT)")
    _write(path, "INSERT INTO scratch SELECT ? || value FROM json_each(?)", (NAME, _MANY))
    _write(path, "DROP TABLE scratch")
    assert LOW.encode() in _bytes(path)
    _forgotten(path)
    assert LOW.encode() not in _bytes(path)


def test_the_books_go_on_afterwards(path: Path) -> None:
    """What waited is settled for the pseudonym; who comes back is somebody new."""
    _everywhere(path)
    done = _forgotten(path)
    books = Books.open(path)
    books.commit([release(f"duel:{done.pseudonym}:1")])
    reports = Reports.open(path)
    wallet = reports.wallet(key(done.pseudonym), DAY)
    assert wallet is not None
    assert wallet.balance_z == 522
    books.commit([earn(NAME, 7)])
    again = reports.wallet(key(NAME), DAY)
    assert again is not None
    assert again.balance_z == 7
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        books._connection.execute("UPDATE transfer SET reason = 'x'")
    reports.close()
    books.close()
    assert verify(path).ok


def test_a_name_that_begins_alike_keeps_its_own(path: Path) -> None:
    """Another user whose name holds this one is not touched."""
    books = Books.open(path)
    books.commit([earn("Sam", 10), earn("Sam-2", 20), earn("Sammy", 30)])
    told(books, tip("Sam", "Sam-2", 5), object)
    books.close()
    done = _forgotten(path, "sam")
    reports = Reports.open(path)
    assert [row.username for row in reports.search(CHANNEL, "sam")] == ["Sammy", "Sam-2"]
    [received, *_] = reports.transactions(key("Sam-2"), 5)
    assert received.related_user == done.pseudonym
    reports.close()
    assert done.left == {}, "names of others are theirs"
    assert verify(path).ok


def test_a_name_that_is_a_word_of_the_service_breaks_nothing(path: Path) -> None:
    """Somebody called like a state, a kind or a system account is forgotten all the same."""
    for name in ("open", "spend", "mint", "wallet", "gamble_win"):
        file = path.with_name(f"{name}.db")
        books = Books.open(file)
        books.commit([earn(name, 10), earn("Eve", 10)])
        books.commit([tip(name, "Eve", 5), hold(name, 3, "h-1")])
        books.close()
        before = _figures(file)
        done = _forgotten(file, name)
        assert _figures(file) == before
        reports = Reports.open(file)
        wallet = reports.wallet(key(done.pseudonym), DAY)
        assert wallet is not None
        assert wallet.balance_z == 2
        assert reports.wallet(key(name), DAY) is None
        reports.close()
        assert verify(file).ok


def test_one_channel_can_be_forgotten_alone(path: Path) -> None:
    """The same name in another channel keeps its account and its rows."""
    _everywhere(path)
    books = Books.open(path)
    told(books, _in_den(earn(NAME, 70, f"achievement:Den:{LOW}:first")), object)
    books.close()
    done = _forgotten(path, channel="lounge")
    reports = Reports.open(path)
    assert reports.wallet(key(NAME), DAY) is None
    assert reports.wallet(key(done.pseudonym), DAY) is not None
    [row] = reports.transactions(key(NAME, "Den"), 5)
    assert row.username == NAME
    ids = [id_ for (id_,) in reports.sql.rows("SELECT id FROM operation WHERE id LIKE 'ach%'")]
    assert sorted(ids) == sorted(
        (f"achievement:Den:{LOW}:first", f"achievement:{CHANNEL}:{done.pseudonym}:first")
    )
    reports.close()
    assert verify(path).ok
    assert forget(path, NAME, "Nowhere", at_ms=NOW) is None


def _in_den(act: Any) -> Any:
    from dataclasses import replace

    return replace(act, user=key(NAME, "Den"))


def test_nobody_is_forgotten_while_the_service_runs(path: Path) -> None:
    """The lock of the books refuses it, and everything stays."""
    _everywhere(path)
    books = Books.open(path)
    with pytest.raises(BooksInUse):
        forget(path, NAME, at_ms=NOW)
    found = standing(path, NAME)
    assert found is not None
    assert found.rows["account"] == 1
    books.close()


def test_a_full_disk_is_told_before_anything_is_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written anew, and needs the room for it."""
    _everywhere(path)
    usage = shutil.disk_usage(path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1))
    with pytest.raises(UnwritableBooks, match="room"):
        forget(path, NAME, at_ms=NOW)
    found = standing(path, NAME)
    assert found is not None
    assert found.rows


def test_what_breaks_off_leaves_everything(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in the middle undoes texts and triggers together."""
    _everywhere(path)
    schema, figures = _schema(path), _figures(path)

    def broken(*_: object) -> dict[str, int]:
        raise RuntimeError("now")

    monkeypatch.setattr(forgetting, "_left", broken)
    with pytest.raises(RuntimeError):
        forget(path, NAME, at_ms=NOW)
    assert (_schema(path), _figures(path)) == (schema, figures)
    assert LOW.encode() in _bytes(path)
    assert verify(path).ok


def test_every_text_of_the_books_is_known(books: Books, reports: Reports) -> None:
    """Columns that are said to hold words or names exist; all others are searched for names."""
    books.commit([earn("Eve", 1)])
    found = {table.name: set(table.columns) for table in tables(reports.sql)}
    for known in (WORDS, NAMES):
        for table, columns in known.items():
            assert columns <= found[table], table


def _export(path: Path, name: str = NAME, channel: str | None = None) -> dict[str, list[Any]]:
    reports = Reports.open(path)
    rows = about(reports, name, channel)
    assert rows is not None
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.table, []).append(row.values)
    reports.close()
    return found


def test_an_export_holds_everything_that_is_forgotten(path: Path) -> None:
    """Each row that forgetting changes stands in the export, and every row of their account."""
    _everywhere(path)
    found, counted = _export(path), standing(path, NAME)
    assert counted is not None
    for table, rows in counted.rows.items():
        assert len(found[table]) >= rows, table
    connection = apsw.Connection(str(path))
    (own,) = connection.execute("SELECT id FROM account WHERE name = ?", (LOW,)).fetchall()[0]
    for each in tables(Sql(connection)):
        for column in each.accounts:
            statement = f"SELECT count(*) FROM {each.name} WHERE {column} = ?"  # noqa: S608
            (count,) = connection.execute(statement, (own,)).fetchall()[0]
            assert sum(row[column] == own for row in found.get(each.name, [])) == count
    connection.close()
    assert [row["name"] for row in found["account"]] == [LOW]
    assert all("answer" not in row for row in found["operation"])
    assert LOW not in str(_export(path, "Eve")["account"])


def test_an_export_of_nobody_is_empty(path: Path) -> None:
    """An unknown name has no rows, an unknown channel is told, another channel has its own."""
    _everywhere(path)
    assert _export(path, "Ghost") == {}
    reports = Reports.open(path)
    assert about(reports, NAME, "Nowhere") is None
    reports.close()


def test_a_round_is_proved_as_before(path: Path) -> None:
    """Who played is forgotten or closed; the outcome still follows from seed, terms and stakes."""
    books = Books.open(path)
    joined = JoinRound("join", CHANNEL, 1, key("Eve"), 20, HEIST_TERMS, NOW, DAY)
    finished = FinishRound("finish", CHANNEL, 1, NOW, DAY)
    books.commit([earn("Bob", 50), earn("Eve", 50), OPENED, joined])
    books.commit([DRAWN, finished])
    before = _proof(path)
    assert (before.verdict, len(before.payouts)) == (Verdict.TRUE, 2)
    closing = CloseAccount("c", key("Eve"), Criteria(CHANNEL, 0), NOW + 9, DAY)
    told(books, closing, Closed)
    books.close()
    assert _proof(path) == before
    _forgotten(path, "Bob")
    after = _proof(path)
    assert (after.verdict, after.payouts) == (before.verdict, before.payouts)
    assert "Bob" not in str(after.outcome)
    assert verify(path).ok


def _proof(path: Path) -> Checked:
    reports = Reports.open(path)
    record = round_record(reports, 1, NEXT_DAY)
    reports.close()
    assert record is not None
    return check(record)
