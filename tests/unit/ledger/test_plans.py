"""How the books find what they need: by an index, however long the past is."""

import re
from collections.abc import Callable
from typing import Any

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, ask, minute, present
from tests.unit.ledger.test_once import ACTS, Before, _prepare

from kryten_economy.features.games.tables import open_rounds_of
from kryten_economy.features.leaderboards import listed_among
from kryten_economy.features.people.pruning import CloseAccount
from kryten_economy.features.queue.purchases import purchase_of_item
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.channels import Reader
from kryten_economy.ledger.operation import Act

GROWING = ("transfer", "operation", "daily_activity", "account", "hold", "game_round", "game_stake")
"""Tables that get longer with every user and every day."""

ONLINE = [each for each in ACTS if not isinstance(each[1], CloseAccount)]
"""Accounts are closed by a tool, while no service waits for the books."""


def statements_of(books: Books, run: Callable[[], object]) -> list[tuple[str, Any]]:
    """Every statement that SQLite was given meanwhile, with its values."""
    seen: list[tuple[str, Any]] = []

    def note(_cursor: apsw.Cursor, statement: str, values: Any) -> bool:
        seen.append((statement.strip(), values))
        return True

    books._connection.exec_trace = note
    try:
        run()
    finally:
        books._connection.exec_trace = None
    return seen


def scans(books: Books, statement: str, values: Any) -> list[str]:
    """Steps of a statement that read a growing table from end to end."""
    plan = books._connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    steps = [str(row[3]).split() for row in plan]
    tables = re.findall(r"(?:FROM|JOIN|UPDATE)\s+(\w+)(?:\s+AS)?\s+(\w+)", statement)
    names = {name for found in tables if found[0] in GROWING for name in found}
    # Of holds this index has those that are open alone, and these are few.
    return [
        " ".join(step)
        for step in steps
        if step[0] == "SCAN" and step[1] in names and step[-1] != "hold_by_expiry"
    ]


@pytest.mark.parametrize(("before", "act"), ONLINE, ids=[type(act).__name__ for _, act in ONLINE])
def test_no_act_reads_a_growing_table_from_end_to_end(
    books: Books, before: list[Before], act: Act[Any]
) -> None:
    """What an act costs does not depend on how much has happened."""
    _prepare(books, before)
    seen = {
        statement: values
        for statement, values in statements_of(books, lambda: ask(books, act))
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH"))
    }
    assert seen
    read = {each: scans(books, each, values) for each, values in seen.items()}
    assert {each: found for each, found in read.items() if found} == {}


def test_a_minute_of_many_is_one_transaction(books: Books) -> None:
    """However many are here, their minute is committed once."""
    crowd = [present(f"user{n}") for n in range(200)]
    seen = statements_of(books, lambda: ask(books, minute("m", *crowd)))
    assert [each for each, _ in seen if each.startswith(("BEGIN", "COMMIT", "PRAGMA"))] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]


@pytest.mark.parametrize(
    "query",
    [
        lambda reports: open_rounds_of(reports, CHANNEL, ["raffle", "auction"]),
        lambda reports: purchase_of_item(reports, CHANNEL, 7),
        lambda reports: listed_among(reports, CHANNEL, ["bob", "ann"]),
    ],
    ids=["rounds", "purchase", "listed"],
)
def test_no_page_reads_a_growing_table_from_end_to_end(
    books: Books, query: Callable[[Reader], object]
) -> None:
    """What a visitor looks at does not cost more with every year."""
    reports = Reader(books._connection)
    seen = dict(statements_of(books, lambda: query(reports)))
    assert seen
    assert [found for each, values in seen.items() for found in scans(books, each, values)] == []
