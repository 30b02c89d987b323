"""Every transfer with what its check has found, and what a statement makes of the same rows."""

import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.ledger.acts import CHANNEL, DAY, NOW, earn, key, minute, present, spend, tip
from tests.unit.ledger.test_folding import CLOSED, FROM_MS, MINUTE_MS, fold, tick

from kryten_economy.features.money.operations import Credit, Debit
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.reports.statements import balance_before, statement
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.trail import COLUMNS, Trail
from kryten_economy.users import UserKey

FOREVER_MS = 2**62


def trail(path: Path, from_ms: int = 0, until_ms: int = FOREVER_MS) -> tuple[Trail, list[Any]]:
    reports = Reports.open(path)
    passed = Trail(reports)
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in passed.rows(from_ms, until_ms)]
    reports.close()
    return passed, rows


def test_every_transfer_is_told_once_and_is_right(books: Books, path: Path) -> None:
    """Sides, balances, types and the act behind it; nothing is wrong with any of them."""
    books.commit([earn("Bob", 50), earn("Eve", 5), tip("Bob", "Eve", 20)])
    books.commit([minute("p", present("Bob", 2), present("Eve", 1)), spend("Bob", 4, "s")])
    passed, rows = trail(path)
    assert (passed.wrong, passed.unequal, passed.read) == (0, [], 6)
    assert {row["result"] for row in rows} == {"ok"}
    tipped = rows[2]
    assert (tipped["debit"], tipped["credit"], tipped["amount"]) == ("Bob", "Eve", 20)
    assert (tipped["debit_balance"], tipped["credit_balance"]) == (30, 25)
    assert (rows[5]["operation"], rows[5]["credit"], rows[5]["channel"]) == ("s", "sink", CHANNEL)


def test_what_does_not_add_up_is_told_at_its_row(tmp_path: Path) -> None:
    """A changed amount, a changed link, a missing act and a changed balance are all found."""
    path = tmp_path / "bad.db"
    books = Books.open(path)
    books.commit([earn("Bob", 50, "a"), earn("Bob", 5, "b"), earn("Eve", 5, "c")])
    books.close()
    connection = apsw.Connection(str(path))
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE transfer SET amount_z = 51 WHERE id = 1")
    connection.execute("UPDATE transfer SET credit_previous = NULL WHERE id = 2")
    connection.execute("DELETE FROM operation WHERE id = 'c'")
    connection.execute("UPDATE account SET balance_z = 6 WHERE name = 'eve'")
    connection.close()
    passed, rows = trail(path)
    assert passed.wrong == 3
    assert "should be 51" in rows[0]["result"]
    assert "follows None and should follow 1" in rows[1]["result"]
    assert "operation is missing" in rows[2]["result"]
    assert any("Eve: 6, its transfers make 5" in each for each in passed.unequal)


def test_only_the_time_asked_for_is_told_and_all_is_checked(books: Books, path: Path) -> None:
    """From its first millisecond to before its last."""
    for number in range(4):
        books.commit([_moved(number, "Bob", 5, NOW + number * 1_000)])
    passed, rows = trail(path, NOW + 1_000, NOW + 3_000)
    assert [row["id"] for row in rows] == [2, 3]
    assert passed.read == 4


