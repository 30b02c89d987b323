"""Accounts that nobody used are closed: their money is booked, their rows go, the books balance."""

from pathlib import Path

import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NOW,
    ask,
    earn,
    hold,
    key,
    minute,
    present,
    spend,
    tip,
    told,
    win,
)

from kryten_economy.features.achievements import Award
from kryten_economy.features.bans import Ban
from kryten_economy.features.bounties.operations import CreateBounty
from kryten_economy.features.people.pruning import (
    KEPT,
    CloseAccount,
    Closed,
    Criteria,
    candidates,
)
from kryten_economy.features.people.tables import tables
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.refusals import NoAccount

DAY_MS = 86_400_000
LATER = NOW + 40 * DAY_MS
UNUSED = Criteria(CHANNEL)


def close(name: str, criteria: Criteria = UNUSED, at_ms: int = LATER) -> CloseAccount:
    return CloseAccount(f"close:{name}", key(name), criteria, at_ms, "2025-04-23")


def names(reports: Reports, criteria: Criteria = UNUSED, at_ms: int = LATER) -> list[str]:
    return [each.display_name for each in candidates(reports, criteria, at_ms)]


def _columns(reports: Reports) -> list[tuple[str, str]]:
    """Every reference to an account that the schema has."""
    return [(table.name, column) for table in tables(reports.sql) for column in table.accounts]


def _account(reports: Reports, name: str) -> int:
    row = reports.sql.row("SELECT id FROM account WHERE name = ?", name.lower())
    assert row is not None, name
    return int(row[0])


def test_what_is_left_goes_to_the_sink(books: Books, reports: Reports) -> None:
    """The transfer says so, the account is no wallet any more, and no statistics change."""
    books.commit([earn("Bob", 50), earn("Eve", 5)])
    before = reports.float_of(CHANNEL)
    done = told(books, close("Bob"), Closed)
    assert (done.reclaimed_z, done.transactions, done.tips) == (50, 1, 0)
    assert reports.wallet(key("Bob"), DAY) is None
    after = reports.float_of(CHANNEL)
    assert (before.accounts - after.accounts, before.float_z - after.float_z) == (1, 50)
    assert reports.search(CHANNEL, "gone") == ()
    [row, *_] = reports.recent(CHANNEL, 1)
    assert (row.type, row.amount_z, row.balance_after_z) == ("prune", -50, 0)
    assert row.username.startswith("gone-")
    [line] = reports.audit(1)
    assert (line.command, line.result) == ("prune", "50 Z to the sink")
    assert "bob" not in f"{line}".lower()


