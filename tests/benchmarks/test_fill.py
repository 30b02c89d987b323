from pathlib import Path

from tests.benchmarks.books import open_books
from tests.benchmarks.fill import CROWD, fill, filled_file

from kryten_economy.features.money.operations import Credit, Posted
from kryten_economy.features.presence.operations import RecordActivity
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

MINUTES = 500
"""More than two days of the past."""


def test_a_filled_file_balances(tmp_path: Path) -> None:
    """A past written in bulk passes every check that real books pass, and is as long as asked."""
    path = tmp_path / "books.db"
    fill(path, "bench00", ["alice", "bob"], MINUTES * CROWD - 1)
    report = verify(path)
    assert report.ok, report
    assert report.transfers == MINUTES * CROWD
    assert report.accounts == CROWD
    with open_books(path) as books:
        assert books.minutes() == MINUTES * CROWD
        assert books.hits("presence.base") == MINUTES * CROWD


def test_a_filled_file_goes_on(tmp_path: Path) -> None:
    """The books take up a filled file where it ends, and it still balances afterwards."""
    path = tmp_path / "books.db"
    fill(path, "bench00", ["alice"], 3 * CROWD)
    alice = UserKey("bench00", "alice")
    grant = Credit("grant:1", alice, 5, "admin_grant", "admin.grant", "More", 10**12, "2999-01-01")
    books = Books.open(path)
    try:
        [seen, paid] = books.commit(
            [RecordActivity(alice, "alice", 10**12, "2999-01-01", commands=1), grant]
        ).answers
    finally:
        books.close()
    assert isinstance(seen, Wallet)
    assert seen.balance_z == 3
    assert isinstance(paid, Posted)
    assert paid.wallet.balance_z == 8
    assert verify(path).ok
    reports = Reports.open(path)
    try:
        assert len(reports.transactions(alice, 10, 0)) == 4
    finally:
        reports.close()


def test_a_filled_file_is_made_once(tmp_path: Path) -> None:
    """The same past is not written twice, and half a past is never taken for a whole one."""
    made = filled_file(tmp_path, "bench00", ["alice"], CROWD)
    written_at = made.stat().st_mtime_ns
    assert filled_file(tmp_path, "bench00", ["alice"], CROWD).stat().st_mtime_ns == written_at
    made.rename(made.with_suffix(".part"))
    assert verify(filled_file(tmp_path, "bench00", ["alice"], CROWD)).ok
