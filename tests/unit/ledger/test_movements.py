"""A wallet's movements page by page, its balance at the end of days, what a day has brought."""

from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import Any

import pytest
from tests.unit.ledger.acts import DAY, ask, earn, key, look, spend, tip
from tests.unit.ledger.test_plans import scans, statements_of

from kryten_economy.features.games.played import rounds_of_player, stake_in
from kryten_economy.features.leaderboards import is_listed
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.page_sessions import OpenPageSession, sessions_of
from kryten_economy.features.reports import movements as module
from kryten_economy.features.reports.movements import (
    KINDS,
    Wanted,
    balances_of_days,
    day_of_user,
    movements,
)
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.transaction_types import TYPES

DAY_MS = 86_400_000
ALICE = key("alice")


def at(at_ms: int, amount_z: int, name: str = "alice") -> Credit:
    """A movement at a time."""
    return Credit(
        op_id=f"{name}:{at_ms}:{amount_z}",
        user=key(name),
        amount_z=amount_z,
        type="earn",
        trigger_id="chat.long_message",
        reason="A long message",
        at_ms=at_ms,
        day=DAY,
        create=True,
        display_name=name,
    )


def pages_of(reports: Reports, limit: int, wanted: Wanted) -> Iterator[list[int]]:
    """The amounts of each page until there is no further one."""
    before: int | None = None
    while True:
        found = movements(reports, ALICE, limit, wanted, before)
        assert found is not None
        yield [row.amount_z for row in found.rows]
        before = found.more
        if before is None:
            return


def test_the_pages_hold_each_movement_once(books: Books, reports: Reports) -> None:
    """In the order of the chain, both sides of transfers between users among them."""
    for number in range(1, 8):
        ask(books, earn("alice", number))
        ask(books, earn("bob", 10))
    ask(books, tip("alice", "bob", 3))
    ask(books, tip("bob", "alice", 20))
    found = list(pages_of(reports, 3, Wanted()))
    assert list(chain.from_iterable(found)) == [20, -3, 7, 6, 5, 4, 3, 2, 1]
    assert all(len(each) <= 3 for each in found)
    everything = movements(reports, ALICE, 50, Wanted())
    assert everything is not None
    for newer, older in pairwise(everything.rows):
        assert newer.balance_after_z - newer.amount_z == older.balance_after_z


def test_a_search_is_given_up_and_gone_on_with(
    books: Books, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rare it is what is looked for, no answer reads more than it may, and all is found."""
    monkeypatch.setattr(module, "LOOKED_AT_MAX", 4)
    ask(books, spend_of(books, 1))
    for _ in range(9):
        ask(books, earn("alice", 5))
    found = list(pages_of(reports, 50, Wanted("bought")))
    assert list(chain.from_iterable(found)) == [-1]
    assert len(found) == 3
    first = movements(reports, ALICE, 50, Wanted("bought"))
    assert first is not None
    assert not first.looked_at_all


def spend_of(books: Books, amount_z: int) -> Any:
    """Something bought, by somebody who can pay it."""
    ask(books, earn("alice", amount_z))
    return spend("alice", amount_z)


def test_only_what_is_ones_own_is_a_place_to_go_on_from(books: Books, reports: Reports) -> None:
    """The number of another's movement, of the other side of one's own, or of none, is none."""
    ask(books, earn("alice", 50))
    ask(books, earn("bob", 5))
    ask(books, tip("alice", "bob", 3))
    rows = reports.sql.rows("SELECT id, username FROM transactions")
    for number, name in rows:
        found = movements(reports, ALICE, 10, Wanted(), number)
        assert (found is not None) is (name == "alice")
    assert movements(reports, ALICE, 10, Wanted(), 10_000) is None
    unknown = movements(reports, key("nobody"), 10, Wanted())
    assert unknown is not None
    assert unknown.rows == ()


def test_every_type_is_of_one_kind_at_most() -> None:
    """But what is earned by being here and otherwise, which the trigger tells apart."""
    for name in TYPES:
        kinds = [each for each, kind in KINDS.items() if name in kind.types]
        assert len(kinds) <= 1 or kinds == ["here", "earned"], (name, kinds)
    assert all(kind.types for kind in KINDS.values())


def test_days_end_with_what_came_before_their_end(books: Books, reports: Reports) -> None:
    """Days without a movement keep the balance; before the first one there is none."""
    start = 1_795_132_800_000
    for day, amount_z in ((1, 5), (1, 7), (3, 20)):
        ask(books, at(start + day * DAY_MS + amount_z, amount_z))
    ends = [start + (day + 1) * DAY_MS for day in range(6)]
    assert balances_of_days(reports, ALICE, start, ends) == [None, 12, 12, 32, 32, 32]
    assert balances_of_days(reports, ALICE, start + 5 * DAY_MS, ends[5:]) == [32]
    assert balances_of_days(reports, key("nobody"), start, ends) == [None] * 6


def test_a_clock_that_was_set_back_loses_nothing(books: Books, reports: Reports) -> None:
    """At the end of a day counts the newest movement that says to be of it."""
    start = 1_795_132_800_000
    ask(books, at(start + DAY_MS + 60_000, 5))
    ask(books, at(start + DAY_MS - 60_000, 7))
    ends = [start + DAY_MS, start + 2 * DAY_MS]
    assert balances_of_days(reports, ALICE, start, ends) == [12, 12]


def test_what_a_day_has_brought_and_cost(books: Books, reports: Reports) -> None:
    """As the counters of that day say; nothing on others."""
    ask(books, earn("alice", 50))
    ask(books, spend("alice", 20))
    found = day_of_user(reports, ALICE, DAY)
    assert (found.earned_z, found.spent_z) == (50, 20)
    assert sum(day_of_user(reports, ALICE, "2001-01-01")) == 0
    assert look(books, "alice").balance_z == 30


QUERIES: dict[str, Callable[[Reports], object]] = {
    "movements": lambda r: movements(r, ALICE, 50, Wanted()),
    "some": lambda r: movements(r, ALICE, 50, Wanted("games", "in", 5, 10)),
    "before": lambda r: movements(r, ALICE, 50, Wanted(), 2),
    "balances": lambda r: balances_of_days(r, ALICE, 0, [5, 10]),
    "day": lambda r: day_of_user(r, ALICE, DAY),
    "rounds": lambda r: rounds_of_player(r, ALICE, 50),
    "older rounds": lambda r: rounds_of_player(r, ALICE, 50, 7),
    "a stake": lambda r: stake_in(r, ALICE, 7),
    "listed": lambda r: is_listed(r, ALICE),
    "sessions": lambda r: sessions_of(r, ALICE, b"0" * 32, 5),
}


@pytest.mark.parametrize("name", QUERIES)
def test_no_page_about_oneself_reads_a_growing_table(books: Books, name: str) -> None:
    """What a page costs does not depend on how much has happened to others."""
    ask(books, earn("alice", 50))
    ask(
        books,
        OpenPageSession(ALICE, "alice", b"0" * 32, None, 1, DAY, 10),
    )
    reports = Reports(books._connection)
    seen = {
        statement: values
        for statement, values in statements_of(books, lambda: QUERIES[name](reports))
        if statement.startswith(("SELECT", "WITH"))
    }
    assert seen
    found = {each: scans(books._connection, each, values) for each, values in seen.items()}
    assert {each: steps for each, steps in found.items() if steps} == {}
