"""The daily jobs, from the clock to the balance (`earning.md` 7 and 10)."""

from pathlib import Path
from typing import Any

import anyio
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.jobs.daily import DailyJobs
from kryten_economy.features.money.operations import Credit
from kryten_economy.users import UserKey

NO_WALLET: dict[str, Any] = {"onboarding": {"welcome_wallet": 0}}
MANY = {
    "id": "many",
    "description": "Most earned",
    "condition": {"type": "daily_top", "field": "z_earned"},
    "reward_percent_of_earnings": 25,
}
TALKER = {
    "id": "talker",
    "description": "Present for long",
    "condition": {"type": "daily_threshold", "field": "minutes_present", "threshold": 1},
    "reward": 40,
}
HOUR_S = 3600


async def _earn(home: House, name: str, amount_z: int) -> None:
    now_ms = home.now_ms
    day = home.context.live.calendar.day(now_ms)
    user = UserKey.of(CHANNEL, name)
    await home.commit(
        Credit(
            f"t:{name}",
            user,
            amount_z,
            "earn",
            "t",
            "T",
            now_ms,
            day,
            create=True,
            display_name=name,
        )
    )


async def _until(home: House, hours: float) -> None:
    await anyio.sleep(hours * HOUR_S)
    await home.settle()


async def test_interest_is_paid_once_a_day(tmp_path: Path) -> None:
    """Missed at three, it is paid at the start; a restart pays nothing more (P-MON-17)."""
    settings = settings_with(**NO_WALLET, balance_maintenance={"mode": "interest"})
    path = tmp_path / "economy.db"
    async with house(path, settings) as home:
        await _earn(home, "Alice", 5_000)
    for _ in range(2):
        async with house(path, settings, scheduled=True) as home:
            await _until(home, 0.1)
            assert home.balance("Alice") == 5_005
    async with house(path, settings, scheduled=True) as home:
        await _until(home, 16.9)
        assert home.balance("Alice") == 5_005
        await _until(home, 0.2)
        assert home.balance("Alice") == 5_010


async def test_interest_brings_those_who_are_here_their_rank_at_once(tmp_path: Path) -> None:
    """They are told by the job itself; who is absent hears of it when they come."""
    tiers = [{"name": "A", "min_lifetime_earned": 0}, {"name": "B", "min_lifetime_earned": 5_001}]
    settings = settings_with(
        **NO_WALLET,
        balance_maintenance={"mode": "interest"},
        presence={"base_rate_per_minute": 0},
        ranks={"tiers": tiers},
        cytube_promotion={"min_rank": "A"},
    )
    async with house(tmp_path / "economy.db", settings) as home:
        await _earn(home, "Alice", 5_000)
        await _earn(home, "Bob", 5_000)
        await home.join("Alice")
        spawn(home, "jobs", lambda: DailyJobs(home.context))
        await _until(home, 0.001)
        assert home.balance("Bob") == 5_005
        assert [text for text in home.pms("Alice") if "promoted to B" in text]
        assert not home.pms("Bob")
        await home.join("Bob")
        assert [text for text in home.pms("Bob") if "promoted to B" in text]


async def test_decay_takes_from_the_large(tmp_path: Path) -> None:
    """Half a percent of 100,000 is 500; 40,000 is exempt."""
    settings = settings_with(**NO_WALLET, balance_maintenance={"mode": "decay"})
    async with house(tmp_path / "economy.db", settings) as home:
        await _earn(home, "Alice", 100_000)
        await _earn(home, "Bob", 40_000)
    async with house(tmp_path / "economy.db", settings, scheduled=True) as home:
        await _until(home, 0.1)
        assert (home.balance("Alice"), home.balance("Bob")) == (99_500, 40_000)


async def test_finished_day_is_judged_after_midnight(tmp_path: Path) -> None:
    """The last minute counts, all winners get a notice and the channel one line (P-EARN-17)."""
    settings = settings_with(**NO_WALLET, daily_competitions=[MANY, TALKER])
    async with house(tmp_path / "economy.db", settings, scheduled=True) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.pm("Bob", "quiet")
        await _earn(home, "Alice", 160)
        await _until(home, 14 - 0.001)
        before_z = home.balance("Alice")
        assert not [line for line in home.lines() if "Winners" in line]
        await _until(home, 0.012)
        day_z = before_z + 1
        assert home.balance("Alice") == day_z + day_z // 4 + 40
        [answer] = await home.pm("Alice", "history 2")
        number = next(line.split()[0] for line in answer.splitlines() if "Most earned" in line)
        told = "\n".join(await home.pm("Alice", f"why {number}"))
        assert f"25% of the {before_z:,} Z earned that day" in told
        assert "daily_competitions[many].reward_percent_of_earnings = 25" in told
        (line,) = [line for line in home.lines() if "Winners" in line]
        assert "2026-11-20" in line
        assert "Alice, Bob" in line
        assert len([text for text in home.pms("Alice") if "🏆" in text]) == 2
        assert not [text for text in home.pms("Bob") if "🏆" in text]


async def test_missed_day_is_judged_once(tmp_path: Path) -> None:
    """A service that was down at midnight judges at its start, and never again."""
    settings = settings_with(**NO_WALLET, daily_competitions=[TALKER])
    path = tmp_path / "economy.db"
    async with house(path, settings) as home:
        await home.join("Alice")
        await home.minutes(1)
    for _ in range(2):
        async with house(path, settings, scheduled=True) as home:
            # The house's clock begins on the same morning each time: let the day end.
            await _until(home, 14.02)
            assert home.balance("Alice") == 41
