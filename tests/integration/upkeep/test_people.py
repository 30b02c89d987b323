"""Exporting, forgetting and pruning beside a running service, and what people see afterwards."""

from pathlib import Path
from typing import Any

import pytest
from tests.actors.house import CHANNEL, house, settings_with
from tests.unit.ledger.acts import earn

from economy_actors.context import LiveSettings
from economy_actors.service import open_service
from kryten_economy.cli.main import main
from kryten_economy.cli.prune import main as prune
from kryten_economy.config import Settings
from kryten_economy.features.people.forgetting import forget
from kryten_economy.features.reports.queries import Reports
from kryten_economy.ledger.books import Books
from kryten_economy.ledger.invariants import verify


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_running_service_is_read_and_never_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exports and previews work; forgetting and pruning are refused, and nothing has changed."""
    path = tmp_path / "economy.db"
    books = Books.open(path)
    books.commit([earn("Alice", 50)])
    books.close()
    document: dict[str, Any] = {
        "nats": {"servers": ["nats://127.0.0.1:9"], "connect_timeout": 1},
        "channels": [{"domain": "cytube.test", "channel": "Lounge"}],
        "database": {"path": str(path)},
        "metrics": {"enabled": False},
    }
    config = tmp_path / "config.yaml"
    config.write_text(str(document).replace("False", "false"), encoding="utf-8")
    common = ["--config", str(config)]
    async with open_service(LiveSettings(Settings(**document))):
        assert main([*common, "export", "--user", "alice"]) == 0
        assert '"balance_z": 50' in capsys.readouterr().out
        assert main([*common, "export", "--audit"]) == 0
        assert main([*common, "forget", "--user", "alice"]) == 0
        assert prune([*common, "--channel", "Lounge"]) == 0
        capsys.readouterr()
        assert main([*common, "forget", "--user", "alice", "--yes"]) == 1
        assert prune([*common, "--channel", "Lounge", "--execute", "--yes"]) == 1
        assert capsys.readouterr().err.count("Stop it first") == 2
    assert verify(path).ok
    assert main([*common, "forget", "--user", "alice", "--yes"]) == 0


async def test_who_was_forgotten_comes_back_as_somebody_new(tmp_path: Path) -> None:
    """No history, a balance of their own, and no leaderboard that shows the pseudonym."""
    path = tmp_path / "e.db"
    settings = settings_with(presence={"base_rate_per_minute": 0})
    async with house(path, settings) as h:
        await h.userlist(("Boss", 4))
        await h.join("Alice")
        await h.join("Bob")
        await h.pm("Boss", "grant alice 900 for the poster of alice")
        assert "Alice" in "".join(await h.pm("Bob", "top rich"))
    done = forget(path, "Alice", at_ms=0)
    assert done is not None
    async with house(path, settings) as h:
        await h.join("Bob")
        listed = "".join(await h.pm("Bob", "top rich"))
        assert "Alice" not in listed
        assert done.pseudonym not in listed
        await h.join("Alice")
        answer = "".join(await h.pm("Alice", "history"))
        assert "900" not in answer
        assert h.balance("alice") == 100
        assert h.balance(done.pseudonym) == 1_000
    assert verify(path).ok
    reports = Reports.open(path)
    assert reports.float_of(CHANNEL).float_z == 1_300
    reports.close()
