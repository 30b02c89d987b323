"""Daily competitions from what people do to prizes and lines (`earning.md` 10)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.earning.street import ONE_RANK, earned, paying
from tests.actors.house import CHANNEL, START_MS, House, house
from tests.actors.presence.helpers import been_here

from economy_actors.messages.channel import BotSpoke
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.tips import Tip
from kryten_economy.users import UserKey

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIDNIGHT_MS = START_MS + 14 * HOUR_MS
"""The end of Friday, 2026-11-20."""

# Each is won by whoever did most of it in `_play`.
FIELDS = {
    "messages_sent": "Talker",
    "long_messages": "Alice",
    "gifs_posted": "Gif",
    "kudos_given": "Carol",
    "kudos_received": "Alice",
    "laughs_received": "Talker",
    "bot_interactions": "Gif",
    "z_earned": "Early",
    "z_spent": None,
    "z_gambled_in": None,
    "z_gambled_out": None,
    "minutes_present": "Early",
    "minutes_active": "Early",
}


def _competition(name: str, field: str, **more: Any) -> dict[str, Any]:
    condition = {"type": "daily_top", "field": field} | more.pop("condition", {})
    return {"id": name, "description": f"Most {name}", "condition": condition, "reward": 10} | more


def _settings(*competitions: dict[str, Any], **sections: Any) -> Settings:
    return paying(**ONE_RANK, daily_competitions=competitions, **sections)


async def _play(home: House) -> None:
    for name in ("Early", "Alice", "Carol", "Talker", "Gif"):
        await home.join(name)
        if name == "Early":
            await home.minutes(1)
    for _ in range(4):
        await home.chat("Talker", "ok")
    await home.chat("Carol", "lol")
    await home.chat("Carol", "Alice++")
    await home.chat("Alice", "x" * 30)
    await home.chat("Gif", "https://tenor.com/x")
    home.channel.tell(BotSpoke("Nice, Gif."))
    await home.settle()


async def _after_midnight(path: Path, settings: Settings, day: int = 0) -> House:
    """The service that starts a minute after that day's end, once it has done its jobs."""
    start_ms = MIDNIGHT_MS + day * DAY_MS + 60_000
    async with house(path, settings, start_ms=start_ms, scheduled=True) as home:
        await anyio.sleep(1)
        await home.settle()
    return home


async def _earn(home: House, *amounts: int, name: str = "alice") -> None:
    """Coins from the mint for somebody who has an account."""
    day = home.context.live.calendar.day(home.now_ms)
    for number, amount_z in enumerate(amounts):
        op_id, user = f"{name}:{number}", UserKey(CHANNEL, name)
        await home.commit(Credit(op_id, user, amount_z, "earn", "t", "T", home.now_ms, day))


def _prizes(home: House, *names: str) -> list[dict[str, int]]:
    rows = earned(home, *names)
    return [
        {trigger.removeprefix("competition."): z for trigger, z in row if "competition." in trigger}
        for row in rows
    ]


async def test_each_field_is_counted_from_what_is_done(tmp_path: Path) -> None:
    """P-EARN-11, P-MON-13: every field has its winner; nobody wins where nobody did anything."""
    competitions = [_competition(field, field) for field in FIELDS]
    settings = _settings(*competitions, presence={"base_rate_per_minute": 1})
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        await _play(home)
    home = await _after_midnight(path, settings)
    for name in ("Early", "Alice", "Carol", "Talker", "Gif"):
        mine = {field: 10 for field, winner in FIELDS.items() if winner == name}
        assert _prizes(home, name) == [mine], name
        told = home.pms(name.lower())
        assert all(any(f"Most {field}" in text for text in told) for field in mine)
    [line] = home.lines()
    assert line.count("Most ") == len([winner for winner in FIELDS.values() if winner])


async def test_a_threshold_is_won_by_all_who_reach_it(tmp_path: Path) -> None:
    """`daily_threshold`: exactly at it counts, one below does not; hidden ones are told too."""
    at_ten = {"type": "daily_threshold", "threshold": 10}
    settings = _settings(_competition("there", "minutes_present", condition=at_ten, hidden=True))
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        for name, minutes in (("Nine", 9), ("Ten", 10), ("Many", 99)):
            await been_here(home, name, minutes)
    home = await _after_midnight(path, settings)
    assert _prizes(home, "Nine", "Ten", "Many") == [{}, {"there": 10}, {"there": 10}]
    [line] = home.lines()
    assert "Most there: Many, Ten (10 Z)" in line


