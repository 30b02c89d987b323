"""A house in which only what is tested pays, and short ways to look at its books."""

from collections.abc import Mapping
from typing import Any

import anyio
from tests.actors.house import CHANNEL, START_MS, House, settings_with

from kryten_economy.config import Settings
from kryten_economy.features.events.rules import PLAIN
from kryten_economy.features.presence.minutes import EarningTerms, MinuteRate
from kryten_economy.features.presence.operations import PresenceEntry, PresenceMinute
from kryten_economy.features.reports.rows import TriggerRow
from kryten_economy.users import UserKey

__all__ = ("DAY", "DAY_S", "been_here", "days_later", "hits", "only", "triggers")

DAY = "2026-11-20"
DAY_S = 86_400

_OFF: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "presence": {"base_rate_per_minute": 0, "hourly_milestones": {}},
    "streaks": {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}},
    "retention": {"welcome_back": {"enabled": False}},
    "chat_triggers": {
        "first_message_of_day": {"enabled": False},
        "conversation_starter": {"enabled": False},
    },
}


UNPAID = MinuteRate(base=0, active_bonus=0, night_factor=1.0, night_bonus=0)


def only(**sections: Mapping[str, Any]) -> Settings:
    """Settings under which nothing pays but what ``sections`` turn on."""
    merged = {name: dict(section) for name, section in _OFF.items()}
    for name, section in sections.items():
        merged[name] = merged.get(name, {}) | dict(section)
    return settings_with(**merged)


async def been_here(h: House, name: str, minutes: int) -> None:
    """The books know of so many minutes today that no tick of this house has counted."""
    day = h.context.live.calendar.day(h.now_ms)
    terms = EarningTerms(h.context.live.settings, h.context.live.ladder, PLAIN)
    entry = PresenceEntry(name.lower(), name, minutes, 0)
    await h.commit(
        PresenceMinute(
            f"before:{name}:{h.now_ms}:{minutes}", CHANNEL, START_MS, day, (entry,), UNPAID, terms
        )
    )


async def days_later(h: House, days: float) -> None:
    """Let days pass without a tick."""
    await anyio.sleep(days * DAY_S)
    await h.settle()


def triggers(h: House, name: str) -> list[tuple[str, int]]:
    """The user's ledger rows as (trigger, Z), the oldest first."""
    rows = h.report(lambda reports: reports.transactions(UserKey.of(CHANNEL, name), 200))
    return [(row.trigger_id, row.amount_z) for row in reversed(rows)]


def hits(h: House, trigger_id: str, day: str = DAY) -> TriggerRow | None:
    """What analytics say of a trigger."""
    rows: tuple[TriggerRow, ...] = h.report(lambda reports: reports.triggers(CHANNEL, day, day))
    return next((row for row in rows if row.trigger_id == trigger_id), None)
