"""Closed days of presence become few rows, and nothing else about the books changes."""

import json
import tempfile
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import (
    CHANNEL,
    COIN_PER_ACTIVE_MINUTE,
    DAY,
    UNMULTIPLIED,
    earn,
    key,
    present,
    spend,
    tip,
)

from kryten_economy.features.presence.operations import PresenceEntry, PresenceMinute
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.folding import ClosedDay, Folded, fold_presence, oldest_unfolded_ms
from kryten_economy.ledger.invariants import ConservationGuard, verify
from kryten_economy.ledger.statements import Sql

FROM_MS = 1_741_910_400_000
MINUTE_MS = 60_000
CLOSED = ClosedDay(DAY, FROM_MS, FROM_MS + 1440 * MINUTE_MS)
LATER_MS = CLOSED.until_ms + 1


def tick(number: int, *entries: PresenceEntry) -> PresenceMinute:
    return PresenceMinute(
        f"p:{number}",
        CHANNEL,
        FROM_MS + number * MINUTE_MS,
        DAY,
        entries,
        COIN_PER_ACTIVE_MINUTE,
        UNMULTIPLIED,
    )


def fold(books: Books, rows_max: int = 5_000) -> list[Folded]:
    """Fold the whole day, as a job would: one transaction per call until it is complete."""
    parts: list[Folded] = []
    while not parts or not parts[-1].complete:
        with books._connection:
            part = fold_presence(Sql(books._connection), 1, CLOSED, LATER_MS, rows_max)
        parts.append(part)
    return parts


def rows_of(reports: Reports, name: str) -> list[tuple[int, int, int, str]]:
    rows = reports.transactions(key(name), 10_000)
    return [(row.id, row.amount_z, row.balance_after_z, row.trigger_id) for row in rows]


def test_the_minutes_of_a_day_become_one_row(books: Books, reports: Reports) -> None:
    """The row keeps the last minute's id and balance, and tells day, minutes and amount."""
    for number in range(60):
        books.commit([tick(number, present("Al", 2), present("Bob", 1))])
    before = rows_of(reports, "Al")
    assert [(part.folded, part.kept) for part in fold(books)] == [(120, 2)]
    [row] = reports.transactions(key("Al"), 10)
    assert (row.id, row.amount_z, row.balance_after_z) == (before[0][0], 120, 120)
    why = json.loads(row.metadata or "")
    assert (why["minutes"], why["base"], why["folded"]) == (60, 120, {"day": DAY, "rows": 60})
    [entry] = reports.audit(10)
    assert (entry.channel, entry.command) == (CHANNEL, "presence.fold")
    assert json.loads(entry.arguments) == {"day": DAY, "first": 1, "last": 120}
    assert [part.folded for part in fold(books)] == [0], "nothing is folded twice"


def test_other_movements_keep_their_balances(books: Books, reports: Reports) -> None:
    """What lies between minutes is not touched, and no balance after it becomes untrue."""
    for number in range(30):
        books.commit([tick(number, present("Al", 1), present("Bob", 1))])
        if number % 10 == 4:
            books.commit([earn("Al", 5), tip("Al", "Bob", 2), spend("Bob", 1)])
    before = {row[0]: row for row in rows_of(reports, "Al") + rows_of(reports, "Bob")}
    fold(books)
    after = rows_of(reports, "Al") + rows_of(reports, "Bob")
    assert [row for row in after if row[3] != "presence.base"] == [
        row for row in before.values() if row[3] != "presence.base"
    ]
    assert all(before[row[0]][2] == row[2] for row in after)
    assert sum(row[1] for row in after) == sum(row[1] for row in before.values())
    assert len([row for row in after if row[3] == "presence.base"]) == 8


