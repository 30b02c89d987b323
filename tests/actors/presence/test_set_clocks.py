"""Somebody sets the machine's clock: minutes go on as they pass, and dates follow the clock."""

from pathlib import Path

import anyio
import pytest
from tests.actors.house import MINUTE_MS, START_MS, House, VirtualClock, house, settings_with

from kryten_economy.config import Settings

HOUR_MS = 60 * MINUTE_MS
PLAIN = {"onboarding": {"welcome_wallet": 0}, "presence": {"hourly_milestones": {}}}


def settings() -> Settings:
    streaks = {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}}
    return settings_with(**PLAIN, streaks=streaks)


def set_by(h: House, ms: int) -> None:
    assert isinstance(h.context.clock, VirtualClock)
    h.context.clock.set_by(ms)


async def pass_minutes(h: House, count: float) -> None:
    """Let time pass; the house's own scheduler tells the minutes."""
    await anyio.sleep(count * 60)
    await h.settle()


@pytest.mark.parametrize("set_back_s", [20, 90, 3600, 86_400])
async def test_a_clock_set_back_stops_nobodys_pay(tmp_path: Path, set_back_s: int) -> None:
    """Whoever is here is paid for each minute that passes, whatever the clock says."""
    async with house(tmp_path / "e.db", settings(), scheduled=True) as h:
        await h.join("Alice")
        await pass_minutes(h, 10.5)
        assert h.balance("alice") == 10
        set_by(h, -set_back_s * 1000)
        for minute in range(11, 30):
            await pass_minutes(h, 1)
            assert h.balance("alice") == minute
            age_s = h.context.metrics.last_tick_age_s()
            assert age_s is not None
            assert age_s < 90
        await h.leave("Alice")


@pytest.mark.parametrize("set_forward_s", [20, 90, 3600, 86_400])
async def test_a_clock_set_forward_pays_the_minutes_that_passed(
    tmp_path: Path, set_forward_s: int
) -> None:
    """A clock that jumps ahead makes no minute."""
    async with house(tmp_path / "e.db", settings(), scheduled=True) as h:
        await h.join("Alice")
        await pass_minutes(h, 10.5)
        set_by(h, set_forward_s * 1000)
        for minute in range(11, 30):
            await pass_minutes(h, 1)
            assert h.balance("alice") == minute


async def test_to_and_fro(tmp_path: Path) -> None:
    """A clock that is set again and again neither makes minutes nor takes them."""
    async with house(tmp_path / "e.db", settings(), scheduled=True) as h:
        await h.join("Alice")
        await pass_minutes(h, 0.5)
        for minutes in (-60, 7, -3, 53, -1, 3, 1, -500):
            set_by(h, minutes * MINUTE_MS)
            await pass_minutes(h, 3)
        assert h.balance("alice") == 24


async def test_a_bounce_is_as_long_as_it_was(tmp_path: Path) -> None:
    """How long somebody was away doesn't depend on what the clock was set to meanwhile."""
    async with house(tmp_path / "e.db", settings(), scheduled=True) as h:
        await h.join("Alice")
        await h.join("Bob")
        await pass_minutes(h, 2.5)
        await h.leave("Alice")
        set_by(h, HOUR_MS)
        await pass_minutes(h, 2)
        await h.join("Alice")
        await h.leave("Bob")
        set_by(h, -2 * HOUR_MS)
        await pass_minutes(h, 10)
        await h.join("Bob")
        await pass_minutes(h, 1)
        assert (h.balance("alice"), h.balance("bob")) == (15, 5)


async def test_a_restart_after_the_clock_was_set_back(tmp_path: Path) -> None:
    """A service that starts with an earlier clock than the last one pays all minutes at once."""
    path = tmp_path / "e.db"
    async with house(path, settings(), scheduled=True) as h:
        await h.userlist(("Alice", 1), stored=True)
        await pass_minutes(h, 90.5)
    for hours in (0, -3):
        start_ms = START_MS + hours * HOUR_MS
        async with house(path, settings(), scheduled=True, start_ms=start_ms) as h:
            before_z = h.balance("alice")
            await h.userlist(("Alice", 1), stored=True)
            await pass_minutes(h, 5.5)
            assert h.balance("alice") == before_z + 5


async def test_a_restart_loses_no_minute_of_a_clock_set_back_before(tmp_path: Path) -> None:
    """A clock that was set back by a little while the service ran costs nothing at a restart."""
    path = tmp_path / "e.db"
    async with house(path, settings(), scheduled=True) as h:
        await h.userlist(("Alice", 1), stored=True)
        await pass_minutes(h, 9.5)
        set_by(h, -3 * MINUTE_MS)
        await pass_minutes(h, 2)
        assert h.balance("alice") == 11
        start_ms = h.now_ms
    async with house(path, settings(), scheduled=True, start_ms=start_ms) as h:
        await h.userlist(("Alice", 1), stored=True)
        await pass_minutes(h, 5)
        assert h.balance("alice") == 16


async def test_minutes_of_a_set_clock_are_paid_once(tmp_path: Path) -> None:
    """Where the wall clock tells a minute twice both are paid, each under an id of its own."""
    async with house(tmp_path / "e.db", settings()) as h:
        await h.join("Alice")
        await h.minutes(3)
        set_by(h, -3 * MINUTE_MS)
        await h.minutes(3)
        rows = h.report(lambda reports: reports.sql.rows("SELECT id FROM operation"))
        minutes = [row[0] for row in rows if row[0].startswith("presence:")]
        assert len(set(minutes)) == 6
        assert h.balance("alice") == 6
