"""``export``, ``forget`` and ``kryten-economy-prune``, as processes on real files."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import apsw
import pytest
from tests.unit.ledger.acts import CHANNEL, DAY, earn, key, spend, tip

from kryten_economy.cli.main import main
from kryten_economy.cli.prune import main as prune_main
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify

NAME = "Zebulon_Q7"
Main: TypeAlias = Callable[[Sequence[str]], int]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Books with three people in it; one of them was not seen for years and did nothing."""
    settings = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
        "database": {"path": str(tmp_path / "economy.db")},
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    books = Books.open(tmp_path / "economy.db")
    books.commit([earn(NAME, 500), earn("Eve", 100), earn("Idle", 9), earn("Lurk", 30)])
    books.commit([tip(NAME, "Eve", 40), spend("Eve", 5)])
    books.close()
    return path


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


def process(
    config: Path, *words: str, module: str = "kryten_economy", said: str | None = None
) -> Ran:
    """The command in a process of its own, in the directory of the books."""
    command = [sys.executable, "-m", module, "--config", str(config), *words]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        input=said,
        cwd=config.parent,
        check=False,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def run(config: Path, *words: str, main: Main = main, said: str | None = None) -> Ran:
    """The same in this process, which is quicker."""
    out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(said or "")
    try:
        with redirect_stdout(out), redirect_stderr(err), chdir(config.parent):
            code = main(["--config", str(config), *words])
    except SystemExit as ended:
        code = int(str(ended.code))
    finally:
        sys.stdin = stdin
    return Ran(code, out.getvalue(), err.getvalue())


def prune(config: Path, *words: str, said: str | None = None) -> Ran:
    return run(config, "--channel", CHANNEL, *words, main=prune_main, said=said)


def balance(config: Path, name: str) -> int | None:
    reports = Reports.open(config.parent / "economy.db")
    wallet = reports.wallet(key(name), DAY)
    reports.close()
    return None if wallet is None else wallet.balance_z


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_about_a_user_is_exported_while_the_service_runs(config: Path) -> None:
    """As JSON and as CSV, to the output or to a file that nobody else may read."""
    books = Books.open(config.parent / "economy.db")
    done = process(config, "export", "--user", f"@{NAME}")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["user"] == NAME
    assert [row["balance_z"] for row in told["tables"]["account"]] == [460]
    assert len(told["tables"]["transfer"]) == 2
    file = config.parent / "out.csv"
    done = run(config, "export", "--user", NAME.lower(), "--format", "csv", "--output", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o077 == 0
    values = [row["value"] for row in rows_of(file) if row["column"] == "balance_z"]
    assert values == ["460"]
    again = run(config, "export", "--user", NAME, "--output", str(file))
    assert (again.returncode, "nothing is written over" in again.stderr) == (1, True)
    books.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--user", "Ghost"), "nothing is stored about 'Ghost'"),
        (("--user", "no name!"), "is no user name"),
        (("--user", NAME, "--channel", "Nowhere"), "no channel 'Nowhere'"),
        (("--user", NAME, "--from", "2026-01-01"), "go with --audit"),
        (("--audit", "--channel", CHANNEL), "goes with --user"),
        (("--audit", "--from", "2026-02-30"), "is no date"),
        (("--audit", "--from", "2026-02-02", "--to", "2026-02-01"), "no later than"),
        (("--audit", "--append"), "needs --output"),
    ],
)
def test_what_can_not_be_exported_is_told(config: Path, words: tuple[str, ...], told: str) -> None:
    """Exit code 1, a sentence, and nothing on the standard output."""
    done = run(config, "export", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr


def test_an_audit_export_is_gone_on_with(config: Path) -> None:
    """What is behind the last transfer of the file is added; each transfer stands there once."""
    for form in ("json", "csv"):
        file = config.parent / f"audit.{form}"
        words = ("export", "--audit", "--format", form, "--output", str(file), "--append")
        assert run(config, *words).returncode == 0
        first = file.read_text(encoding="utf-8")
        books = Books.open(config.parent / "economy.db")
        books.commit([earn("Eve", 7)])
        books.close()
        done = run(config, *words)
        assert "1 transfer of" in done.stderr
        whole = file.read_text(encoding="utf-8")
        assert whole.startswith(first)
        alone = config.parent / f"whole.{form}"
        run(config, "export", "--audit", "--format", form, "--output", str(alone))
        assert alone.read_text(encoding="utf-8") == whole
        file.write_text(whole + "half a li", encoding="utf-8")
        broken = run(config, *words)
        assert (broken.returncode, "can't be gone on with" in broken.stderr) == (1, True)


def test_an_audit_export_of_a_time_holds_that_time(config: Path) -> None:
    """Whole days of the configured zone, each transfer with its result."""
    done = run(config, "export", "--audit", "--from", DAY, "--to", DAY)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["amount"] for line in lines] == [500, 100, 9, 30, 40, 5]
    assert {line["result"] for line in lines} == {"ok"}
    assert "6 transfers of 6: the books balance" in done.stderr
    done = run(config, "export", "--audit", "--from", "2025-03-15")
    assert (done.stdout, done.returncode) == ("", 0)