def test_many_transfers_take_no_more_memory_than_few(books: Books, path: Path) -> None:
    """They are told one by one; what is kept is a balance per account."""
    crowd = [present(f"user{number}", 1) for number in range(200)]
    for number in range(100):
        books.commit([minute(f"p:{number}", *crowd)])
    reports = Reports.open(path)
    rows = Trail(reports).rows(0, FOREVER_MS)
    next(rows)
    tracemalloc.start()
    try:
        told = sum(1 for _ in rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    reports.close()
    assert told == 100 * 200 - 1
    assert peak < 1_000_000


def _moved(number: int, name: str, amount_z: int, at_ms: int) -> Any:
    if amount_z > 0:
        return Credit(
            f"m{number}", key(name), amount_z, "earn", "t", "T", at_ms, DAY,
            create=True, display_name=name,
        )  # fmt: skip
    return Debit(f"m{number}", key(name), -amount_z, "spend", "t", "T", at_ms, DAY)


HOUR_MS = 3_600_000
MOVES = st.lists(
    st.tuples(
        st.sampled_from(("Bob", "Eve")), st.integers(-30, 50).filter(bool), st.integers(0, 9)
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(MOVES, st.integers(0, 120), st.integers(0, 120), st.integers(1, 7))
def test_a_balance_at_any_time_is_the_sum_of_the_rows_before(
    tmp_path_factory: Any, moves: list[tuple[str, int, int]], first: int, last: int, limit: int
) -> None:
    """And a statement of any time adds up, page by page, from one balance to the other."""
    path = tmp_path_factory.mktemp("books") / "books.db"
    books, at_ms = Books.open(path), NOW
    made: list[tuple[str, int, int]] = []
    for number, (name, amount_z, hours) in enumerate(moves):
        at_ms += hours * HOUR_MS
        [answer] = books.commit([_moved(number, name, amount_z, at_ms)]).answers
        if type(answer).__name__ == "Posted":
            made.append((name, amount_z, at_ms))
    from_ms, until_ms = (NOW + hours * HOUR_MS for hours in sorted((first, last)))
    reports = Reports.open(path)
    for name in {name for name, _, _ in made}:

        def held_z(before_ms: int, name: str = name) -> int:
            return sum(z for who, z, at in made if who == name and at < before_ms)

        assert balance_before(reports, key(name), from_ms) == held_z(from_ms)
        rows: list[Any] = []
        while (found := statement(reports, key(name), from_ms, until_ms, limit, len(rows))) and (
            found.rows
        ):
            rows += found.rows
        assert found is not None
        assert (found.opening_z, found.closing_z) == (held_z(from_ms), held_z(until_ms))
        expected = [z for who, z, at in made if who == name and from_ms <= at < until_ms]
        assert [row.amount_z for row in rows] == expected
        assert found.movements == len(rows)
        assert found.opening_z + found.in_z - found.out_z == found.closing_z
        balance_z = found.opening_z
        for row in rows:
            balance_z += row.amount_z
            assert row.balance_after_z == balance_z
    reports.close()
    books.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(("here", "gift", "buy")), max_size=30), st.integers(1, 40))
def test_the_statement_of_a_day_is_the_same_when_it_was_folded(
    tmp_path_factory: Any, acts: list[str], rows_max: int
) -> None:
    """Folding makes fewer rows of minutes; balances and sums of the day stay."""
    path = tmp_path_factory.mktemp("books") / "books.db"
    books = Books.open(path)
    books.commit([tick(0, present("Bob", 3))])
    for number, act in enumerate(acts, 1):
        at_ms = FROM_MS + number * MINUTE_MS
        if act == "here":
            books.commit([tick(number, present("Bob", 2))])
        else:
            books.commit([_moved(number, "Bob", 5 if act == "gift" else -1, at_ms)])
    reports, user = Reports.open(path), key("Bob")
    ends = [FROM_MS, CLOSED.until_ms]
    before = _both(reports, user, ends)
    fold(books, rows_max)
    after = _both(reports, user, ends)
    assert before[1] == after[1]
    assert before[0] is not None
    assert after[0] is not None
    assert before[0]._replace(rows=(), movements=0) == after[0]._replace(rows=(), movements=0)
    assert sum(row.amount_z for row in before[0].rows) == sum(r.amount_z for r in after[0].rows)
    assert len(after[0].rows) <= len(before[0].rows)
    reports.close()
    books.close()


def _both(reports: Reports, user: UserKey, ends: list[int]) -> tuple[Any, list[int | None]]:
    from_ms, until_ms = ends
    found = statement(reports, user, from_ms, until_ms, 500)
    return found, [balance_before(reports, user, each) for each in ends]


def test_a_clock_that_was_ahead_breaks_no_statement(books: Books, reports: Reports) -> None:
    """A time is a place in the order of the movements, so that everything still adds up."""
    day_ms = 24 * HOUR_MS
    for number, at_ms in enumerate((NOW, NOW + 3 * day_ms, NOW + HOUR_MS, NOW + day_ms)):
        books.commit([_moved(number, "Bob", 10**number, at_ms)])
    edges = [NOW - 1, NOW + 2 * HOUR_MS, NOW + 2 * day_ms, NOW + 4 * day_ms]
    shown = [statement(reports, key("Bob"), start, end, 50) for start, end in pairwise(edges)]
    opening_z, rows = 0, 0
    for each in shown:
        assert each is not None
        assert each.opening_z == opening_z
        opening_z, rows = each.closing_z, rows + each.movements
    assert (opening_z, rows) == (1_111, 4)
