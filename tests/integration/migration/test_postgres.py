"""Importing from a real PostgreSQL server, as 0.16 has its tables."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.migration.cluster import binaries, cluster
from tests.unit.migration.old import CHANNEL, SCHEMA, Old, config_at, run_import

from kryten_economy.ledger.invariants import verify

FOLDER = binaries()
pytestmark = [
    pytest.mark.skipif(FOLDER is None, reason="no PostgreSQL server is installed"),
    pytest.mark.timeout(240),
]

_TYPES = (
    ("id INTEGER PRIMARY KEY", "id BIGSERIAL PRIMARY KEY"),
    ("INTEGER", "BIGINT"),
    ("BOOLEAN DEFAULT 0", "BOOLEAN DEFAULT FALSE"),
    ("BOOLEAN DEFAULT 1", "BOOLEAN DEFAULT TRUE"),
    ("TIMESTAMP", "TIMESTAMPTZ"),
    ("date TEXT", "date DATE"),
    ("metadata TEXT", "metadata JSONB"),
    ("data TEXT", "data JSONB"),
)
_FLAGS = {"BOOLEAN"}


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    assert FOLDER is not None
    with cluster(FOLDER) as address:
        yield address


@pytest.fixture
def database(dsn: str) -> Iterator[Any]:
    """An empty database with the tables of the old service."""
    psycopg = pytest.importorskip("psycopg")
    schema = SCHEMA
    for ours, theirs in _TYPES:
        schema = schema.replace(ours, theirs)
    with psycopg.connect(dsn, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.execute(schema)
        yield connection


def _filled(path: Path) -> Old:
    """Somebody of each kind, something of everything."""
    old = Old(path)
    old.account("Alice", 130, lifetime_earned=900, quiet_mode=1, chat_color="#123456")
    old.account("alice", 5, last_seen="2026-11-19 08:00:00")
    old.account("Bob", 800, economy_banned=1, last_active="2026-11-01 10:00:00")
    old.moves("Alice", 100, 50, metadata='{"multiplier": 2}')
    old.moves("Alice", -20, type_="wager_spin", created_at="2026-06-02 12:00:00")
    old.moves("Bob", 15, type_="milestone", trigger_id="dwell.3h")
    day = "2026-06-01"
    old.add("daily_activity", username="Alice", date=day, messages_sent=4, free_spin_used=1)
    old.add("streaks", username="Bob", current_daily_streak=3, last_streak_date="2026-11-18")
    old.add("hourly_milestones", username="Bob", date=day, hours_3=1)
    old.add(
        "trigger_cooldowns",
        username="Bob",
        trigger_id="chat.long_message",
        count=1,
        window_start="2026-11-20 08:00:00",
    )
    old.add("trigger_analytics", trigger_id="presence.base", date=day, hit_count=2)
    old.add("economy_snapshots", snapshot_time=f"{day} 06:00:00", participation_rate=12.5)
    old.add("gambling_stats", username="Bob", total_spins=2, net_gambling=-7, biggest_loss=9)
    old.add("blackjack_stats", username="Bob", games_played=2, wins=1, total_wagered=8)
    old.add("trivia_stats", username="Bob", correct=2, best_streak=2)
    old.add("tip_history", sender="Bob", receiver="Alice", amount=5)
    old.add("vanity_items", username="Bob", item_type="custom_title", value="Dr")
    old.add("achievements", username="Bob", achievement_id="first")
    old.add("banned_users", username="Nobody", banned_by="Op", reason="rude")
    old.add("queue_spend_requests", request_id="r", username="Bob", cost_z=9, tier="Movie")
    old.add("service_metrics", key="spins_total", value=3)
    old.add(
        "bounties", creator="Bob", description="sing", amount=50, expires_at="2026-12-01 00:00:00"
    )
    old.add(
        "pending_approvals",
        username="Bob",
        type="channel_gif",
        cost=60,
        data='{"gif_url": "https://x.test/a.gif"}',
    )
    return old


def _copy(old: Old, to: Any) -> None:
    """The same rows in PostgreSQL's own types."""
    source = sqlite3.connect(old.path)
    source.row_factory = sqlite3.Row
    tables = [row[0] for row in source.execute("SELECT name FROM sqlite_schema WHERE sql <> ''")]
    for table in tables:
        columns = source.execute(f"PRAGMA table_info({table})").fetchall()
        flags = {each["name"] for each in columns if each["type"] in _FLAGS}
        for row in source.execute(f"SELECT * FROM {table}").fetchall():
            values = {key: bool(it) if key in flags else it for key, it in dict(row).items()}
            marks = ", ".join("%s" for _ in values)
            names = ", ".join(f'"{key}"' for key in values)
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
            to.execute(statement, tuple(values.values()))
    source.close()


