"""The command ``kryten-economy import``: what it asks, refuses, and leaves behind."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.unit.migration.old import CHANNEL, Old, config_at, run_import

from kryten_economy.cli.main import main
from kryten_economy.features.money.operations import Credit
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify
from kryten_economy.migration import build
from kryten_economy.migration.belongings import write_accounts
from kryten_economy.users import UserKey


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """Two people with some money."""
    made = Old(tmp_path / "economy.db")
    made.account("Alice", 120)
    made.account("Bob", 5)
    made.moves("Alice", 100, 50)
    return made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_at(tmp_path)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Where the new books are to be."""
    return tmp_path / "books.db"


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def _answers(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: answer)


# Asking


def test_a_dry_run_reports_and_keeps_nothing(
    tmp_path: Path, old: Old, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything is built and proved, told, and thrown away; exit code 0."""
    before = _files(tmp_path)
    assert run_import(config, old.path, "--dry-run") == 0
    assert _files(tmp_path) == before
    told = capsys.readouterr().out
    assert "accounts: 2" in told
    assert "Channel Lounge: 2 accounts with 125" in told
    assert "Nothing was changed" in told


@pytest.mark.parametrize("answer", ["", "no", "y", "YES please"])
def test_only_yes_goes_on(
    old: Old, config: Path, books: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """Without `--yes` the report is followed by a question; exit code 1 if the answer is no."""
    _answers(monkeypatch, answer)
    assert run_import(config, old.path) == 1
    assert not books.exists()


def test_yes_makes_the_books(
    old: Old, config: Path, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They verify by the house's own command."""
    _answers(monkeypatch, "yes")
    assert run_import(config, old.path) == 0
    assert main(["--config", str(config), "verify"]) == 0
    assert books.stat().st_mode & 0o777 == 0o600


def test_the_whole_report_goes_to_a_file(
    tmp_path: Path, old: Old, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is too long for the terminal is in the file, every account by name."""
    for number in range(30):
        old.account(f"User{number}", number + 1)
    path = tmp_path / "report.txt"
    assert run_import(config, old.path, "--dry-run", "--report", str(path)) == 0
    assert "and 22 more" in capsys.readouterr().out
    text = path.read_text(encoding="utf-8")
    assert all(f"Lounge/User{number}: balance {number + 1}," in text for number in range(30))
    assert "more (" not in text


# Refusing


def test_books_with_accounts_are_refused(
    old: Old, config: Path, books: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that somebody has is ever replaced."""
    assert run_import(config, old.path, "--yes") == 0
    before = books.read_bytes()
    assert run_import(config, old.path, "--yes") == 1
    assert "accounts in these books already" in capsys.readouterr().err
    assert books.read_bytes() == before


def test_empty_books_are_replaced(old: Old, config: Path, books: Path) -> None:
    """A service that was started once without anybody in it is no obstacle."""
    Books.open(books).close()
    assert run_import(config, old.path, "--yes") == 0
    assert verify(books).accounts == 2


def test_books_in_use_are_refused(
    old: Old, config: Path, books: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the service holds the file nothing is imported."""
    held = Books.open(books)
    try:
        assert run_import(config, old.path, "--yes") == 1
    finally:
        held.close()
    assert "Another process has these books open" in capsys.readouterr().err


def test_the_source_is_never_the_target(
    tmp_path: Path, old: Old, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is where the new books are to be is left alone, and the way out is told."""
    config = config_at(tmp_path, database={"path": str(old.path)})
    before = old.path.read_bytes()
    assert run_import(config, old.path, "--yes") == 1
    assert "Name another file there" in capsys.readouterr().err
    assert old.path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("gone.db", None, "no such file"),
        ("notes.txt", b"hello", "neither an SQLite database nor a configuration file"),
        ("broken.db", b"SQLite format 3\x00" + b"x" * 600, "file is not a database"),
        ("broken.yaml", b"a: [", "broken.yaml"),
        ("empty.yaml", b"database: {path: nowhere.db}", "names nowhere.db, which is not there"),
        ("pg.yaml", b"database: {backend: postgres}", "names no database"),
    ],
)
def test_what_is_no_source_is_refused(
    tmp_path: Path,
    config: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    why: str,
) -> None:
    """One sentence, exit code 1."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert run_import(config, path, "--yes") == 1
    assert why in capsys.readouterr().err
    assert not (tmp_path / "books.db").exists()


def test_another_programs_tables_are_refused(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database without accounts is nobody's economy."""
    Old(tmp_path / "other.db", "CREATE TABLE songs (title TEXT)")
    assert run_import(config, tmp_path / "other.db", "--yes") == 1
    assert "no table of accounts" in capsys.readouterr().err


def test_our_own_books_are_no_source(
    old: Old, config: Path, books: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are restored, not imported."""
    assert run_import(config, old.path, "--yes") == 0
    moved = config_at(tmp_path, database={"path": str(tmp_path / "second.db")})
    assert run_import(moved, books, "--yes") == 1
    assert "kryten-economy restore" in capsys.readouterr().err


def test_what_books_cannot_hold_is_exit_code_two(
    old: Old, config: Path, books: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A balance beyond all bounds can't be kept, so nothing is put in place."""
    old.account("Rich", 2**62 + 1)
    assert run_import(config, old.path, "--yes") == 2
    assert "Lounge/Rich" in capsys.readouterr().err
    assert not books.exists()


def test_what_is_unlike_the_source_is_not_put_in_place(
    old: Old,
    config: Path,
    books: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The proof looks at the source again: a balance that went astray on the way is exit code 2."""
    write = write_accounts

    def astray(work: Any) -> None:
        write(work)
        work.target.run("UPDATE account SET balance_z = balance_z - 1 WHERE name = 'alice'")
        work.target.run("UPDATE account SET balance_z = balance_z + 1 WHERE kind = 'mint'")

    monkeypatch.setattr(build, "write_accounts", astray)
    assert run_import(config, old.path, "--yes") == 2
    assert "does not add up" in capsys.readouterr().err
    assert not books.exists()
    assert not books.with_name("books.db.importing").exists()


@pytest.mark.parametrize("dsn", ["postgresql://econ@db/economy", "host=db dbname=economy"])
def test_postgres_needs_its_library(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dsn: str,
) -> None:
    """Without the extra the sentence says how to get it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "kryten_economy.migration.postgres", raising=False)
    assert run_import(config, dsn, "--yes") == 1
    assert "pip install 'kryten-economy[import]'" in capsys.readouterr().err


# Reading only


def test_the_log_of_the_source_is_read_and_kept(
    tmp_path: Path, old: Old, config: Path, books: Path
) -> None:
    """What only the write-ahead log holds is imported, and stays there."""
    open_connection = sqlite3.connect(old.path)
    open_connection.execute("PRAGMA journal_mode=WAL")
    open_connection.execute("UPDATE accounts SET balance = 777 WHERE username = 'Bob'")
    open_connection.commit()
    log = old.path.with_name("economy.db-wal")
    before = (_digest(old.path), _digest(log))
    assert run_import(config, old.path, "--yes") == 0
    assert (_digest(old.path), _digest(log)) == before
    open_connection.close()
    asked = sqlite3.connect(books)
    assert asked.execute("SELECT balance_z FROM account WHERE name = 'bob'").fetchone() == (777,)
    asked.close()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_configuration_file_names_its_database(
    tmp_path: Path, old: Old, config: Path, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the old service is a source too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text("database: {path: economy.db}\n", encoding="utf-8")
    assert run_import(config, tmp_path / "old.yaml", "--yes") == 0
    assert verify(books).accounts == 2


# Afterwards


def test_imported_books_take_money(old: Old, config: Path, books: Path) -> None:
    """New rows follow the imported ones, and the books stay balanced."""
    assert run_import(config, old.path, "--yes") == 0
    opened = Books.open(books)
    try:
        user = UserKey.of(CHANNEL, "alice")
        opened.commit([Credit("1", user, 7, "earn", "presence.base", "P", 1, "2026-11-20")])
    finally:
        opened.close()
    assert verify(books).ok
    asked = sqlite3.connect(books)
    rows = asked.execute(
        "SELECT amount, balance_after FROM transactions WHERE username = 'Alice' ORDER BY id"
    ).fetchall()
    asked.close()
    assert rows[-1] == (7, 127)


_SLOW = """
import sys
from kryten_economy.cli.main import main
from kryten_economy.migration import build
from kryten_economy.migration.belongings import write_accounts
def stop(work):
    print("written", flush=True)
    import time
    time.sleep(60)
build.write_accounts = stop
main(sys.argv[1:])
"""


def test_a_killed_import_changes_nothing_and_can_be_repeated(
    tmp_path: Path, old: Old, config: Path, books: Path
) -> None:
    """What a kill leaves behind is no books; the next run removes it and goes through."""
    Books.open(books).close()
    before = books.read_bytes()
    command = [sys.executable, "-c", _SLOW, "--config", str(config), "import", str(old.path)]
    with subprocess.Popen(
        [*command, "--yes"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "written\n"
        running.send_signal(signal.SIGKILL)
    assert books.read_bytes() == before
    assert books.with_name("books.db.importing").exists()
    assert run_import(config, old.path, "--yes") == 0
    assert verify(books).accounts == 2
    assert not books.with_name("books.db.importing").exists()


def test_a_kill_at_any_moment_changes_nothing(
    tmp_path: Path, old: Old, config: Path, books: Path
) -> None:
    """Killed after ever longer times, the books are either not there or whole."""
    old.run(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO transactions (username, channel, amount, type)"
        " SELECT 'Bob', 'Lounge', 1, 'earn' FROM n"
    )
    command = [sys.executable, "-m", "kryten_economy", "--config", str(config), "import"]
    for wait_s in (0.3, 0.7, 1.1, 1.6):
        with subprocess.Popen(
            [*command, str(old.path), "--yes"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as running:
            time.sleep(wait_s)
            running.send_signal(signal.SIGKILL)
        if books.exists() and books.stat().st_size:
            assert verify(books).ok
            assert verify(books).accounts == 2
            return
    assert run_import(config, old.path, "--yes") == 0
    assert verify(books).ok