def test_the_ids_of_folded_minutes_go_with_their_rows(books: Books, path: Path) -> None:
    """An operation stays as long as a row of it does."""
    for number in range(40):
        entries = [present("Al", 1)] if number < 20 else []
        books.commit([tick(number, *entries, present("Bob", 1))])
    fold(books, rows_max=7)
    found = books._connection.execute("SELECT id FROM operation ORDER BY seq").fetchall()
    assert found == [("p:19",), ("p:39",)]
    assert verify(path).ok


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["minute", "al", "bob", "earn", "tip"]), max_size=60),
    st.integers(2, 25),
    st.integers(1, 9),
)
def test_folding_changes_nothing_but_the_number_of_rows(
    acts: list[str], rows_max: int, slice_: int
) -> None:
    """Whatever happened between: sums, balances, links and the guard's view stay the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.db"
        books = Books.open(path)
        books.commit([earn("Al", 100), earn("Bob", 100)])
        for number, act in enumerate(acts):
            match act:
                case "minute":
                    books.commit([tick(number, present("Al", 1), present("Bob", 2))])
                case "al" | "bob":
                    books.commit([tick(number, present(act.capitalize(), 1))])
                case "earn":
                    books.commit([earn("Al", 3)])
                case _:
                    books.commit([tip("Al", "Bob", 1)])
        reports = Reports.open(path)
        guard = ConservationGuard(reports.connection)
        assert guard.check(slice_) == ()
        wallets = reports.wallets(CHANNEL, DAY)
        floats = reports.float_of(CHANNEL)
        before = {row[0]: row for row in rows_of(reports, "Al") + rows_of(reports, "Bob")}
        fold(books, rows_max)
        after = rows_of(reports, "Al") + rows_of(reports, "Bob")
        others = [row for row in before.values() if row[3] != "presence.base"]
        assert [row for row in after if row[3] != "presence.base"] == others
        assert all(before[row[0]][2] == row[2] for row in after)
        assert len(after) <= 2 * len(others) + 2
        assert (reports.wallets(CHANNEL, DAY), reports.float_of(CHANNEL)) == (wallets, floats)
        while guard.behind:
            assert guard.check() == ()
        assert guard.check() == ()
        reports.close()
        books.close()
        assert verify(path).ok


def test_who_comes_back_much_later_begins_a_new_row(
    books: Books, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call never reads back through the whole day, however full it was meanwhile."""
    monkeypatch.setattr("kryten_economy.ledger.folding._BACK_MAX", 10)
    for number in range(40):
        entries = [present("Al", 1)] if number in {0, 1, 38, 39} else []
        books.commit([tick(number, *entries, present("Bob", 1))])
    fold(books, rows_max=7)
    found = Reports.open(path)
    assert [row[1] for row in rows_of(found, "Al")] == [2, 2]
    assert [row[1] for row in rows_of(found, "Bob")] == [40]
    found.close()
    assert verify(path).ok


def test_a_day_that_has_not_ended_waits(books: Books) -> None:
    """Rows of the next day stay as they are, and the next folding starts with them."""
    for number in range(1435, 1445):
        books.commit([tick(number, present("Al", 1))])
    assert [(part.folded, part.kept) for part in fold(books)] == [(5, 1)]
    sql = Sql(books._connection)
    assert oldest_unfolded_ms(sql, 1, LATER_MS + 10**9) == CLOSED.until_ms


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM transfer WHERE id = 5",
        "UPDATE transfer SET amount_z = 9 WHERE id = 2",
        "UPDATE transfer SET amount_z = 2, credit_after_z = 9 WHERE id = 3",
        "DELETE FROM operation WHERE seq = 5",
        "DELETE FROM transfer WHERE id = 2; DELETE FROM folding",
        "SELECT 1",
    ],
)
def test_only_a_folding_gets_past_the_rules(books: Books, statement: str) -> None:
    """Outside its rows, with other values, with another sum, or left open, nothing is changed."""
    for number in range(4):
        books.commit([tick(number, present("Al", 1))])
    books.commit([earn("Al", 5)])
    with pytest.raises(apsw.ConstraintError):
        _within_a_folding(books._connection, statement)


def _within_a_folding(connection: apsw.Connection, statement: str) -> None:
    with connection:
        begun = (FROM_MS, CLOSED.until_ms)
        connection.execute("INSERT INTO folding VALUES (1, 1, 1, 4, ?, ?, 4)", begun)
        connection.execute(statement)
