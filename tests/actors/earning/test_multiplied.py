"""Every multiplier and event at its edges, from clock to balance and line (`earning.md` 9)."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.earning.street import earned, paying
from tests.actors.house import CHANNEL, START_MS, House, house

from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.users import UserKey

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
BASE: dict[str, Any] = {"presence": {"base_rate_per_minute": 2}}
FRIDAY = 5


def _event(name: str, cron: str, hours: float, **more: Any) -> dict[str, Any]:
    event = {"name": name, "cron": cron, "duration_hours": hours, "presence_bonus": 0}
    return event | more


def _rows(home: House, name: str) -> list[TransactionRow]:
    user = UserKey.of(CHANNEL, name)
    rows: tuple[TransactionRow, ...] = home.report(lambda reports: reports.transactions(user, 50))
    return list(reversed(rows))


def _factors(home: House, name: str) -> list[tuple[float, list[str]]]:
    """What each row of presence says of its multiplier and where it came from."""
    told = [json.loads(row.metadata or "{}") for row in _rows(home, name)]
    return [
        (each.get("multiplier", 1), [s["source"] for s in each.get("sources", [])]) for each in told
    ]


SOURCES: dict[str, tuple[dict[str, Any], list[int], str]] = {
    "off_peak": (
        {"off_peak": {"enabled": True, "days": [FRIDAY], "hours": [10], "multiplier": 2}},
        [4, 2, 2],
        "off_peak",
    ),
    "other-day": (
        {"off_peak": {"enabled": True, "days": [0, 1, 2, 3, 4, 6], "hours": [10, 11]}},
        [2, 2, 2],
        "",
    ),
    "population": (
        {"high_population": {"enabled": True, "min_users": 2, "multiplier": 1.5}},
        [3, 3, 3],
        "population",
    ),
    "too-few": ({"high_population": {"enabled": True, "min_users": 3}}, [2, 2, 2], ""),
    "holiday": (
        {"holidays": {"enabled": True, "dates": [{"date": "11-20", "name": "X", "multiplier": 3}]}},
        [6, 6, 6],
        "holiday:X",
    ),
    "other-date": (
        {"holidays": {"enabled": True, "dates": [{"date": "11-21", "name": "X", "multiplier": 3}]}},
        [2, 2, 2],
        "",
    ),
    "scheduled": (
        {"scheduled_events": [_event("Show", "59 10 * * *", 1 / 60, multiplier=5)]},
        [10, 2, 2],
        "scheduled:Show",
    ),
}


@pytest.mark.parametrize("case", SOURCES)
async def test_each_source_has_its_time(tmp_path: Path, case: str) -> None:
    """9.1: the minutes 10:59, 11:00 and 11:01 of a Friday with two users, and why they paid so."""
    multipliers, paid, source = SOURCES[case]
    start_ms = START_MS + HOUR_MS - MINUTE_MS - 30_000
    settings = paying(**BASE, multipliers=multipliers)
    async with house(tmp_path / "e.db", settings, start_ms=start_ms) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.minutes(3)
        assert [z for _, z in earned(home, "Alice")[0]] == paid
        for (factor, sources), z in zip(_factors(home, "Alice"), paid, strict=True):
            assert (factor, sources) == (z / 2, [source] if z != 2 else [])


async def test_all_factors_multiply_and_hidden_ones_are_never_shown(tmp_path: Path) -> None:
    """9.2, 9.3, P-EARN-15: 2 x 1.5 x 3 pays nine-fold; users hear of 6 and never of the crowd."""
    multipliers = {
        "off_peak": {"enabled": True, "days": [FRIDAY], "hours": [10], "multiplier": 2},
        "high_population": {"enabled": True, "min_users": 2, "multiplier": 1.5, "hidden": True},
        "scheduled_events": [_event("Show", "0 10 * * *", 1, multiplier=3)],
    }
    settings = paying(**BASE, multipliers=multipliers)
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.minutes(2)
        assert [z for _, z in earned(home, "Alice")[0]] == [18, 18]
        assert _factors(home, "Alice")[0] == (9.0, ["off_peak", "population", "scheduled:Show"])
        [shown] = await home.pm("Alice", "events")
        assert "Together: 6x" in shown
        spoken = "\n".join([shown, *home.lines(), *home.pms("alice"), *home.pms("bob")])
        for secret in ("crowd", "1.5", "9x", "population"):
            assert secret not in spoken.lower(), secret


async def test_an_open_crowd_is_shown(tmp_path: Path) -> None:
    """9.1: `hidden: false` shows the crowd bonus in `events`, but announces nothing."""
    crowd = {"enabled": True, "min_users": 1, "multiplier": 1.5, "hidden": False}
    settings = paying(**BASE, multipliers={"high_population": crowd})
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.minutes(2)
        [shown] = await home.pm("Alice", "events")
        assert "Crowd bonus: 1.5x" in shown
        assert home.lines() == []


@pytest.mark.parametrize(
    ("announce", "is_here", "lines"),
    [(True, True, 2), (False, True, 0), (True, False, 0)],
    ids=["told", "switched-off", "nobody-here"],
)
async def test_windows_that_open_are_told_once(
    tmp_path: Path, announce: bool, is_here: bool, lines: int
) -> None:
    """9.3: off-peak hours and a holiday, at midnight, one line each, over a restart too."""
    dates = [{"date": "11-21", "name": "Moon Day", "multiplier": 3}]
    multipliers = {
        "off_peak": {
            "enabled": True,
            "days": [6],
            "hours": [0, 1],
            "multiplier": 2,
            "announce": announce,
        },
        "holidays": {"enabled": True, "dates": dates, "announce": announce},
    }
    settings = paying(**BASE, multipliers=multipliers)
    told: list[str] = []
    for start_ms in (START_MS + 14 * HOUR_MS - MINUTE_MS, START_MS + 14 * HOUR_MS + MINUTE_MS):
        async with house(tmp_path / "e.db", settings, start_ms=start_ms) as home:
            if is_here:
                await home.userlist(("Alice", 1), stored=True)
            await anyio.sleep(100)
            await home.settle()
        told += home.lines()
    assert len(told) == lines
    assert all("3x" in line for line in told if "Moon Day" in line)


async def _told(home: House, until_ms: int) -> None:
    await anyio.sleep((until_ms - home.now_ms) / 1000)
    await home.settle()


@pytest.mark.parametrize(
    ("pool", "users", "each"),
    [(500, 5, 100), (7, 2, 3), (3, 5, 1), (None, 4, 25), (0, 3, 0)],
)
async def test_the_pool_of_an_event_is_shared(
    tmp_path: Path, pool: int | None, users: int, each: int
) -> None:
    """9.4, 11: pool div users, at least 1; without the key the default; an explicit 0 is none."""
    event = _event("Show", "1 10 * * *", 1, presence_bonus=pool)
    if pool is None:
        del event["presence_bonus"]
    settings = paying("present_at_event_start", multipliers={"scheduled_events": [event]})
    async with house(tmp_path / "e.db", settings) as home:
        for number in range(users):
            await home.join(f"User{number}")
        await _told(home, START_MS + 61_000)
        bonus = [("event.Show.presence", each)] if each else []
        assert earned(home, *(f"User{number}" for number in range(users))) == [bonus] * users
        assert all(bool(home.pms(f"user{n}")) == bool(each) for n in range(users))


@pytest.mark.parametrize(("late_s", "lines", "paid"), [(0, 1, 50), (300, 1, 50), (361, 0, 0)])
async def test_an_event_noticed_late_only_multiplies(
    tmp_path: Path, late_s: int, lines: int, paid: int
) -> None:
    """P-EARN-13: within five minutes it is announced and paid, later it is neither."""
    event = _event("Show", "0 10 * * *", 1, multiplier=3, presence_bonus=50)
    settings = paying(**BASE, multipliers={"scheduled_events": [event]})
    start_ms = START_MS + late_s * 1000 - 10_000
    async with house(tmp_path / "e.db", settings, start_ms=start_ms) as home:
        await home.join("Alice")
        await home.minutes(1)
        await home.minutes(1)
        rows = earned(home, "Alice")[0]
        assert sum(z for trigger, z in rows if trigger == "event.Show.presence") == paid
        assert len([line for line in home.lines() if "has begun" in line]) == lines
        assert ("presence.base", 6) in rows


async def test_overlapping_events_begin_and_end_by_themselves(tmp_path: Path) -> None:
    """P-EARN-13: both count while both run; the end of one leaves the other in force."""
    events = [
        _event("Long", "1 10 * * *", 4 / 60, multiplier=3),
        _event("Short", "2 10 * * *", 2 / 60, multiplier=2, announce=False),
    ]
    settings = paying(**BASE, multipliers={"scheduled_events": events})
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.minutes(6)
        assert [z for _, z in earned(home, "Alice")[0]] == [6, 12, 12, 6, 2, 2]
        assert [line.split()[1] for line in home.lines()] == ["Long", "Long"]


async def test_an_operators_event_is_one_channels(tmp_path: Path) -> None:
    """P-EARN-14: it multiplies here and not in the other channel, and ends in its own time."""
    settings = paying(**BASE)
    async with house(tmp_path / "e.db", settings, channels=(CHANNEL, "Other")) as home:
        other = House(
            home.context, home.system, home.context.channels["Other"], home.path, home.observer
        )
        await home.userlist(("Boss", 4))
        await other.join("Boss")
        await home.pm("Boss", "event start 2.5 1 Party")
        await home.minutes(1)
        await other.minutes(1)
        assert earned(home, "Boss") == [[("presence.base", 5)]]
        wallet = home.report(lambda reports: reports.wallet(UserKey("Other", "boss"), "2026-11-20"))
        assert wallet.balance_z == 4, "two minutes at the plain rate"
        await home.minutes(1)
        assert earned(home, "Boss")[0][-1] == ("presence.base", 4), "two plain minutes in one tick"
        assert "Party has ended" in home.lines()[-1]


async def test_limits_of_an_operators_event(tmp_path: Path) -> None:
    """9.5: above 1 and at most 10, 1 to 1440 minutes, a name of at most 60 characters."""
    table = {
        "1 5 A": False,
        "1.01 5 A": True,
        "10 5 A": True,
        "10.01 5 A": False,
        "2 0 A": False,
        "2 1 A": True,
        "2 1440 A": True,
        "2 1441 A": False,
        f"2 5 {'x' * 60}": True,
        f"2 5 {'x' * 61}": False,
        "2 5": False,
    }
    async with house(tmp_path / "e.db", paying()) as home:
        await home.userlist(("Boss", 4))
        for words, is_started in table.items():
            before = len(home.lines())
            await home.pm("Boss", f"event start {words}")
            assert len(home.lines()) - before == is_started, words
