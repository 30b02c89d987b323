"""The configuration every service under test gets.

One file serves all: the floor reads the bus part and ignores the rest. Chat triggers work as
shipped; what would send texts nobody asked for or pay by the hour of the day is switched off,
so that every run does the same work. Every pace is 0 and the command limit is out of reach.

Two more services of our own are measured side by side for what a paying chat line costs: both get
everything else that earning consists of, and one of them no triggers at all. What they pay by the
clock stays off there, too; a crowd's multiplier is in force all the time.
"""

import json
import socket
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

__all__ = ("BOT", "DOMAIN", "Earning", "free_port", "service_settings", "write_settings")

BOT = "ZCoinBot"
DOMAIN = "bench.test"
_NEVER_REACHED = 1_000_000_000
_EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
_TRIGGERS = {
    "chat_triggers": (
        "long_message",
        "laugh_received",
        "kudos_received",
        "first_message_of_day",
        "conversation_starter",
    ),
    "content_triggers": (
        "first_after_media_change",
        "comment_during_media",
        "like_current",
        "survived_full_media",
    ),
    "social_triggers": ("greeted_newcomer", "mentioned_by_other", "bot_interaction"),
}


class Earning(Enum):
    """What of earning is on in a service under test."""

    PLAIN = "plain"
    COUNTING = "counting"
    PAYING = "paying"
    LIVING = "living"
    """As PAYING, and everything that presence brings, at every hour of the day."""


def service_settings(
    *,
    nats_url: str,
    database: Path,
    channels: Sequence[str],
    http_port: int,
    earning: Earning = Earning.PLAIN,
    catalogue_url: str = "",
) -> dict[str, object]:
    """The settings as a mapping, in the shape of ``config.md``."""
    plain = _plain(nats_url, database, channels, http_port)
    plain["mediacms"] = {"base_url": catalogue_url, "web_queue_redirect": False}
    match earning:
        case Earning.PLAIN:
            return plain
        case Earning.COUNTING | Earning.PAYING:
            return plain | _everything(plain, earning)
        case Earning.LIVING:
            return plain | _everything(plain, Earning.PAYING) | _presence(plain)


def _everything(plain: dict[str, Any], earning: Earning) -> dict[str, Any]:
    """Ranks and the crowd's multiplier as shipped, achievements of the example, and the triggers.

    Limits by the hour are out of reach: a benchmark says in seconds what a channel says in hours.
    """
    if earning is Earning.COUNTING:
        triggers: dict[str, Any] = {
            section: {name: {"enabled": False} for name in names}
            for section, names in _TRIGGERS.items()
        }
    else:
        triggers = {
            "chat_triggers": {"long_message": {"max_per_hour": _NEVER_REACHED}},
            "social_triggers": {"mentioned_by_other": {"max_per_hour_same_user": _NEVER_REACHED}},
        }
    return {
        "ranks": {"earn_multiplier_per_rank": 0.0},
        "cytube_promotion": {"enabled": False},
        "multipliers": plain["multipliers"] | {"high_population": {"enabled": True}},
        "achievements": YAML(typ="safe").load(_EXAMPLE)["achievements"],
    } | triggers


def _presence(plain: dict[str, Any]) -> dict[str, Any]:
    """All that a minute is looked at and multiplied for; the day counts after 15, as shipped."""
    always = {"hours": list(range(24))}
    return {
        "presence": plain["presence"]
        | {
            "active_bonus_per_minute": 1,
            "hourly_milestones": {"1": 10, "3": 30},
            "night_watch": {"enabled": True, **always},
        },
        "streaks": {
            "daily": {"enabled": True},
            "weekend_weekday_bridge": {"enabled": True, "announce_on_weekend": False},
        },
        "ranks": {"earn_multiplier_per_rank": 0.05},
        "multipliers": plain["multipliers"]
        | {
            "off_peak": {"enabled": True, "days": list(range(7)), "announce": False, **always},
            "high_population": {"enabled": True},
            "scheduled_events": [
                {
                    "name": "All day",
                    "cron": "0 0 * * *",
                    "duration_hours": 24,
                    "multiplier": 2.0,
                    "presence_bonus": 0,
                    "announce": False,
                }
            ],
        },
    }


def _plain(
    nats_url: str, database: Path, channels: Sequence[str], http_port: int
) -> dict[str, Any]:
    return {
        "nats": {"servers": [nats_url]},
        "channels": [{"domain": DOMAIN, "channel": channel} for channel in channels],
        "service": {"name": "economy", "version": "0.0.1"},
        "metrics": {"port": http_port},
        "log_level": "WARNING",
        "chat_min_delay": 0.0,
        "chat_jitter": 0.0,
        "database": {"path": str(database)},
        "bot": {"username": BOT},
        "commands": {"rate_limit_per_minute": _NEVER_REACHED},
        "onboarding": {"welcome_wallet": 0},
        "retention": {"welcome_back": {"enabled": False}},
        "presence": {"base_rate_per_minute": 1, "hourly_milestones": {}},
        "rain": {"enabled": False},
        "chat_triggers": {"long_message": {"max_per_hour": _NEVER_REACHED}},
        "ranks": {"tiers": [{"name": "Extra", "min_lifetime_earned": 0}]},
        "cytube_promotion": {"enabled": False, "min_rank": "Extra"},
        "multipliers": {
            "off_peak": {"enabled": False},
            "high_population": {"enabled": False},
            "holidays": {"enabled": False},
        },
        "digest": {"user_digest": {"enabled": False}, "admin_digest": {"enabled": False}},
    }


def write_settings(
    path: Path,
    *,
    nats_url: str,
    database: Path,
    channels: Sequence[str],
    earning: Earning = Earning.PLAIN,
    catalogue_url: str = "",
    pages_port: int = 0,
) -> None:
    """Write the configuration file, with an HTTP port that is free at this moment.

    It is written as JSON, which is YAML too: the floor needs no YAML library for it.
    """
    settings = service_settings(
        nats_url=nats_url,
        database=database,
        channels=channels,
        http_port=free_port(),
        earning=earning,
        catalogue_url=catalogue_url,
    )
    if pages_port:
        settings["web"] = {"port": pages_port, "trusted_proxies": ["127.0.0.1"]}
    path.write_text(json.dumps(settings, indent=2), encoding="utf-8")


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
