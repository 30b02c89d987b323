"""Balances of another bot: ``kryten-economy import balances.csv --channel X``."""

import sqlite3
from pathlib import Path

import pytest
from tests.unit.migration.old import CHANNEL, config_at, run_import

from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify

TABLE = "Username,Points\nAlice,1200\nbob_2,7\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return config_at(tmp_path)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "balances.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def _wallets(folder: Path) -> list[tuple[str, int]]:
    asked = sqlite3.connect(folder / "books.db")
    rows = asked.execute(
        "SELECT display_name, balance_z FROM account WHERE kind = 'wallet' ORDER BY name"
    ).fetchall()
    asked.close()
    return rows


def test_balances_become_accounts(
    tmp_path: Path, config: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was understood is shown first; the books balance."""
    assert run_import(config, table, "--channel", "lounge", "--yes") == 0
    told = capsys.readouterr().out
    assert "names in 'Username', balances in 'Points'" in told
    assert "2 people with 1,207 in all, for the channel Lounge" in told
    assert "  Alice: 1,200" in told
    assert _wallets(tmp_path) == [("Alice", 1200), ("bob_2", 7)]
    assert verify(tmp_path / "books.db").ok


def test_the_same_table_is_booked_once(
    tmp_path: Path, config: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run changes nothing and says so; another table adds to what is there."""
    for _ in range(2):
        assert run_import(config, table, "--channel", CHANNEL, "--yes") == 0
    assert "2 were booked before" in capsys.readouterr().out
    table.write_text("name;balance\nALICE;100\n", encoding="utf-8")
    assert run_import(config, table, "--channel", CHANNEL, "--yes") == 0
    assert _wallets(tmp_path) == [("Alice", 1300), ("bob_2", 7)]


def test_nothing_is_booked_without_a_yes(
    tmp_path: Path, config: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run only shows; any other answer than yes is a no."""
    assert run_import(config, table, "--channel", CHANNEL, "--dry-run") == 0
    monkeypatch.setattr("builtins.input", lambda _question: "maybe")
    assert run_import(config, table, "--channel", CHANNEL) == 1
    assert not (tmp_path / "books.db").exists()


def test_odd_rows_are_told_and_left_out(
    tmp_path: Path, config: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that can't be, amounts that are none, rows that are short; doubles are added up."""
    table.write_text(
        'user\tcoins\textra\n@Alice\t"1,500"\tx\nno name\t5\tx\nBob\t-4\tx\nCarl\tmany\tx\n'
        "Dora\nalice\t20.75\tx\nEve\t0\tx\n",
        encoding="utf-8",
    )
    assert run_import(config, table, "--channel", CHANNEL, "--yes") == 0
    assert _wallets(tmp_path) == [("Alice", 1520)]
    told = capsys.readouterr().out
    for odd in (
        "row 3: 'no name' can't be a name on CyTube",
        "row 4: '-4' of Bob is no balance",
        "row 5: 'many' of Carl is no balance",
        "row 6: has only 1 columns",
        "row 7: alice comes twice, added up",
    ):
        assert odd in told


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "the first line has to name the columns"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(
    config: Path, table: Path, capsys: pytest.CaptureFixture[str], content: bytes, why: str
) -> None:
    """One sentence, exit code 1."""
    table.write_bytes(content)
    assert run_import(config, table, "--channel", CHANNEL, "--yes") == 1
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("--channel", "Elsewhere")])
def test_the_channel_has_to_be_a_configured_one(
    config: Path, table: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    """Its name is asked for, with what is allowed."""
    assert run_import(config, table, *options, "--yes") == 1
    assert "one of Lounge" in capsys.readouterr().err


def test_books_in_use_take_no_table(
    tmp_path: Path, config: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not while the service runs."""
    held = Books.open(tmp_path / "books.db")
    try:
        assert run_import(config, table, "--channel", CHANNEL, "--yes") == 1
    finally:
        held.close()
    assert "Another process has these books open" in capsys.readouterr().err