def test_books_that_do_not_balance_are_exported_and_told(config: Path) -> None:
    """Exit code 2; the row says what is wrong with it."""
    connection = apsw.Connection(str(config.parent / "economy.db"))
    connection.execute("DROP TRIGGER transfer_is_never_changed")
    connection.execute("UPDATE transfer SET amount_z = 501 WHERE id = 1")
    connection.close()
    done = run(config, "export", "--audit")
    assert done.returncode == 2
    assert "should be 501" in json.loads(done.stdout.splitlines()[0])["result"]
    assert "do NOT balance" in done.stderr


def test_a_user_is_forgotten(config: Path) -> None:
    """First it is shown, then done; no byte of the name is left and the books balance."""
    files = [config.parent / f"economy.db{end}" for end in ("", "-wal", "-shm")]
    shown = run(config, "forget", "--user", NAME)
    assert shown.returncode == 0
    assert "Nothing was changed" in shown.stdout
    assert balance(config, NAME) == 460
    done = process(config, "forget", "--user", NAME, "--yes")
    assert done.returncode == 0, done.stderr
    assert "the books balance" in done.stdout
    data = b"".join(file.read_bytes() for file in files if file.exists())
    assert NAME.lower().encode() not in data.lower()
    assert balance(config, NAME) is None
    again = run(config, "forget", "--user", NAME, "--yes")
    assert (again.returncode, "nothing is stored" in again.stderr) == (1, True)


def test_what_lies_in_free_pages_is_removed_later(config: Path) -> None:
    """Where it was cut off between the change and the writing anew, doing it again ends it."""
    path = config.parent / "economy.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE scratch (text TEXT)")
    connection.execute("INSERT INTO scratch VALUES ('Vanished_9' || hex(zeroblob(9000)))")
    connection.execute("DROP TABLE scratch")
    connection.close()
    assert b"Vanished_9" in path.read_bytes()
    done = run(config, "forget", "--user", "vanished_9", "--yes")
    assert (done.returncode, "free pages is gone" in done.stdout) == (0, True)
    assert b"Vanished_9" not in path.read_bytes()
    assert run(config, "forget", "--user", "vanished_9", "--yes").returncode == 1


def test_old_backups_are_named_to_whoever_forgets(config: Path) -> None:
    """They still hold the name, and only an operator may remove them."""
    assert run(config, "backup").returncode == 0
    [backup] = (config.parent / "backups").glob("*.db")
    done = run(config, "forget", "--user", NAME, "--yes")
    assert str(backup) in done.stdout
    assert backup.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--user", "Ghost", "--yes"), "nothing is stored"),
        (("--user", "no name!", "--yes"), "is no user name"),
        (("--user", NAME, "--channel", "Nowhere", "--yes"), "no channel"),
    ],
)
def test_who_can_not_be_forgotten_is_told(config: Path, words: tuple[str, ...], told: str) -> None:
    """Exit code 1 and a sentence."""
    done = run(config, "forget", *words)
    assert done.returncode == 1
    assert told in done.stderr


def test_nobody_is_forgotten_or_pruned_while_the_service_runs(config: Path) -> None:
    """The lock refuses both; looking at what would be done needs none."""
    books = Books.open(config.parent / "economy.db")
    refused = run(config, "forget", "--user", NAME, "--yes")
    assert (refused.returncode, balance(config, NAME)) == (1, 460)
    assert "Stop it first" in refused.stderr
    refused = prune(config, "--execute", "--yes")
    assert (refused.returncode, balance(config, "Idle")) == (1, 9)
    assert run(config, "forget", "--user", NAME).returncode == 0
    assert prune(config).returncode == 0
    books.close()


