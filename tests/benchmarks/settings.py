"""The configuration every service under test gets.

One file serves all: the floor reads the bus part and ignores the rest. Chat triggers work as
shipped; what would send texts nobody asked for or pay by the hour of the day is switched off,
so that every run does the same work. Every pace is 0 and the command limit is out of reach.
"""

import json
import socket
from collections.abc import Sequence
from pathlib import Path

__all__ = ("BOT", "DOMAIN", "service_settings", "write_settings")

BOT = "ZCoinBot"
DOMAIN = "bench.test"
_NEVER_REACHED = 1_000_000_000


def service_settings(
    *, nats_url: str, database: Path, channels: Sequence[str], http_port: int
) -> dict[str, object]:
    """The settings as a mapping, in the shape of ``spec/config.md``."""
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
        "mediacms": {"base_url": ""},
    }


def write_settings(path: Path, *, nats_url: str, database: Path, channels: Sequence[str]) -> None:
    """Write the configuration file, with an HTTP port that is free at this moment.

    It is written as JSON, which is YAML too: the floor needs no YAML library for it.
    """
    settings = service_settings(
        nats_url=nats_url, database=database, channels=channels, http_port=_free_port()
    )
    path.write_text(json.dumps(settings, indent=2), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
