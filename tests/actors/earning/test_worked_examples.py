"""Every line of the worked examples, from the outside (`earning.md` 11)."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.earning.street import earned, paying, street
from tests.actors.house import CHANNEL, START_MS, House, house
from tests.actors.presence.helpers import been_here

from kryten_economy.users import UserKey

FRIDAY = 5
NIGHT = {"enabled": True, "hours": [10], "multiplier": 1.5}
OFF_PEAK = {"enabled": True, "days": [FRIDAY], "hours": [10], "multiplier": 2.0}
CROWD = {"enabled": True, "min_users": 1, "multiplier": 1.5}
RANKS: dict[str, Any] = {
    "ranks": {
        "earn_multiplier_per_rank": 0.05,
        "tiers": [{"name": f"R{index}", "min_lifetime_earned": 1000 * index} for index in range(5)],
    },
    "cytube_promotion": {"enabled": False, "min_rank": "R0"},
}


def _presence(**more: Any) -> dict[str, Any]:
    return {"presence": {"base_rate_per_minute": 1, **more}}


@pytest.mark.parametrize(
    ("sections", "minutes", "rows", "sources"),
    [
        (_presence(), 10, [1] * 10, []),
        (_presence(night_watch=NIGHT), 2, [1, 2], ["night_watch"]),
        (
            _presence() | {"multipliers": {"off_peak": OFF_PEAK, "high_population": CROWD}},
            2,
            [3, 3],
            ["off_peak", "population"],
        ),
        (
            _presence(night_watch=NIGHT) | {"multipliers": {"off_peak": OFF_PEAK}},
            2,
            [3, 3],
            ["night_watch", "off_peak"],
        ),
    ],
    ids=["plain", "night", "off-peak-and-crowd", "night-and-off-peak"],
)
async def test_minutes_of_base_one(
    tmp_path: Path, sections: dict[str, Any], minutes: int, rows: list[int], sources: list[str]
) -> None:
    """P-EARN-1, P-EARN-2: ten plain minutes; 1.5 pays 1, then 2; 2.0 x 1.5 pays 3, and says why."""
    async with house(tmp_path / "e.db", paying(**sections)) as home:
        await home.join("Alice")
        await home.minutes(minutes)
        assert earned(home, "Alice") == [[("presence.base", z) for z in rows]]
        told = _metadata(home)
        assert [each["source"] for each in told.get("sources", [])] == sources
        assert told.get("multiplier", 1) == {(): 1, ("night_watch",): 1.5}.get(tuple(sources), 3.0)


def _metadata(home: House) -> dict[str, Any]:
    alice = UserKey(CHANNEL, "alice")
    (row,) = home.report(lambda reports: reports.transactions(alice, 1))
    told: dict[str, Any] = json.loads(row.metadata or "{}")
    return told


async def test_the_rank_at_index_four(tmp_path: Path) -> None:
    """0.05 a rank makes 1.2 at index 4: 6 Z in 5 minutes."""
    async with house(tmp_path / "e.db", paying(**_presence(), **RANKS)) as home:
        await home.userlist(("Boss", 4), ("Alice", 1))
        await home.pm("Alice", "balance")
        await home.pm("Boss", "set_rank Alice R4")
        await home.minutes(5)
        assert home.balance("Alice") == 6


async def test_order_of_calculation(tmp_path: Path) -> None:
    """2.1: base 1, night 1.5, rank 1.2, active 2.0: 3.6 a minute, 18 Z in five."""
    settings = paying(**_presence(night_watch=NIGHT), **RANKS, multipliers={"off_peak": OFF_PEAK})
    async with house(tmp_path / "e.db", settings) as home:
        await home.userlist(("Boss", 4), ("Alice", 1))
        await home.pm("Alice", "balance")
        await home.pm("Boss", "set_rank Alice R4")
        await home.minutes(5)
        assert [z for _, z in earned(home, "Alice")[0]] == [3, 4, 3, 4, 4]


async def test_seven_comments_in_a_double_event(tmp_path: Path) -> None:
    """0.5 each, 7 comments, 2.0: 7 Z."""
    event = {"name": "E", "cron": "0 9 * * *", "duration_hours": 9, "multiplier": 2.0}
    settings = paying("comment_during_media", multipliers={"scheduled_events": [event]})
    async with street(tmp_path / "e.db", settings) as it:
        await it.join("Alice")
        await it.play("a")
        for number in range(7):
            await it.chat("Alice", f"comment {number}")
        assert earned(it.house, "Alice") == [[("content.comment_during_media", 1)] * 7]


async def test_fourteen_minutes_are_no_streak_day(tmp_path: Path) -> None:
    """14 minutes today: no; the fifteenth: yes."""
    settings = paying(streaks={"daily": {"enabled": True}})
    async with house(tmp_path / "e.db", settings) as home:
        await been_here(home, "Alice", 13)
        await home.userlist(("Alice", 1), stored=True)
        for expected in (0, 1):
            await home.minutes(1)
            wallet = home.wallet("Alice")
            assert wallet is not None
            assert wallet.streak_days == expected


@pytest.mark.parametrize(
    ("away_s", "paid"), [(299, 7), (300, 2), (1800, 2)], ids=["4:59", "5:00", "30:00"]
)
async def test_absences(tmp_path: Path, away_s: int, paid: int) -> None:
    """4 min 59 s is a bounce whose minutes are paid; five minutes are an arrival without them."""
    settings = paying("greeted_newcomer", **_presence())
    start_ms = START_MS + 30_000
    async with house(tmp_path / "e.db", settings, start_ms=start_ms, scheduled=True) as home:
        await home.userlist(("Alice", 1), ("Bob", 1), stored=True)
        await anyio.sleep(35)
        left_ms = home.now_ms
        await home.leave("Alice")
        await anyio.sleep((left_ms + away_s * 1000 - home.now_ms) / 1000)
        await home.join("Alice")
        await home.chat("Bob", "welcome Alice")
        is_arrival = ("social.greeted_newcomer", 3) in earned(home, "Bob")[0]
        assert is_arrival == (away_s >= 300)
        await anyio.sleep(60)
        assert home.balance("Alice") == paid


# Streaks, interest, decay, pools, caps, skipped media, percentages and silences have their tables
# in the files of their sections; `docs/rules.md` says where.