async def test_all_who_tie_win_but_the_banned_and_the_ignored(tmp_path: Path) -> None:
    """P-EARN-17: the highest value above 0, whoever has it; others come in for the excluded."""
    settings = _settings(_competition("there", "minutes_present"), ignored_users=["HalBot"])
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        minutes = {"Ann": 20, "Ben": 20, "Cat": 19, "Mallory": 30, "HalBot": 40, "Zed": 0}
        for name, count in minutes.items():
            await been_here(home, name, count)
        ban = Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", home.now_ms)
        await home.commit(ban)
    home = await _after_midnight(path, settings)
    prize = {"there": 10}
    assert _prizes(home, *minutes) == [prize, prize, {}, {}, {}, {}]


async def test_percentages_are_of_the_day_before_any_prize(tmp_path: Path) -> None:
    """11: 25 % of 1,234 is 308, in both; 0.01 % is 1; 0 % is the reward; a tip is not earned."""
    percent = "reward_percent_of_earnings"
    settings = _settings(
        _competition("quarter", "z_earned", **{percent: 25}),
        _competition("again", "z_earned", **{percent: 25}),
        _competition("least", "z_earned", **{percent: 0.01}),
        _competition("plain", "z_earned", **{percent: 0}),
    )
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        await home.join("Alice")
        await _earn(home, 1000, 234)
        await home.join("Bob")
        await _earn(home, 999, name="bob")
        alice, bob = UserKey(CHANNEL, "alice"), UserKey(CHANNEL, "bob")
        await home.commit(Tip("tip", bob, alice, 999, home.now_ms, "2026-11-20"))
    home = await _after_midnight(path, settings)
    assert _prizes(home, "Alice") == [{"quarter": 308, "again": 308, "least": 1, "plain": 10}]


@pytest.mark.parametrize(
    ("days_later", "paid"), [(0, 1), (1, 1), (2, 0)], ids=["next", "one-missed", "two-missed"]
)
async def test_two_missed_days_are_caught_up(tmp_path: Path, days_later: int, paid: int) -> None:
    """A service that was down judges the last two finished days at its start, each once."""
    settings = _settings(_competition("there", "minutes_present"))
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        await been_here(home, "Alice", 5)
    for _ in range(2):
        home = await _after_midnight(path, settings, days_later)
        assert len(earned(home, "Alice")[0]) == paid


async def test_the_last_second_of_a_day_counts(tmp_path: Path) -> None:
    """P-EARN-17: judged at 00:00:30 and not before, by all that was done until midnight."""
    settings = _settings(_competition("talk", "messages_sent"))
    start_ms = MIDNIGHT_MS - 20_000
    async with house(tmp_path / "e.db", settings, start_ms=start_ms, scheduled=True) as home:
        await home.join("Alice")
        await anyio.sleep((MIDNIGHT_MS - 500 - home.now_ms) / 1000)
        await home.chat("Alice", "good night")
        await anyio.sleep((MIDNIGHT_MS + 29_000 - home.now_ms) / 1000)
        assert earned(home, "Alice") == [[]]
        await anyio.sleep(2)
        await home.settle()
        assert _prizes(home, "Alice") == [{"talk": 10}]


async def test_one_prize_that_cannot_be_paid_stops_no_other(tmp_path: Path) -> None:
    """All of what somebody has earned is more than one row can hold; the next prize is paid."""
    settings = _settings(
        _competition("huge", "z_earned", reward_percent_of_earnings=100),
        _competition("there", "minutes_present"),
    )
    path = tmp_path / "e.db"
    async with house(path, settings) as home:
        await been_here(home, "Alice", 5)
        await _earn(home, 2**53, 2**53)
    home = await _after_midnight(path, settings)
    assert _prizes(home, "Alice") == [{"there": 10}]
    gates = [getattr(each, "gate", None) for each in home.heard]
    assert gates.count("daily_champion") == 1
