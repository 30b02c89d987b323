"""Two people to whom everything happens that pays, in five quarters of an hour and a day's end.

`SOURCES` is the whole list: what each source pays once under `SETTINGS`, whether multipliers apply,
whether the onboarding gate withholds it, and a word of its notice, None where it sends none.
"""

from pathlib import Path
from typing import Any, NamedTuple

import anyio
from tests.actors.earning.street import paying, play
from tests.actors.house import CHANNEL, START_MS, House, house
from tests.actors.presence.helpers import been_here
from tests.integration.service.house import merged
from tests.unit.features.test_achievements import achievement

from economy_actors.messages.channel import BotSpoke
from kryten_economy.config import Settings
from kryten_economy.features.streaks.operations import QualifyDay
from kryten_economy.features.streaks.rules import StreakTerms
from kryten_economy.users import UserKey

__all__ = ("PEOPLE", "SATURDAY_MS", "SOURCES", "SUNDAY_MS", "Source", "live", "settings")

HOUR_MS = 3_600_000
SATURDAY_MS = START_MS + 24 * HOUR_MS
"""2026-11-21 10:00 UTC."""
SUNDAY_MS = START_MS + 41 * HOUR_MS - 30_000
"""2026-11-22 02:59:30 UTC."""
PEOPLE = ("Alice", "Mallory")


class Source(NamedTuple):
    """One thing that pays."""

    amount_z: int
    multiplied: bool = False
    gated: bool = False
    notice: str | None = None


def _trigger(amount_z: int) -> Source:
    return Source(amount_z, multiplied=True, gated=True)


SOURCES: dict[str, Source] = {
    "onboarding.wallet": Source(100),
    "retention.welcome_back": Source(50, notice="missed"),
    "presence.base": _trigger(1),
    "dwell.1h": Source(11, gated=True, notice="1 hour here"),
    "streak.day2": Source(12, gated=True, notice="Day 2"),
    "bridge.weekly": Source(13, notice="bridge bonus"),
    "chat.long_message": _trigger(2),
    "chat.first_message_of_day": _trigger(3),
    "chat.conversation_starter": _trigger(4),
    "chat.laugh_received": _trigger(5),
    "chat.kudos_received": _trigger(6),
    "content.first_after_media_change": _trigger(7),
    "content.comment_during_media": _trigger(8),
    "content.like_current": _trigger(9),
    "content.survived_full_media": _trigger(14),
    "social.greeted_newcomer": _trigger(15),
    "social.mentioned_by_other": _trigger(16),
    "social.bot_interaction": _trigger(17),
    "rain.ambient": Source(18, gated=True, notice="Rain drop"),
    "event.Show.presence": Source(19, notice="when Show began"),
    "achievement.first": Source(21, notice="Did first"),
    "competition.there": Source(22, notice="Was there"),
    "maintenance.interest": Source(23),
}

_SETTINGS: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 100},
    "retention": {"welcome_back": {"enabled": True, "days_absent": 1, "bonus": 50}},
    "presence": {"base_rate_per_minute": 1, "hourly_milestones": {1: 11}},
    "streaks": {
        "daily": {"enabled": True, "rewards": {2: 12}},
        "weekend_weekday_bridge": {"enabled": True, "bonus": 13},
    },
    "chat_triggers": {
        "long_message": {"reward": 2},
        "first_message_of_day": {"reward": 3},
        "conversation_starter": {"reward": 4, "min_silence_minutes": 0},
        "laugh_received": {"reward_per_laugher": 5},
        "kudos_received": {"reward": 6},
    },
    "content_triggers": {
        "first_after_media_change": {"reward": 7},
        "comment_during_media": {"reward_per_message": 8},
        "like_current": {"reward": 9},
        "survived_full_media": {"reward": 14},
    },
    "social_triggers": {
        "greeted_newcomer": {"reward": 15},
        "mentioned_by_other": {"reward": 16},
        "bot_interaction": {"reward": 17},
    },
    "rain": {"enabled": True, "interval_minutes": 5, "min_amount": 18, "max_amount": 18},
    "multipliers": {
        "scheduled_events": [
            {
                "name": "Show",
                "cron": "2 10 * * *",
                "duration_hours": 0.1,
                "multiplier": 1,
                # The two, those who laugh with them, and those whom they greet.
                "presence_bonus": 19 * 5,
            }
        ]
    },
    "achievements": [achievement("first", "lifetime_messages", 1, reward=21)],
    "daily_competitions": [
        {
            "id": "there",
            "description": "Was there",
            "condition": {"type": "daily_threshold", "field": "minutes_present", "threshold": 1},
            "reward": 22,
        }
    ],
    "balance_maintenance": {
        "mode": "interest",
        "interest": {"daily_rate": 1, "max_daily_interest": 23, "min_balance_to_earn": 1},
    },
    "announcements": {"rank_promotion": False},
}


def settings(**sections: Any) -> Settings:
    """Everything pays, each source an amount of its own, and nothing multiplies."""
    names = [name.split(".")[1] for name in SOURCES if name.split(".")[0] in _KINDS]
    return paying(*names, **merged(_SETTINGS, sections))


_KINDS = {"chat", "content", "social"}


async def live(path: Path, config: Settings, before: Any = None) -> House:
    """Let everything happen to `PEOPLE`; the house has ended, and its books are to be read.

    ``before`` is called with the house on Saturday, when all are known and nothing has happened.
    """
    async with house(path, config, start_ms=START_MS - 48 * HOUR_MS) as home:
        for name in PEOPLE:
            await home.join(name)
            await home.leave(name)
    async with house(path, config, start_ms=SATURDAY_MS) as home:
        if before is not None:
            await before(home)
        await _saturday(home)
    told = list(home.heard)
    async with house(path, config, start_ms=SUNDAY_MS, scheduled=True) as home:
        await anyio.sleep(61)
        await home.settle()
    home.heard[:0] = told
    return home


async def _saturday(home: House) -> None:
    await home.join("Carol")
    for name in PEOPLE:
        user = UserKey.of(CHANNEL, name)
        friday = QualifyDay(
            f"friday:{name}", user, home.now_ms, "2026-11-20", StreakTerms((), 0, 0), 13
        )
        await home.commit(friday)
        await been_here(home, name, 59)
        await home.join(name)
    await home.minutes(1)
    for name, newcomer in zip(PEOPLE, ("Dave", "Eve"), strict=True):
        await home.join(newcomer)
        await play(home, name)
        await home.chat(name, f"good morning and welcome to you, {newcomer}")
        home.channel.tell(BotSpoke(f"Well said, {name}."))
        await home.settle()
        await home.chat("Carol", "lol")
        await home.pm(name, "like")
    await home.chat("Carol", "Alice++ and Mallory++")
    await anyio.sleep(600)
    await home.settle()
    await play(home, "next")
