"""How the books find what they need: by an index, however long the past is."""

import re
from collections.abc import Callable
from typing import Any

import apsw
import pytest
from tests.actors.house import settings_with
from tests.unit.ledger.acts import CHANNEL, ask, minute, present
from tests.unit.ledger.test_once import ACTS, Before, _prepare

from kryten_economy.features.games.tables import open_rounds_of
from kryten_economy.features.leaderboards import listed_among
from kryten_economy.features.people.exporting import own_data
from kryten_economy.features.people.pruning import CloseAccount
from kryten_economy.features.queue.purchases import purchase_of_item
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.operation import Act
from kryten_economy.users import UserKey

GROWING = (
    "account",
    "achievement",
    "audit_log",
    "daily_activity",
    "economy_snapshots",
    "game_day",
    "game_return",
    "game_round",
    "game_stake",
    "game_stats",
    "hold",
    "operation",
    "transfer",
    "trigger_analytics",
    "trigger_user",
    "wallet_usage",
)
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


def scans(connection: apsw.Connection, statement: str, values: Any) -> list[str]:
    """Steps of a statement that read a growing table from end to end."""
    plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
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
    read = {each: scans(books._connection, each, values) for each, values in seen.items()}
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
        lambda reports: reports.triggers(CHANNEL, "2026-10-22", "2026-11-20"),
    ],
    ids=["rounds", "purchase", "listed", "triggers"],
)
def test_no_page_reads_a_growing_table_from_end_to_end(
    books: Books, query: Callable[[Reports], object]
) -> None:
    """What a visitor looks at does not cost more with every year."""
    ask(books, minute("m", present("alice")))
    reports = Reports(books._connection)
    seen = dict(statements_of(books, lambda: query(reports)))
    assert seen
    read = {each: scans(books._connection, each, values) for each, values in seen.items()}
    assert {each: found for each, found in read.items() if found} == {}


def test_own_data_are_found_without_reading_those_of_all(books: Books) -> None:
    """Whoever takes their data along waits for their own past, and not for everybody's.

    Of what was set aside there are few enough rows to look through.
    """
    ask(books, minute("m", present("alice")))
    reports = Reports(books._connection)
    user = UserKey(CHANNEL, "alice")
    seen = dict(statements_of(books, lambda: list(own_data(reports, user, settings_with()))))
    read = {found for each in seen.items() for found in scans(books._connection, *each)}
    assert read <= {"SCAN hold"}
