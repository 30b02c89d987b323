"""The months that are lived through: where, when, how many, and under which terms.

``terms`` are the sections of the config file as plain data. The service gets them as its
settings; the oracle reads the same words and nothing of what the service makes of them.
"""

from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = ("CASES", "Case")

TERMS: dict[str, Any] = {
    "bot": {"username": "ZCoinBot"},
    "onboarding": {"welcome_wallet": 100},
    "retention": {"welcome_back": {"enabled": True, "days_absent": 7, "bonus": 100}},
    "presence": {
        "base_rate_per_minute": 1,
        "active_bonus_per_minute": 1,
        "afk_threshold_minutes": 5,
        "join_debounce_minutes": 5,
        "hourly_milestones": {1: 10, 3: 30, 6: 75, 12: 200, 24: 1000},
        "night_watch": {"enabled": True, "hours": [1, 2, 3, 4], "multiplier": 1.5},
    },
    "streaks": {
        "daily": {
            "enabled": True,
            "min_presence_minutes": 15,
            "rewards": {2: 10, 3: 20, 4: 30, 5: 50, 6: 75, 7: 100},
            "milestone_7_bonus": 200,
            "milestone_30_bonus": 2000,
        },
        "weekend_weekday_bridge": {"enabled": True, "bonus": 500},
    },
    "multipliers": {
        "off_peak": {
            "enabled": True,
            "days": [1, 2, 3, 4],
            "hours": [6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            "multiplier": 2.0,
        },
        "high_population": {"enabled": True, "min_users": 15, "multiplier": 1.5},
        "holidays": {
            "enabled": True,
            "dates": [
                {"date": "10-31", "name": "Halloween", "multiplier": 2.0},
                {"date": "10-24", "name": "Saint Crispin's Eve", "multiplier": 1.5},
                {"date": "03-06", "name": "Saint Piran's Eve", "multiplier": 2.5},
                {"date": "03-27", "name": "Theatre Day", "multiplier": 2.5},
            ],
        },
        "scheduled_events": [
            {
                "name": "Movie Night",
                "cron": "0 20 * * 5",
                "duration_hours": 3.5,
                "multiplier": 1.25,
                "presence_bonus": 700,
            },
            # The clocks change under this one: a time that comes twice, or not at all.
            {"name": "Small Hours", "cron": "30 1 * * 0", "duration_hours": 2, "multiplier": 3},
        ],
    },
    "content_triggers": {
        "present_at_event_start": {"enabled": True, "default_reward": 60},
        "first_after_media_change": {"reward": 3, "window_seconds": 30},
        "comment_during_media": {"reward_per_message": 0.5, "max_per_item_base": 2},
        "like_current": {"reward": 2},
        "survived_full_media": {"reward": 5, "min_presence_percent": 80},
    },
    "chat_triggers": {
        "long_message": {"reward": 1, "min_chars": 30, "max_per_hour": 2},
        "first_message_of_day": {"reward": 5},
        "conversation_starter": {"reward": 10, "min_silence_minutes": 10},
        "laugh_received": {"reward_per_laugher": 2, "max_laughers_per_joke": 2},
        "kudos_received": {"reward": 3},
    },
    "social_triggers": {
        "greeted_newcomer": {"reward": 3, "window_seconds": 60},
        "mentioned_by_other": {"reward": 1, "max_per_hour_same_user": 2},
        "bot_interaction": {"reward": 2, "max_per_day": 2},
    },
    "rain": {
        "enabled": True,
        "interval_minutes": 45,
        "min_amount": 5,
        "max_amount": 25,
        "pm_notification": False,
    },
    "balance_maintenance": {
        "mode": "interest",
        "interest": {"daily_rate": 0.001, "max_daily_interest": 10, "min_balance_to_earn": 100},
        "decay": {"daily_rate": 0.005, "exempt_below": 900},
    },
    "ranks": {
        "earn_multiplier_per_rank": 0.0,
        "tiers": [
            {"name": "Extra", "min_lifetime_earned": 0},
            {"name": "Grip", "min_lifetime_earned": 300},
            {"name": "Gaffer", "min_lifetime_earned": 1500, "perks": ["rain drops +20%"]},
            {"name": "Associate Producer", "min_lifetime_earned": 6000},
        ],
    },
    "achievements": [
        {
            "id": "talker",
            "description": "Said 25 things",
            "condition": {"type": "lifetime_messages", "threshold": 25},
            "reward_percent_of_earnings": 10,
        },
        {
            "id": "stayer",
            "description": "Ten hours here",
            "condition": {"type": "lifetime_presence_hours", "threshold": 10},
            "reward": 40,
        },
        {
            "id": "faithful",
            "description": "Five days in a row",
            "condition": {"type": "daily_streak", "threshold": 5},
            "reward": 55,
        },
        {
            "id": "earner",
            "description": "Earned 1000",
            "condition": {"type": "lifetime_earned", "threshold": 1000},
            "reward": 25,
        },
        {
            "id": "expressive",
            "description": "Three emotes",
            "condition": {"type": "unique_emotes_used_lifetime", "threshold": 3},
            "reward": 45,
        },
        {
            "id": "gaffer",
            "description": "Made it to Gaffer",
            "condition": {"type": "rank_reached", "threshold": 2},
            "reward": 35,
        },
    ],
    "daily_competitions": [
        {
            "id": "chatty",
            "description": "Said most",
            "condition": {"type": "daily_top", "field": "messages_sent"},
            "reward": 30,
        },
        {
            "id": "rich",
            "description": "Earned most",
            "condition": {"type": "daily_top", "field": "z_earned"},
            "reward_percent_of_earnings": 25,
        },
        {
            "id": "liked",
            "description": "Was thanked",
            "condition": {"type": "daily_threshold", "field": "kudos_received", "threshold": 2},
            "reward": 15,
        },
        {
            "id": "funny",
            "description": "Made most laugh",
            "condition": {"type": "daily_top", "field": "laughs_received"},
            "reward": 12,
        },
        {
            "id": "awake",
            "description": "Two hours awake",
            "condition": {"type": "daily_threshold", "field": "minutes_active", "threshold": 120},
            "reward": 20,
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Case:
    """A channel's month: it begins at the first instant of ``first_day`` in ``zone``."""

    name: str
    zone: str
    first_day: date
    regulars: int
    terms: dict[str, Any]
    days: int = 30


def _small(mode: str) -> dict[str, Any]:
    """Terms for few: a smaller crowd counts as one, and ranks earn more."""
    terms = deepcopy(TERMS)
    terms["multipliers"]["high_population"]["min_users"] = 3
    terms["balance_maintenance"]["mode"] = mode
    terms["ranks"]["earn_multiplier_per_rank"] = 0.05
    events = terms["multipliers"]["scheduled_events"]
    for event in events:
        # A bonus on the stroke of a minute may or may not raise the rank that this minute is
        # paid by; the specification does not say, so here ranks count and bonuses do not.
        event["presence_bonus"] = 0
    events[1]["cron"] = "30 2 * * 0"
    return terms


CASES = (
    Case("los-angeles-autumn", "America/Los_Angeles", date(2026, 10, 18), 200, TERMS),
    Case("berlin-autumn", "Europe/Berlin", date(2026, 10, 21), 12, _small("decay"), days=7),
    Case(
        "los-angeles-spring",
        "America/Los_Angeles",
        date(2026, 3, 4),
        12,
        _small("interest"),
        days=7,
    ),
    Case(
        "berlin-spring",
        "Europe/Berlin",
        date(2026, 3, 25),
        12,
        _small("decay"),
        days=7,
    ),
)
"""The first one whole; of the others, in the same test run, a week around the change will do."""
