"""Backups made by the clock of a running service, and the one that follows after a restart."""

from pathlib import Path

import anyio
import pytest

from economy_actors.clock import SteppedClock
from economy_actors.context import LiveSettings
from economy_actors.service import open_service
from kryten_economy.config import Settings
from kryten_economy.ledger.backup import newest_backup_ms
from kryten_economy.ledger.invariants import verify

START_MS = 1_795_168_800_000
HOUR_MS = 3_600_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _settings(path: Path) -> LiveSettings:
    return LiveSettings(
        Settings(
            nats={"servers": ["nats://127.0.0.1:9"], "connect_timeout": 1},
            channels=[{"domain": "cytube.test", "channel": "testchan"}],
            database={"path": str(path), "backup_interval_hours": 6, "backup_keep": 2},
            metrics={"enabled": False},
        )
    )


class SetClock(SteppedClock):
    """A clock that somebody sets, while time passes as ever."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def wait_s(self, at_ms: int) -> float:
        return super().wait_s(at_ms - self.ahead_ms)


async def _backups(directory: Path, count: int) -> list[Path]:
    with anyio.fail_after(30):
        while len(found := sorted(directory.glob("*.db"))) < count:  # noqa: ASYNC110, ASYNC240  # a thread makes them
            await anyio.sleep(0.02)
    return found


async def test_backups_follow_the_clock_and_survive_restarts(tmp_path: Path) -> None:
    """One at the first minute, one each interval, the newest kept; a restart makes none early."""
    path = tmp_path / "e.db"
    directory = tmp_path / "backups"
    clock = SteppedClock(START_MS)
    async with open_service(_settings(path), clock=clock):
        clock.move_to(START_MS + 60_000)
        [first] = await _backups(directory, 1)
        assert verify(first).ok
        assert newest_backup_ms(path, directory) == START_MS + 60_000
        clock.move_to(START_MS + 7 * HOUR_MS)
        second = (await _backups(directory, 2))[-1]
    async with open_service(_settings(path), clock=clock):
        clock.move_to(START_MS + 8 * HOUR_MS)
        await anyio.sleep(0.2)
        assert sorted(directory.glob("*.db")) == [first, second]
        clock.move_to(START_MS + 14 * HOUR_MS)
        with anyio.fail_after(30):
            while first.exists():  # noqa: ASYNC110  # a thread removes it
                await anyio.sleep(0.02)
        assert len(await _backups(directory, 2)) == 2


async def test_backups_go_on_past_a_file_from_the_future(tmp_path: Path) -> None:
    """A backup of a clock that was ahead counts for none, and the next one follows it."""
    path = tmp_path / "e.db"
    directory = tmp_path / "backups"
    clock = SteppedClock(START_MS + 300 * 24 * HOUR_MS)
    async with open_service(_settings(path), clock=clock):
        clock.move_to(clock.now_ms() + 60_000)
        [wrong] = await _backups(directory, 1)
    clock = SteppedClock(START_MS)
    async with open_service(_settings(path), clock=clock) as running:
        page = running.context.metrics.render().decode()
        assert "\neconomy_backup_age_seconds " not in page
        clock.move_to(START_MS + 60_000)
        right = (await _backups(directory, 2))[-1]
        assert right.name > wrong.name
        assert newest_backup_ms(path, directory, START_MS + HOUR_MS) == START_MS + 60_000
        assert verify(right).ok


async def test_a_clock_that_is_right_again_stops_no_backups(tmp_path: Path) -> None:
    """After a backup of a wrong time the next minute of the right time makes one of its own."""
    path = tmp_path / "e.db"
    directory = tmp_path / "backups"
    clock = SetClock(START_MS)
    clock.ahead_ms = 300 * 24 * HOUR_MS
    async with open_service(_settings(path), clock=clock):
        clock.move_to(START_MS + 60_000)
        [wrong] = await _backups(directory, 1)
        clock.ahead_ms = 0
        clock.move_to(START_MS + 120_000)
        right = (await _backups(directory, 2))[-1]
        assert right.name > wrong.name
        assert newest_backup_ms(path, directory, START_MS + HOUR_MS) == START_MS + 120_000