def test_a_prune_only_shows_unless_told_to_execute(config: Path) -> None:
    """Matches, their number and their money; a preview is written before anything is done."""
    file = config.parent / "seen.csv"
    done = prune(config, "--output-csv", str(file))
    assert done.returncode == 0, done.stderr
    assert "2 accounts with 39 Z to reclaim" in done.stdout
    assert [row["username"] for row in rows_of(file)] == ["Idle", "Lurk"]
    assert list(rows_of(file)[0]) == [
        "username", "channel", "balance", "lifetime_earned", "lifetime_spent", "first_seen",
        "last_seen", "last_active", "welcome_wallet_claimed",
    ]  # fmt: skip
    assert rows_of(file)[0]["last_seen"] == "2025-03-14 11:00:00"
    assert balance(config, "Idle") == 9
    assert list(config.parent.glob("*deleted*")) == []


def test_a_prune_closes_books_the_money_and_writes_an_audit(config: Path) -> None:
    """Only the word yes goes on; the money is in the sink and the books balance."""
    for said in ("", "y\n", "YES\n", "no\n"):
        off = prune(config, "--execute", said=said)
        assert (off.returncode, "Called off" in off.stderr) == (1, True)
    assert balance(config, "Idle") == 9
    assert list(config.parent.glob("prune_audit*")) == []
    words = ("--channel", CHANNEL, "--execute", "--balance-max", "9")
    done = process(config, *words, module="kryten_economy.cli.prune", said="yes\n")
    assert done.returncode == 0, done.stderr
    [audit] = config.parent.glob(f"prune_audit_{CHANNEL}_*.csv")
    [row] = rows_of(audit)
    assert list(row) == [
        "username", "channel", "balance", "lifetime_earned", "last_seen", "deleted_at",
        "rows_transactions", "rows_daily_activity", "rows_tip_history",
    ]  # fmt: skip
    assert (row["username"], row["balance"], row["rows_transactions"]) == ("Idle", "9", "1")
    assert (row["rows_daily_activity"], row["rows_tip_history"]) == ("1", "0")
    assert str(audit.name) in done.stdout
    assert balance(config, "Idle") is None
    assert balance(config, "Lurk") == 30
    file = config.parent / "x.csv"
    done = prune(config, "--execute", "--yes", "--output-csv", str(file))
    assert done.returncode == 0, done.stderr
    [second] = config.parent.glob("x_deleted_*.csv")
    assert [row["username"] for row in rows_of(second)] == ["Lurk"]
    assert [row["username"] for row in rows_of(file)] == ["Lurk"]
    assert verify(config.parent / "economy.db").ok
    assert prune(config, "--execute", "--yes").returncode == 0, "nobody is left, which is well"


def test_an_account_that_can_not_be_closed_is_told(config: Path) -> None:
    """Exit code 2; the others are closed, and it keeps everything."""
    connection = apsw.Connection(str(config.parent / "economy.db"))
    connection.execute(
        "CREATE TRIGGER broken BEFORE UPDATE ON account WHEN NEW.kind = 'gone'"
        " AND OLD.name = 'idle' BEGIN SELECT RAISE(ABORT, 'broken'); END"
    )
    connection.close()
    done = prune(config, "--execute", "--yes")
    assert done.returncode == 2
    assert "Idle" in done.stderr
    assert (balance(config, "Idle"), balance(config, "Lurk")) == (9, None)
    assert verify(config.parent / "economy.db").ok


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--inactive-days", "-1"), "invalid number"),
        (("--balance-min", "x"), "invalid number"),
        (("--balance-min", "5", "--balance-max", "4"), "at least"),
        (("--log-level", "LOUD"), "invalid choice"),
    ],
)
def test_a_prune_that_is_misused_exits_with_one(
    config: Path, words: tuple[str, ...], told: str
) -> None:
    """Since 2 says that some accounts were not closed."""
    done = prune(config, *words)
    assert done.returncode == 1
    assert told in done.stderr


def test_a_prune_of_an_unknown_channel_is_told(config: Path) -> None:
    """A slip in the name matches nobody, which must not look like success."""
    done = run(config, "--channel", "Loung", main=prune_main)
    assert (done.returncode, "no channel" in done.stderr) == (1, True)
    assert run(config, main=prune_main).returncode == 1