def test_no_row_about_the_user_is_left(books: Books, reports: Reports) -> None:
    """In whatever table has a reference to an account, also in one that was added since."""
    connection = books._connection
    connection.execute(
        "CREATE TABLE hobby (account_id INTEGER NOT NULL REFERENCES account (id), what TEXT)"
    )
    connection.execute(
        "CREATE TRIGGER hobby_stays BEFORE DELETE ON hobby BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    books.commit([earn("Bob", 50), earn("Eve", 50), minute("p", present("Bob", 2))])
    books.commit([tip("Eve", "Bob", 5), Award("a", key("Bob"), "goal", "Goal", 3, 0, NOW, DAY)])
    books.commit([hold("Bob", 5, "h", type_name="gamble_stake"), win("h", 5, "Eve")])
    bob = _account(reports, "Bob")
    connection.execute("INSERT INTO hobby VALUES (?, 'knitting')", (bob,))
    done = told(books, close("Bob"), Closed)
    assert done.tips == 1
    assert {"daily_activity", "achievement", "tip_pair", "hold", "hobby"} <= done.removed.keys()
    for table, column in _columns(reports):
        statement = f"SELECT count(*) FROM {table} WHERE {column} = ?"  # noqa: S608
        (count,) = reports.sql.only(statement, bob)
        assert not count or (table, column) in KEPT, (table, column, count)
    assert reports.sql.rows("SELECT name FROM sqlite_schema WHERE name = 'hobby_stays'")


def test_what_is_kept_are_references_that_there_are(reports: Reports) -> None:
    """Every exception is a column of the schema, and the books themselves are among them."""
    columns = _columns(reports)
    assert set(columns) >= KEPT
    assert {("transfer", "debit_account"), ("transfer", "credit_account")} <= KEPT
    assert len(columns) > 20


def _never(books: Books) -> None:
    """Accounts that must never be closed, by why."""
    for name in ("Spender", "Titled", "Patron", "Asker", "Player", "Banned", "Fresh", "Idle"):
        books.commit([earn(name, 50)])
    books.commit([spend("Spender", 5)])
    books.commit([Ban(key("Banned"), "Banned", "Boss", "rude", NOW)])
    books.commit([CreateBounty("b", key("Patron"), 5, "Sing", LATER + 9, 3, NOW, DAY)])
    books.commit([hold("Player", 5, "stake", type_name="gamble_stake")])
    books.commit([hold("Asker", 5, "asked")])
    run = books._connection.execute
    own = "(SELECT id FROM account WHERE name = ?)"
    run(f"INSERT INTO vanity_item VALUES ({own}, 'title', 'King', 0)", ("titled",))  # noqa: S608
    run("UPDATE account SET last_seen_ms = ? WHERE name = 'fresh'", (LATER - 30 * DAY_MS,))
    run("UPDATE account SET last_seen_ms = ? WHERE name = 'idle'", (LATER - 30 * DAY_MS - 1,))


def test_who_must_stay_is_never_found_or_closed(books: Books, reports: Reports) -> None:
    """The banned, who spent, owns, offers, asks or plays, and who was seen within the days."""
    _never(books)
    assert names(reports) == ["Idle"]


@pytest.mark.parametrize(
    "name", ["Spender", "Titled", "Patron", "Asker", "Player", "Banned", "Fresh"]
)
def test_who_must_stay_is_refused(books: Books, reports: Reports, name: str) -> None:
    """Also if it was asked for: the rules are looked at again where the money moves."""
    _never(books)
    books._tx.forget()
    before = reports.float_of(CHANNEL)
    assert isinstance(ask(books, close(name)), NoAccount)
    assert reports.float_of(CHANNEL) == before


def test_the_range_of_balances_is_inclusive(books: Books, reports: Reports) -> None:
    """At both ends; lifetime earnings have a limit of their own."""
    books.commit([earn(f"u{z}", z) for z in (1, 5, 10)])
    assert names(reports, Criteria(CHANNEL, 30, 1, 5)) == ["u1", "u5"]
    assert names(reports, Criteria(CHANNEL, 30, 5, 10)) == ["u10", "u5"]
    assert names(reports, Criteria(CHANNEL, 30, 6)) == ["u10"]
    assert names(reports, Criteria(CHANNEL, 30, earned_max_z=5)) == ["u1", "u5"]
    assert names(reports, Criteria("Nowhere")) == []


def test_who_comes_back_begins_anew(books: Books, reports: Reports) -> None:
    """A new account under the old name, which may win everything again."""
    award = Award(f"achievement:{CHANNEL}:bob:goal", key("Bob"), "goal", "Goal", 3, 0, NOW, DAY)
    books.commit([earn("Bob", 50), award])
    told(books, close("Bob"), Closed)
    books.commit([earn("Bob", 7)])
    ask(books, award)
    wallet = reports.wallet(key("Bob"), DAY)
    assert wallet is not None
    assert (wallet.balance_z, wallet.won) == (10, frozenset({"goal"}))


def test_an_unknown_name_is_refused(books: Books, path: Path) -> None:
    """Nobody is opened by being closed."""
    assert isinstance(ask(books, close("Ghost")), NoAccount)


def test_what_was_moved_a_moment_before_is_counted_with_the_rest(books: Books) -> None:
    """The movements of the same batch are told as gone with the account."""
    earned, closed = books.commit([earn("Al", 5), close("Al")]).answers
    assert not isinstance(earned, NoAccount)
    assert isinstance(closed, Closed)
    assert (closed.reclaimed_z, closed.transactions) == (5, 1)
