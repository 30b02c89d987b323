"""Milestones, streaks and the bridge at their edges (`earning.md` 4 to 6).

Each row of a table is a user of its own, named after the row; all live in the same channel.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.actors.earning.street import ONE_RANK, earned, paying
from tests.actors.house import CHANNEL, START_MS, House, house
from tests.actors.presence.helpers import been_here
from tests.integration.service.house import merged
from tests.unit.features.test_achievements import achievement

from kryten_economy.config import Settings
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.users import UserKey

DAY_MS = 86_400_000
STREAK: dict[str, Any] = {"streaks": {"daily": {"enabled": True}}}
BRIDGE: dict[str, Any] = {"streaks": {"weekend_weekday_bridge": {"enabled": True}}}

Days = Mapping[str, tuple[int, ...]]
"""By user: on which days they are there long enough, counted from Friday, 2026-11-20."""


async def _live(path: Path, settings: Settings, days: Days) -> House:
    """Let the days come, each with a service of its own; the last house, with all it heard."""
    heard: list[Any] = []
    for number in sorted({each for numbers in days.values() for each in numbers}):
        async with house(path, settings, start_ms=START_MS + number * DAY_MS) as home:
            here = [name for name, numbers in days.items() if number in numbers]
            for name in here:
                await been_here(home, name, 14)
            await home.userlist(*((name, 1) for name in here), stored=True)
            await home.minutes(1)
        heard += home.heard
    home.heard[:] = heard
    return home


async def _counted(path: Path, name: str, count: int, last: int = -1) -> None:
    """The books know of so many days in a row, up to day ``last``, which were worth nothing."""
    async with house(path, paying()) as home:
        await been_here(home, name, 0)
        for number in range(last - count + 1, last + 1):
            at_ms = START_MS + number * DAY_MS
            day = home.context.live.calendar.day(at_ms)
            user, nothing = UserKey.of(CHANNEL, name), StreakTerms((), 0, 0)
            await home.commit(QualifyDay(f"{name}:{day}", user, at_ms, day, nothing, None))


async def test_each_hour_of_the_defaults(tmp_path: Path) -> None:
    """4, P-PRES-5, P-PRES-7: paid in the minute that reaches it, once, with a notice."""
    defaults = {1: 10, 3: 30, 6: 75, 12: 200, 24: 1000}
    settings = paying(presence={"hourly_milestones": defaults}, **ONE_RANK)
    minutes = {hours: 1438 if hours == 24 else 60 * hours for hours in defaults}
    async with house(tmp_path / "e.db", settings) as home:
        for hours, needed in minutes.items():
            await been_here(home, f"H{hours}", needed - 2)
        await home.userlist(*((f"H{hours}", 1) for hours in defaults), stored=True)
        for minute in range(4):
            await home.minutes(1)
            for hours, reward in defaults.items():
                is_reached = minute >= 1
                reached = [
                    (f"dwell.{h}h", z)
                    for h, z in defaults.items()
                    if h < hours or (h == hours and is_reached)
                ]
                assert earned(home, f"H{hours}") == [reached], (hours, minute)
                told = home.pms(f"h{hours}")
                assert len(told) == len(reached)
                if is_reached:
                    assert f"{hours} hour" in told[-1]
                    assert f"{reward:,} Z" in told[-1]


async def test_yesterday_goes_on_and_older_begins_anew(tmp_path: Path) -> None:
    """5: the first day pays nothing, the second in a row does, and a gap begins at one."""
    day2 = ("streak.day2", 10)
    table: dict[str, tuple[tuple[int, ...], list[tuple[str, int]]]] = {
        "None": ((0,), []),
        "Yesterday": ((0, 1), [day2]),
        "Older": ((0, 2), []),
        "Anew": ((0, 1, 3, 4), [day2, day2]),
        "Later": ((1, 2, 3), [day2, ("streak.day3", 20)]),
    }
    days = {name: row[0] for name, row in table.items()}
    home = await _live(tmp_path / "e.db", paying(**STREAK), days)
    for name, (_, rows) in table.items():
        assert earned(home, name) == [rows], name
        assert len(home.pms(name.lower())) == len(rows)


async def test_what_each_day_of_a_streak_pays(tmp_path: Path) -> None:
    """5: the highest reward reached; 7 and 30 have a bonus row, notices and a public line."""
    table = {
        2: [("streak.day2", 10)],
        6: [("streak.day6", 75)],
        7: [("streak.day7", 100), ("streak.milestone.7", 200)],
        8: [("streak.day8", 100)],
        14: [("streak.day14", 100)],
        30: [("streak.day30", 100), ("streak.milestone.30", 2000)],
        31: [("streak.day31", 100)],
    }
    path = tmp_path / "e.db"
    for day in table:
        await _counted(path, f"Day{day}", day - 1)
    settings = paying(**STREAK, **ONE_RANK)
    home = await _live(path, settings, {f"Day{day}": (0,) for day in table})
    for day, rows in table.items():
        assert earned(home, f"Day{day}") == [rows], day
        told = home.pms(f"day{day}")
        assert all(f"+{z:,} Z" in text for text, (_, z) in zip(told, rows, strict=True)), told
    told_of = ["🔥 Day30 hit a 30-day streak!", "🔥 Day7 hit a 7-day streak!"]
    assert sorted(home.lines()) == told_of


async def test_a_streak_day_is_looked_at_for_achievements(tmp_path: Path) -> None:
    """5: `daily_streak` is won with the day, and a closed gate mutes the public line only."""
    won = {"achievements": [achievement("week", "daily_streak", 7, reward=1)]}
    path = tmp_path / "e.db"
    await _counted(path, "Alice", 6)
    settings = paying(**STREAK, **won, announcements={"achievement_milestone": False})
    home = await _live(path, settings, {"Alice": (0,)})
    rows = earned(home, "Alice")[0]
    assert rows[-1] == ("achievement.week", 1)
    assert [getattr(each, "gate", None) for each in home.heard].count("streak_milestone") == 1


async def test_the_longest_streak_stays(tmp_path: Path) -> None:
    """5: twelve days, one missed: the run is one day, nothing is paid, the longest stays 12."""
    path = tmp_path / "e.db"
    await _counted(path, "Alice", 12, last=-2)
    home = await _live(path, paying(**STREAK), {"Alice": (0,)})
    wallet = home.wallet("Alice")
    assert wallet is not None
    assert (wallet.streak_days, earned(home, "Alice")) == (1, [[]])
    sql = "SELECT longest_daily_streak FROM streaks"
    assert home.report(lambda reports: reports.sql.rows(sql)) == [(12,)]


async def test_both_sides_of_the_bridge(tmp_path: Path) -> None:
    """6: weekday and weekend of one ISO week, or a weekday after last week's weekend; once each."""
    table = {
        "FridaySaturday": ((0, 1), 1),
        "FriSatSun": ((0, 1, 2), 1),
        "SaturdayMonday": ((1, 3), 1),
        "SundayFriday": ((2, 7), 1),
        "MondayTuesdayAfter": ((1, 3, 4), 1),
        "TwoWeeks": ((0, 1, 3), 2),
        "WeekendOnly": ((1, 2), 0),
        "FridayOnly": ((0,), 0),
        "TwoWeeksLater": ((1, 10), 0),
        "WeekdaysOnly": ((3, 4, 5), 0),
    }
    days = {name: row[0] for name, row in table.items()}
    home = await _live(tmp_path / "e.db", paying(**BRIDGE), days)
    for name, (_, count) in table.items():
        assert earned(home, name) == [[("bridge.weekly", 500)] * count], name
        assert len([each for each in home.pms(name.lower()) if "+500 Z" in each]) == count


async def test_weekend_visitors_are_reminded(tmp_path: Path) -> None:
    """6, P-EARN-11: at the qualifying tick of a weekend day, once a week, unless seen before."""
    table = {
        "Weekend": ((1, 2), 1),
        "FridaySaturday": ((0, 1), 0),
        "Monday": ((3,), 0),
        "TwoWeekends": ((1, 8), 2),
    }
    days = {name: row[0] for name, row in table.items()}
    home = await _live(tmp_path / "e.db", paying(**BRIDGE), days)
    for name, (_, count) in table.items():
        told = [each for each in home.pms(name.lower()) if "Connect any weekday" in each]
        assert len(told) == count, name
    off = merged(BRIDGE, {"streaks": {"weekend_weekday_bridge": {"announce_on_weekend": False}}})
    home = await _live(tmp_path / "off.db", paying(**off), {"Weekend": (1, 2)})
    assert home.pms("weekend") == []
