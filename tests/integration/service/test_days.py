"""What the clock alone brings about: days, night hours, backups, channels side by side."""

from pathlib import Path

import anyio
from tests.integration.conftest import MakeRobot
from tests.integration.service.house import MINUTE_MS, House, OpenHouse, until

HOUR_MS = 60 * MINUTE_MS


async def test_midnight(house: House) -> None:
    """Minutes belong to the day in which the tick runs (`earning.md` 3.4)."""
    house.tick(11 * HOUR_MS + 57 * MINUTE_MS)
    await house.row("SELECT 1 FROM operation WHERE id = ?", house.minute_id())
    await house.minutes(5)

    rows = house.rows(
        "SELECT day, minutes_present FROM daily_activity JOIN account ON account.id = account_id"
        " WHERE name = 'alice' ORDER BY day"
    )
    assert rows == [("2026-03-04", 5 + 2), ("2026-03-05", 3)]


async def test_the_day_of_the_zone(make_house: OpenHouse) -> None:
    """The configured zone decides which day it is: noon UTC is tomorrow in Auckland."""
    house = await make_house(timezone="Pacific/Auckland")
    await house.minutes(1)

    assert house.rows("SELECT DISTINCT day FROM daily_activity") == [("2026-03-05",)]
    assert "01:0" in await house.ask("alice", "history")


async def test_night_watch(make_house: OpenHouse) -> None:
    """In the night hours a base of 1 times 1.5 pays 1 and then 2, and says why (P-EARN-2)."""
    house = await make_house(
        presence={"night_watch": {"enabled": True, "hours": [12], "multiplier": 1.5}}
    )
    await house.minutes(1)
    assert house.balance("alice") == 1
    await house.minutes(1)
    assert house.balance("alice") == 3

    reasons = [metadata for (metadata,) in house.rows("SELECT metadata FROM transactions")]
    assert reasons
    assert all("night_watch" in metadata for metadata in reasons)
    house.tick(HOUR_MS)
    await house.row("SELECT 1 FROM operation WHERE id = ?", house.minute_id())
    assert house.balance("alice") == 3 + 5


async def test_backups_are_made(make_house: OpenHouse) -> None:
    """A backup is made at the first minute and after each interval, and old ones go."""
    house = await make_house(database={"backup_interval_hours": 1, "backup_keep": 2})
    folder = house.folder / "backups"
    seen: set[str] = set()

    def count() -> int:
        seen.update(names(folder))
        return len(seen)

    house.tick(MINUTE_MS)
    await until(lambda: count() == 1)
    house.tick(HOUR_MS - MINUTE_MS)
    await anyio.sleep(0.1)
    assert count() == 1
    house.tick(2 * MINUTE_MS)
    await until(lambda: count() == 2)
    house.tick(HOUR_MS)
    await until(lambda: count() == 3)

    await until(lambda: len(names(folder)) == 2)
    assert house.metric("economy_errors_total", component="backup") == 0


def names(folder: Path) -> set[str]:
    """The finished copies in the folder."""
    return {each.name for each in folder.glob("*.db")} if folder.is_dir() else set()


async def test_two_channels(make_house: OpenHouse, make_robot: MakeRobot, channel: str) -> None:
    """One service serves two channels, each with its own people, money and replies."""
    other = f"{channel}-two"
    places = [{"domain": "cytube.test", "channel": each} for each in (channel, other)]
    house = await make_house(channels=places)
    robot = await make_robot(channel=other, clock=house.robot.clock)
    await robot.join("alice")
    await until(lambda: house.metric("economy_active_users", channel=other) == 1)
    await house.minutes(1)

    here, there = await house.ask("alice", "balance"), await robot.ask("alice", "balance")

    assert "Balance: 1 Z" in here
    assert "Balance: 101 Z" in there
    assert "needs admin rights" in await robot.ask("alice", "grant alice 5")
    await house.data("announce", message="only there", channel=other.upper())
    assert await robot.wait_chat() == "only there"
    assert not house.robot.chat_lines
    await house.minutes(1)
    assert (await house.data("balance.get", username="alice"))["balance"] == 2
    assert (await house.data("balance.get", username="alice", channel=other))["balance"] == 102
