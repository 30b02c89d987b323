"""Rows that go to their table several at a time, and statements that stay prepared."""

from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.acts import earn, hold, tip

from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.statements import ROWS_AT_ONCE, RowUpdate, Sql

PUT = """
    INSERT INTO held (name, day, amount_z) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET amount_z = excluded.amount_z
"""
PUT_BY_NUMBER = """
    INSERT INTO held (day, name, amount_z) VALUES (?2, ?1, ?3)
    ON CONFLICT DO UPDATE SET amount_z = ?3
"""
CHANGE = RowUpdate("held", ("name", "day"), ("amount_z",))

Held = tuple[str, str, int]
rows_held = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(("mon", "tue")), st.integers(0, 2**62)),
    max_size=3 * ROWS_AT_ONCE,
)


def held_table() -> Sql:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE held (name, day, amount_z INTEGER, PRIMARY KEY (name, day))")
    return Sql(connection)


def all_held(sql: Sql) -> set[Held]:
    return {*sql.rows("SELECT name, day, amount_z FROM held")}


@given(rows_held)
def test_many_rows_are_put_as_one_after_the_other(rows: list[Held]) -> None:
    """However many there are, the last of a key counts, and each stands there once."""
    for statement in (PUT, PUT_BY_NUMBER):
        sql = held_table()
        sql.insert(statement, rows)
        assert all_held(sql) == {(*key, z) for key, z in {row[:2]: row[2] for row in rows}.items()}


@given(rows_held)
def test_many_rows_are_changed_by_their_keys(rows: list[Held]) -> None:
    """Only those that are named, each to what it is given."""
    sql = held_table()
    keys = {row[:2] for row in rows}
    sql.insert(PUT, [*((*key, 1) for key in keys), ("other", "mon", 7)])
    given_z = {row[:2]: row[2] for row in rows}
    sql.update(CHANGE, [(*key, z) for key, z in given_z.items()])
    assert all_held(sql) == {*((*key, z) for key, z in given_z.items()), ("other", "mon", 7)}


@pytest.mark.parametrize("count", [1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1])
def test_a_row_that_is_not_there_is_a_defect(count: int) -> None:
    """Money that would be written nowhere stops the batch, be it alone or among others."""
    sql = held_table()
    sql.insert(PUT, [(f"user {number}", "mon", 1) for number in range(count - 1)])
    changed = [(f"user {number}", "mon", 2) for number in range(count)]
    with pytest.raises(AssertionError, match="not as it was read"):
        sql.update(CHANGE, changed)


def test_a_batch_of_many_kinds_finds_its_statements_prepared(tmp_path: Path) -> None:
    """What many rows are written with does not push out what the next batch asks with."""
    books = Books.open(tmp_path / "e.db")
    try:
        users = [f"user{number}" for number in range(100)]
        books.commit([earn(user, 1_000) for user in users])

        def batch(turn: int) -> list[Request[object]]:
            made: list[Request[object]] = []
            for number, user in enumerate(users):
                other = users[number - 1]
                kinds = (
                    earn(user, 5),
                    tip(user, other, 1),
                    hold(user, 2, f"hold {turn} {number}"),
                )
                made.append(kinds[number % 3])
            return made

        for turn in range(2):
            books.commit(batch(turn))
        before = books._connection.cache_stats()["misses"]
        books.commit(batch(2))
        assert books._connection.cache_stats()["misses"] - before <= 1
    finally:
        books.close()
