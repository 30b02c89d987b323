"""Sessions of the pages in real books."""

from pathlib import Path

from tests.unit.ledger.acts import CHANNEL, DAY, NOW, ask, earn, key

from kryten_economy.features.page_sessions import (
    SESSIONS_MAX,
    EndPageSession,
    EndPageSessions,
    OpenPageSession,
    PageSessionsEnded,
    signed_in,
)
from kryten_economy.features.people.forgetting import forget
from kryten_economy.features.people.pruning import CloseAccount, Criteria
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books

DAY_MS = 86_400_000


def token(number: int) -> bytes:
    return number.to_bytes(32, "big")


def enter(name: str, number: int, replaces: int | None = None, at_ms: int = NOW) -> OpenPageSession:
    old = None if replaces is None else token(replaces)
    return OpenPageSession(key(name), name, token(number), old, at_ms, DAY, at_ms + DAY_MS)


def is_open(reports: Reports, number: int, at_ms: int = NOW) -> bool:
    return signed_in(reports, token(number), at_ms) is not None


def test_a_session_says_who_somebody_is(books: Books, reports: Reports) -> None:
    """In which channel, and how their account spells them, until its end; a stranger gets one."""
    ask(books, earn("Alice", 5))
    ask(books, enter("alice", 1))
    found = signed_in(reports, token(1), NOW)
    assert found is not None
    assert found.user == key("Alice")
    assert found.display_name == "Alice"
    assert not is_open(reports, 1, NOW + DAY_MS)
    ask(books, enter("Newcomer", 2))
    assert is_open(reports, 2)
    assert not is_open(reports, 3)


def test_a_session_ends(books: Books, reports: Reports) -> None:
    """Alone, all of one user, or by the one that takes its place."""
    for name, number in (("Alice", 1), ("Alice", 2), ("Alice", 3), ("Bob", 4)):
        ask(books, enter(name, number))
    ask(books, enter("Alice", 5, replaces=1))
    assert not is_open(reports, 1)
    assert ask(books, EndPageSession(token(2))) == PageSessionsEnded(1)
    assert ask(books, EndPageSession(token(2))) == PageSessionsEnded(0)
    assert ask(books, EndPageSessions(key("Alice"), DAY)) == PageSessionsEnded(2)
    assert ask(books, EndPageSessions(key("Nobody"), DAY)) == PageSessionsEnded(0)
    assert [number for number in range(1, 6) if is_open(reports, number)] == [4]


def test_sessions_are_bounded(books: Books, reports: Reports) -> None:
    """The oldest of too many make room, and those that are over leave no row."""
    for number in range(SESSIONS_MAX + 3):
        ask(books, enter("Alice", number, at_ms=NOW + number))
    still = [number for number in range(SESSIONS_MAX + 3) if is_open(reports, number)]
    assert still == list(range(3, SESSIONS_MAX + 3))
    ask(books, enter("Bob", 99, at_ms=NOW + 2 * DAY_MS))
    assert reports.sql.rows("SELECT count(*) FROM page_session") == [(1,)]


def test_a_closed_account_is_signed_out(books: Books, reports: Reports) -> None:
    """Its session opens nothing, and is gone."""
    ask(books, earn("Alice", 5))
    ask(books, enter("Alice", 1))
    later = NOW + 900 * DAY_MS
    criteria = Criteria(CHANNEL)
    closed = ask(books, CloseAccount("close", key("Alice"), criteria, later, DAY))
    assert "page_session" in closed.removed
    assert not is_open(reports, 1)


def test_who_is_forgotten_is_signed_out(path: Path) -> None:
    """Under the pseudonym nobody is signed in."""
    books = Books.open(path)
    ask(books, earn("Alice", 5))
    ask(books, enter("Alice", 1))
    ask(books, enter("Bob", 2))
    books.close()
    assert forget(path, "alice", CHANNEL, at_ms=NOW) is not None
    reports = Reports.open(path)
    assert not is_open(reports, 1)
    assert is_open(reports, 2)
    reports.close()
