"""What operators page through: each page begins behind the last one, and is found by an index."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.ledger.acts import (
    CHANNEL,
    DAY,
    NOW,
    ask,
    earn,
    key,
    line,
    op,
    pay,
    spend,
    tip,
    told,
)
from tests.unit.ledger.test_approvals import Asked, AskForPoster

from kryten_economy.features.approvals import ResolveApproval, approvals_of
from kryten_economy.features.audit.queries import found, preview
from kryten_economy.features.audit.rules import Lack, Preview, Wanted
from kryten_economy.features.bans import Ban
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.audit import Acted, OnRecord
from kryten_economy.ledger.books import Books


def act(books: Books, amount_z: int, name: str = "Bob", by: str = "Boss", at_ms: int = NOW) -> int:
    """An operator gives something; the number of the row."""
    request = replace(
        pay(name, amount_z, "admin_grant", "admin.grant"), create=True, display_name=name
    )
    written = replace(line(request.op_id, by), at_ms=at_ms, command="grant")
    acted = told(books, OnRecord(request, written), Acted)
    assert acted.audit_id is not None, acted
    return acted.audit_id


def numbers(reports: Reports, wanted: Wanted, **options: Any) -> list[int]:
    """The rows that are found, by number."""
    return [each.id for each in found(reports, CHANNEL, wanted, 50, **options)]


def test_the_log_is_filtered(books: Books, reports: Reports) -> None:
    """By whom, what, about whom and when; names count in any casing."""
    first = act(books, 1, at_ms=NOW - 2)
    second = act(books, 2, "Eve", "Chief", at_ms=NOW - 1)
    ban = told(
        books,
        OnRecord(Ban(key("Eve"), "Eve", "Boss", "", NOW), replace(line(op()), command="ban")),
        Acted,
    ).audit_id
    assert numbers(reports, Wanted()) == [ban, second, first]
    assert numbers(reports, Wanted(admin="boss")) == [ban, first]
    assert numbers(reports, Wanted(command="grant")) == [second, first]
    assert numbers(reports, Wanted(user="EVE")) == [ban, second]
    assert numbers(reports, Wanted(user="eve", command="ban", admin="Boss")) == [ban]
    assert numbers(reports, Wanted(from_ms=NOW - 1, until_ms=NOW)) == [second]
    assert numbers(reports, Wanted(user="nobody")) == []
    assert found(reports, "Elsewhere", Wanted(user="eve"), 50) == ()


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_of_the_log_leave_nothing_out(
    books: Books, reports: Reports, oldest_first: bool
) -> None:
    """Rows of the same moment too, from either end."""
    for n in range(7):
        act(books, n + 1, at_ms=NOW + n // 3)
    seen, behind = [], None
    while page := found(reports, CHANNEL, Wanted(), 2, behind, oldest_first=oldest_first):
        seen += [each.id for each in page]
        behind = page[-1].place
    assert seen == sorted(seen, reverse=not oldest_first)
    assert len(seen) == 7


def test_who_would_go_below_zero_is_named_before(books: Books, reports: Reports) -> None:
    """With what would be taken and what they have."""
    number = act(books, 30)
    ask(books, spend("Bob", 20))
    shown = preview(reports, CHANNEL, number, "Boss")
    assert isinstance(shown, Preview)
    assert (shown.short, shown.lacking) == (1, (Lack("Bob", 30, 10),))


def test_pages_of_a_history_begin_behind_a_row(books: Books, reports: Reports) -> None:
    """A row of somebody else begins nothing."""
    books.commit([earn("Bob", n + 1) for n in range(5)] + [earn("Eve", 9), tip("Bob", "Eve", 3)])
    seen: list[int] = []
    rows = reports.transactions(key("Bob"), 2)
    while rows:
        seen += [row.amount_z for row in rows]
        rows = reports.transactions(key("Bob"), 2, before=rows[-1].id)
    assert seen == [-3, 5, 4, 3, 2, 1]
    [eves] = [row for row in reports.transactions(key("Eve")) if row.amount_z == 9]
    assert reports.transactions(key("Bob"), before=eves.id) == ()


def test_names_that_begin_so(books: Books, reports: Reports) -> None:
    """By name, in any casing; the account of another channel and of the bank is none."""
    books.commit([earn(name, 5) for name in ("Bob", "bobby", "Eve", "_bo", "minty")])
    found_names = [each.display_name for each in reports.named_from(CHANNEL, DAY, "BO", 9)]
    assert found_names == ["Bob", "bobby"]
    assert [each.display_name for each in reports.named_from(CHANNEL, DAY, "", 2, "bob")] == [
        "bobby",
        "Eve",
    ]
    assert [each.display_name for each in reports.named_from(CHANNEL, DAY, "m", 9)] == ["minty"]
    assert reports.named_from("Elsewhere", DAY, "", 9) == ()


def test_what_somebody_has_asked_for(books: Books, reports: Reports) -> None:
    """Decided or not, the newest first, and of nobody else."""
    books.commit([earn("Bob", 50), earn("Eve", 50)])
    asks = [
        told(books, AskForPoster(op(), key(name), 5, "x", NOW, DAY), Asked).approval_id
        for name in ("Bob", "Eve", "Bob")
    ]
    ask(books, ResolveApproval(op(), CHANNEL, asks[0], False, "Boss", "no", NOW, DAY))
    assert [(each.id, each.state) for each in approvals_of(reports, key("bob"))] == [
        (asks[2], "pending"),
        (asks[0], "rejected"),
    ]


@pytest.mark.parametrize(
    "question",
    [
        lambda r: found(r, CHANNEL, Wanted(), 5),
        lambda r: found(r, CHANNEL, Wanted(), 5, oldest_first=True),
        lambda r: found(r, CHANNEL, Wanted(admin="boss", from_ms=1), 5),
        lambda r: found(r, CHANNEL, Wanted(command="grant"), 5),
        lambda r: found(r, CHANNEL, Wanted(user="bob"), 5),
        lambda r: approvals_of(r, key("bob")),
        lambda r: r.named_from(CHANNEL, DAY, "b", 5),
        lambda r: r.transactions(key("bob"), 5, before=1),
    ],
)
def test_no_page_reads_a_table_from_end_to_end(
    books: Books, reports: Reports, question: Callable[[Reports], object]
) -> None:
    """What a page costs does not depend on how much has happened."""
    act(books, 30)
    statements: list[tuple[str, Any]] = []

    def note(_cursor: object, statement: str, values: Any) -> bool:
        statements.append((statement, values))
        return True

    reports.connection.exec_trace = note
    try:
        question(reports)
    finally:
        reports.connection.exec_trace = None
    assert statements
    for statement, values in statements:
        plan = reports.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        steps = [str(row[3]) for row in plan]
        allowed = ("SCAN chain", "SCAN c", "SCAN transactions", "SCAN CONSTANT")
        assert not [
            step for step in steps if step.startswith("SCAN") and not step.startswith(allowed)
        ], steps
        if "audit_log AS l" in statement and "about" not in statement.partition("WHERE")[2]:
            assert not [step for step in steps if "TEMP B-TREE FOR ORDER" in step], steps


@pytest.mark.parametrize(
    ("wanted", "way"),
    [
        (Wanted(), "audit_log_of_channel (channel=? AND at_ms"),
        (Wanted(admin="boss"), "audit_log_by_admin (channel=? AND admin=? AND at_ms"),
        (Wanted(command="ban"), "audit_log_by_command (channel=? AND command=? AND at_ms"),
        (Wanted(user="bob", admin="boss"), "l USING INTEGER PRIMARY KEY"),
    ],
)
def test_a_filter_looks_at_few_rows(reports: Reports, wanted: Wanted, way: str) -> None:
    """Somebody who has done little is found as fast in a log of a million acts."""
    statements: list[tuple[str, Any]] = []

    def note(_cursor: object, statement: str, values: Any) -> bool:
        statements.append((statement, values))
        return True

    reports.connection.exec_trace = note
    found(reports, CHANNEL, wanted, 5)
    reports.connection.exec_trace = None
    [(statement, values)] = statements
    plan = reports.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    assert any(way in str(row[3]) for row in plan), plan
