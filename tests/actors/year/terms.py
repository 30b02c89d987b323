"""The terms of the year: what the service is configured with and the oracle is told."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ("ANCHORS_Z", "DAYS", "EARNING_OFF", "FIRST", "PAY_Z", "PEOPLE", "TERMS", "ZONE")

ZONE = ZoneInfo("Europe/Berlin")
FIRST = date(2027, 1, 1)
DAYS = 365
PEOPLE = ("Alice", "Bob", "Carol", "Dave")
PAY_Z = {"Alice": 25_000, "Bob": 23_000, "Carol": 21_500, "Dave": 28_000}
"""What an operator gives each of them every month; it counts as earned."""
ANCHORS_Z = (None, None, 14_001, 11_003)
"""What prices follow in each quarter; None is nothing."""

TERMS: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "ranks": {
        "spend_discount_per_rank": 0.035,
        "tiers": [
            {"name": "Extra", "min_lifetime_earned": 0},
            {"name": "Grip", "min_lifetime_earned": 60_000},
            {
                "name": "Gaffer",
                "min_lifetime_earned": 140_000,
                "perks": ["+1 queue/day"],
            },
            {
                "name": "Director",
                "min_lifetime_earned": 230_000,
                "perks": ["1 free daily fortune"],
            },
        ],
    },
    "spending": {
        "queue_tiers": [
            {"max_minutes": 15, "label": "Short", "cost": 2_501},
            {"max_minutes": 35, "label": "Episode", "cost": 5_000},
            {"max_minutes": 65, "label": "Long", "cost": 7_500},
            {"max_minutes": 999, "label": "Movie", "cost": 10_000},
        ],
        "max_queues_per_day": 2,
        "queue_cooldown_minutes": 30,
    },
    "tipping": {"max_per_day": 1_500, "min_account_age_minutes": 0},
    "bounties": {
        "default_expiry_hours": 168,
        "max_open_per_user": 2,
        "expiry_refund_percent": 33,
    },
    "vanity_shop": {
        "custom_greeting": {"cost": 775},
        "daily_fortune": {"cost": 101},
        "shoutout": {"cost": 333, "cooldown_minutes": 45},
    },
    "shop": {
        "items": [
            {
                "id": "sir",
                "name": "Knighthood",
                "price": 611,
                "effect": "title",
                "text": "Sir",
                "per_user": 3,
            },
            {
                "id": "duke",
                "name": "Dukedom",
                "price": 853,
                "effect": "title",
                "text": "Duke",
                "min_rank": "Grip",
            },
            {
                "id": "poster",
                "name": "Poster",
                "price": 1_203,
                "effect": "approval",
                "text": "Hang it",
                "stock": 4,
            },
            {
                "id": "song",
                "name": "Song",
                "price": 407,
                "effect": "approval",
                "text": "Sing it",
                "per_user": 2,
                "per_user_period": "day",
                "cooldown_minutes": 40,
            },
        ]
    },
    "wallets": {
        "enabled": True,
        "user_daily_cap": 500,
        "service_daily_cap": 300,
        "max_ttl_seconds": 3_600,
        "services": [
            {"name": "chatbot"},
            {"name": "bingo", "daily_cap": 400, "total_daily_cap": 450},
        ],
    },
}

EARNING_OFF: dict[str, Any] = {
    "onboarding": {"welcome_wallet": 0},
    "presence": {"base_rate_per_minute": 0, "hourly_milestones": {}},
    "streaks": {"daily": {"enabled": False}, "weekend_weekday_bridge": {"enabled": False}},
    "retention": {"welcome_back": {"enabled": False}},
    "commands": {"rate_limit_per_minute": 999},
    "cytube_promotion": {"enabled": False, "min_rank": "Extra"},
}
"""Nothing but an operator gives money."""
