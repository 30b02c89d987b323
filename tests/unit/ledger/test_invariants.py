"""The guard and the verifier find what does not add up (architecture.md 6)."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, earn, hold, minute, present, release, spend, tip

from kryten_economy.ledger.books import Books
from kryten_economy.ledger.errors import CorruptBooks
from kryten_economy.ledger.invariants import ConservationGuard, Violation, verify


@pytest.fixture
def tampered(path: Path) -> Iterator[apsw.Connection]:
    """Books in use, and a connection that may do what the books never do."""
    books = Books.open(path)
    books.commit([earn("Bob", 10), earn("Eve", 5), tip("Bob", "Eve", 3), hold("Bob", 2, "h")])
    books.commit([minute("m", present("Bob", 2), present("Zoe", 1)), spend("Eve", 1)])
    books.close()
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER transfer_is_never_changed")
    connection.execute("PRAGMA ignore_check_constraints = 1")
    yield connection
    connection.close()


def found(connection: apsw.Connection) -> set[tuple[str, str]]:
    guard = ConservationGuard(connection)
    return {(violation.account, violation.what) for violation in guard.check()}


def test_sound_books_have_no_violation(tampered: apsw.Connection, path: Path) -> None:
    """Whatever was done in order, nothing is found."""
    guard = ConservationGuard(tampered)
    assert guard.check() == ()
    assert not guard.behind
    report = verify(path)
    assert report.ok
    assert (report.accounts, report.transfers, report.open_holds) == (3, 7, 1)


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        (
            "UPDATE account SET balance_z = balance_z + 1 WHERE name = 'bob'",
            {("bob", "balance against its transfers"), ("", "sum over all accounts")},
        ),
        (
            "UPDATE account SET balance_z = balance_z + 1 WHERE name = 'mint'",
            {("mint", "balance against its transfers"), ("", "sum over all accounts")},
        ),
        (
            "UPDATE transfer SET amount_z = 4 WHERE amount_z = 3",
            {
                ("bob", "balance after transfer 3"),
                ("eve", "balance after transfer 3"),
                ("bob", "balance against its transfers"),
                ("eve", "balance against its transfers"),
            },
        ),
        (
            "UPDATE transfer SET debit_after_z = 8 WHERE amount_z = 3",
            {("bob", "balance after transfer 3")},
        ),
        (
            "UPDATE transfer SET debit_previous = NULL WHERE amount_z = 3",
            {("bob", "link of transfer 3")},
        ),
        (
            "UPDATE account SET last_transfer = 1 WHERE name = 'bob'",
            {("bob", "last transfer of the account")},
        ),
        ("UPDATE hold SET amount_z = 1", {("escrow", "escrow against open holds")}),
        (
            "UPDATE hold SET state = 'released', settled_at_ms = 1",
            {("escrow", "escrow against open holds")},
        ),
        (
            "UPDATE account SET balance_z = -1 WHERE name = 'zoe'",
            {
                ("zoe", "wallet below zero"),
                ("zoe", "balance against its transfers"),
                ("", "sum over all accounts"),
            },
        ),
    ],
)
def test_each_kind_of_tampering_is_found(
    tampered: apsw.Connection, path: Path, tampering: str, expected: set[tuple[str, str]]
) -> None:
    """A balance, an amount, a link, a hold: whatever does not add up is named."""
    tampered.execute(tampering)
    assert found(tampered) == expected
    report = verify(path)
    assert not report.ok
    assert {(one.account, one.what) for one in report.violations} >= expected


def test_a_violation_tells_numbers(tampered: apsw.Connection) -> None:
    """Channel, account, what was expected and what was found."""
    tampered.execute("UPDATE hold SET amount_z = 1")
    (violation,) = ConservationGuard(tampered).check()
    assert violation == Violation(CHANNEL, "escrow", "escrow against open holds", 1, 2)


def test_the_guard_reads_only_what_is_new(path: Path) -> None:
    """Later checks go on from where the last one stopped, in slices."""
    books = Books.open(path)
    books.commit([earn("Bob", 1) for _ in range(10)])
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    guard = ConservationGuard(reader)
    for behind in (True, True, False):
        assert guard.check(4) == ()
        assert guard.behind is behind
    books.commit([spend("Bob", 2), hold("Bob", 1, "h"), release("h")])
    assert guard.check(4) == ()
    assert not guard.behind
    assert guard._read_up_to == 13
    reader.close()
    books.close()


def test_a_broken_chain_is_told_once(tampered: apsw.Connection) -> None:
    """A guard that goes on running repeats what is still wrong, but not each row."""
    tampered.execute("UPDATE transfer SET credit_after_z = credit_after_z + 1")
    guard = ConservationGuard(tampered)
    assert len(guard.check()) == 3
    assert guard.check() == ()


def test_verify_finds_missing_references(tampered: apsw.Connection, path: Path) -> None:
    """A row that refers to nothing is a problem."""
    tampered.execute("PRAGMA foreign_keys = 0")
    tampered.execute("UPDATE transfer SET operation = 999 WHERE id = 1")
    report = verify(path)
    assert report.problems == ("row 1 of transfer refers to a missing row of operation",)


def test_verify_tells_a_damaged_file(path: Path) -> None:
    """A file that can't be read at all is an error, not a report."""
    path.write_bytes(b"x" * 5000)
    with pytest.raises(CorruptBooks):
        verify(path)


def test_verify_changes_nothing_beside_a_running_writer(path: Path) -> None:
    """The verifier may look at books in use."""
    books = Books.open(path)
    books.commit([earn("Bob", 1)])
    assert verify(path).ok
    books.commit([earn("Bob", 1)])
    assert verify(path).transfers == 2
    books.close()