def _content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the new books; the audit log tells them apart."""
    asked = sqlite3.connect(path)
    tables = [
        row[0]
        for row in asked.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name <> 'audit_log'"
        )
    ]
    found = {
        table: sorted(map(_plain, asked.execute(f"SELECT * FROM {table}")), key=repr)
        for table in tables
    }
    asked.close()
    return found


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """JSON compares as what it means: PostgreSQL spaces it in its own way."""
    return tuple(
        json.loads(cell) if isinstance(cell, str) and cell.startswith("{") else cell for cell in row
    )


def test_both_databases_become_the_same_books(
    tmp_path: Path, database: Any, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, from a DSN; nothing is written there."""
    monkeypatch.setattr("time.time", lambda: 1_795_168_800.0)
    old = _filled(tmp_path / "old.db")
    _copy(old, database)
    from_file = config_at(tmp_path, database={"path": str(tmp_path / "file.db")})
    assert run_import(from_file, old.path, "--yes") == 0
    from_server = config_at(tmp_path, database={"path": str(tmp_path / "server.db")})
    assert run_import(from_server, dsn, "--yes") == 0
    assert verify(tmp_path / "server.db").ok
    assert _content(tmp_path / "server.db") == _content(tmp_path / "file.db")


@pytest.mark.parametrize(
    "section",
    [
        "{host: '%(host)s', user: econ, dbname: postgres}",
        "{dsn: 'postgresql+asyncpg://econ@/postgres?host=%(host)s'}",
        "{dsn_env: OLD_DSN}",
    ],
)
def test_the_old_configuration_names_the_database(
    tmp_path: Path,
    database: Any,
    dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    section: str,
) -> None:
    """`database.backend: postgres` in parts, as one address, or from the environment."""
    database.execute(
        "INSERT INTO accounts (username, channel, balance) VALUES ('Alice', %s, 12)", (CHANNEL,)
    )
    host = dsn.partition("host=")[2].partition(" ")[0]
    monkeypatch.setenv("OLD_DSN", dsn)
    text = f"database:\n  backend: postgres\n  postgres: {section % {'host': host}}\n"
    (tmp_path / "old.yaml").write_text(text, encoding="utf-8")
    assert run_import(config_at(tmp_path), tmp_path / "old.yaml", "--yes") == 0
    assert "Channel Lounge: 1 account with 12" in capsys.readouterr().out


def test_many_rows_come_in_chunks(tmp_path: Path, database: Any, dsn: str) -> None:
    """More rows than are fetched at a time."""
    database.execute(
        "INSERT INTO accounts (username, channel, balance) VALUES ('Alice', %s, 12)", (CHANNEL,)
    )
    database.execute(
        "INSERT INTO transactions (username, channel, amount, type)"
        " SELECT 'Alice', %s, 1, 'earn' FROM generate_series(1, 25000)",
        (CHANNEL,),
    )
    assert run_import(config_at(tmp_path), dsn, "--yes") == 0
    report = verify(tmp_path / "books.db")
    assert (report.ok, report.transfers) == (True, 25_001)


def test_a_server_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence without the password, exit code 1."""
    pytest.importorskip("psycopg")
    for dsn, why in (
        ("postgresql://econ:hunter2@127.0.0.1:1/economy", "PostgreSQL: connection failed"),
        ("dbname=economy hunter2", "no address of a PostgreSQL database"),
    ):
        assert run_import(config_at(tmp_path), dsn, "--yes") == 1
        told = capsys.readouterr().err
        assert why in told
        assert "hunter2" not in told
