"""``kryten-economy jobs --dry-run`` shows whom the daily jobs would pay."""

import json
import time
from fractions import Fraction
from pathlib import Path

import pytest
from tests.actors.house import START_MS

from kryten_economy.cli.main import main
from kryten_economy.features.competitions import PayCompetitions
from kryten_economy.features.jobs import COMPETITIONS, MAINTENANCE
from kryten_economy.features.money.operations import Credit, MaintainBalances
from kryten_economy.ledger.books import Books
from kryten_economy.users import UserKey

CHANNEL = "Lounge"
TOMORROW, TODAY = "2026-11-21", "2026-11-20"
YESTERDAY, BEFORE = "2026-11-19", "2026-11-18"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with interest and one competition, at ten in the morning."""
    monkeypatch.setattr(time, "time", lambda: START_MS / 1000)
    settings = {
        "nats": {"servers": ["nats://127.0.0.1:4222"]},
        "channels": [{"domain": "cytube.test", "channel": CHANNEL}],
        "database": {"path": str(tmp_path / "economy.db")},
        "daily_competitions": [
            {
                "id": "top",
                "description": "Most earned",
                "condition": {"type": "daily_top", "field": "z_earned"},
                "reward": 40,
            }
        ],
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def _books(config: Path) -> Books:
    books = Books.open(config.parent / "economy.db")
    user = UserKey.of(CHANNEL, "Alice")
    credit = Credit(
        "1", user, 5_000, "earn", "t", "T", START_MS, YESTERDAY, create=True, display_name="Alice"
    )
    books.commit([credit])
    return books


def test_what_is_due_is_shown_and_not_done(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each job with everybody it would pay; looking twice shows the same."""
    _books(config).close()
    for _ in range(2):
        assert main(["--config", str(config), "jobs", "--dry-run"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"{CHANNEL}: {COMPETITIONS} of {BEFORE}",
            "  nobody",
            f"{CHANNEL}: {COMPETITIONS} of {YESTERDAY}",
            "  Alice: +40 Z (top)",
            f"{CHANNEL}: {MAINTENANCE} of {TODAY}",
            "  Alice: +5 Z (interest)",
        ]


def test_what_is_done_is_not_shown_but_what_tonight_brings(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A marker in the books means that nothing is due; the next night pays by today's figures."""
    books = _books(config)
    for day in (BEFORE, YESTERDAY):
        books.commit([PayCompetitions(day, CHANNEL, day, (), START_MS, TODAY)])
    terms = MaintainBalances("i", CHANNEL, "interest", Fraction(0), 1, 0, "I", START_MS, TODAY)
    books.commit([terms])
    alice = UserKey.of(CHANNEL, "Alice")
    books.commit([Credit("2", alice, 3_000, "earn", "t", "T", START_MS, TODAY)])
    books.close()
    assert main(["--config", str(config), "jobs", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "No job is due. Tonight, as things stand:",
        f"{CHANNEL}: {COMPETITIONS} of {TODAY}",
        "  Alice: +40 Z (top)",
        f"{CHANNEL}: {MAINTENANCE} of {TOMORROW}",
        "  Alice: +8 Z (interest)",
    ]


def test_missing_books_are_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is created by looking."""
    assert main(["--config", str(config), "jobs", "--dry-run"]) == 1
    assert "economy.db" in capsys.readouterr().err
    assert not (config.parent / "economy.db").exists()
