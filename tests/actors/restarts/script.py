"""An evening over midnight with every award that is paid once, minute by minute.

What is done stands at its instant. Deeds that only memory ties together (a joke and its
laughs, a change of what plays and the first line after it) share a ``scene``.
"""

from typing import Any, NamedTuple

from tests.actors.house import MINUTE_MS, PLAIN_MULTIPLIERS, START_MS, settings_with

from kryten_economy.config import Settings

__all__ = (
    "BEGIN_MS",
    "BORDERS",
    "END_MS",
    "FILMS_S",
    "HERE",
    "SCENE_OF",
    "SCRIPT",
    "SETTINGS",
    "Step",
)

BEGIN_MS = START_MS + (12 * 60 + 30) * MINUTE_MS
"""Friday, 22:30."""
END_MS = BEGIN_MS + 190 * MINUTE_MS
"""Saturday, 01:40: any hour of minutes is reached here, whatever a few stops have cost."""

HERE = {"Alice": 1.0, "Bob": 1.0, "Carol": 1.0, "Dave": 1.0, "Erin": 1.0, "Boss": 5.0}
"""Who is in the channel when the evening begins."""

FILMS_S = {"yt:a": 600, "yt:b": 0, "yt:c": 0}
"""How long what plays is; 0 is not known, so that nobody can watch it to its end."""

_EVENT = {
    "name": "Movie Night",
    "cron": "55 22 * * *",
    "duration_hours": 0.05,
    "multiplier": 3,
    "presence_bonus": 600,
    "announce": True,
}
_TIERS = [
    {"name": "Extra", "min_lifetime_earned": 0},
    {"name": "Grip", "min_lifetime_earned": 120, "cytube_level_promotion": 2},
    {"name": "Gaffer", "min_lifetime_earned": 3000},
]


def _achievement(id_: str, type_: str, threshold: int, reward: int) -> dict[str, Any]:
    condition = {"type": type_, "threshold": threshold}
    return {"id": id_, "description": id_, "condition": condition, "reward": reward}


def _competition(id_: str, reward: int, **condition: Any) -> dict[str, Any]:
    return {"id": id_, "description": id_, "condition": condition, "reward": reward}


SETTINGS: Settings = settings_with(
    multipliers=PLAIN_MULTIPLIERS | {"scheduled_events": [_EVENT]},
    presence={"hourly_milestones": {1: 10, 3: 30}},
    # Comments are limited by memory only, and are no once-only award.
    content_triggers={"comment_during_media": {"enabled": False}},
    chat_triggers={"long_message": {"max_per_hour": 3}},
    social_triggers={},
    balance_maintenance={"mode": "interest"},
    ranks={"tiers": _TIERS},
    cytube_promotion={"min_rank": "Grip"},
    achievements=[
        _achievement("chatty", "lifetime_messages", 5, 7),
        _achievement("week", "daily_streak", 7, 70),
        _achievement("month", "daily_streak", 30, 300),
    ],
    daily_competitions=[
        _competition("talker", 25, type="daily_threshold", field="messages_sent", threshold=3),
        _competition("thanked", 50, type="daily_top", field="kudos_received"),
    ],
)


class Step(NamedTuple):
    """What ``who`` does at an instant; ``what`` is a line, a command, an item or nothing."""

    at_ms: int
    kind: str
    who: str
    what: str = ""
    scene: str = ""


def _at(clock: str) -> int:
    """The evening's instant ``HH:MM:SS``; before 12 o'clock it is tomorrow."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    hours = hour - 10 + (24 if hour < 12 else 0)
    return START_MS + (hours * 60 + minute) * MINUTE_MS + second * 1000


def _says(clock: str, who: str, what: str, scene: str = "") -> Step:
    return Step(_at(clock), "says", who, what, scene)


_LONG = "this line has more than thirty characters"

SCRIPT: tuple[Step, ...] = (
    _says("22:35:00", "Carol", "knock knock", "joke"),
    _says("22:35:05", "Dave", "lol", "joke"),
    _says("22:35:10", "Erin", "haha", "joke"),
    Step(_at("22:37:00"), "plays", "", "yt:a", "film"),
    _says("22:37:10", "Carol", "what is this", "film"),
    _says("22:37:12", "Dave", "no idea", "film"),
    Step(_at("22:38:00"), "asks", "Alice", "like", "film"),
    Step(_at("22:38:30"), "asks", "Alice", "like", "film"),
    Step(_at("22:47:30"), "plays", "", "yt:b", "film"),
    Step(_at("23:00:00"), "joins", "Frank", scene="newcomer"),
    _says("23:00:20", "Bob", "hi frank", "newcomer"),
    _says("23:00:21", "Carol", "hi frank", "newcomer"),
    Step(_at("23:05:00"), "leaves", "Frank"),
    Step(_at("23:08:00"), "joins", "Grace", scene="return"),
    _says("23:08:15", "Erin", "welcome back Grace", "return"),
    *(_says(f"23:15:{2 * n:02}", "Erin", "thanks Bob++") for n in range(12)),
    Step(_at("23:20:00"), "plays", "", "yt:c", "second film"),
    _says("23:20:10", "Dave", "again", "second film"),
    _says("23:21:00", "Bob", "ZCoinBot say something", "bot"),
    Step(_at("23:21:02"), "bot says", "", "here is something", "bot"),
    Step(_at("23:25:00"), "joins", "Frank"),
    *(_says(f"23:36:{3 * n:02}", "Dave", f"{_LONG} {n}") for n in range(5)),
    _says("23:52:00", "Dave", "a priest and a rabbi", "second joke"),
    _says("23:52:05", "Alice", "lmao", "second joke"),
    _says("23:52:06", "Bob", "rofl", "second joke"),
    _says("00:30:00", "Alice", "good morning"),
    _says("00:30:05", "Bob", "morning"),
    Step(_at("00:40:00"), "asks", "Boss", "event start 2 5 Party"),
    *(Step(_at("01:22:00"), "leaves", name) for name in ("Alice", "Dave", "Erin", "Frank")),
    *(
        Step(_at("01:30:00"), "joins", name, scene=f"{name} is back")
        for name in ("Alice", "Dave", "Erin", "Frank")
    ),
)

_BORDERS = """
    22:31:00 22:45:00 22:55:00 22:56:00 22:58:00 23:30:00 23:31:00 23:40:00
    23:41:00 00:00:00 00:00:30 00:15:00 00:16:00 00:45:00 01:00:00 01:01:00
"""
BORDERS: tuple[int, ...] = tuple(map(_at, _BORDERS.split()))
"""When time alone brings something: days, hours, events, jobs, and the minute after each."""

SCENE_OF = {
    ("chat.laugh_received", "Carol"): "joke",
    ("chat.laugh_received", "Dave"): "second joke",
    ("content.first_after_media_change", "Carol"): "film",
    ("content.first_after_media_change", "Dave"): "second film",
    ("content.like_current", "Alice"): "film",
    **{("content.survived_full_media", name): "film" for name in HERE},
    ("social.greeted_newcomer", "Bob"): "newcomer",
    ("social.greeted_newcomer", "Erin"): "return",
    ("retention.welcome_back", "Grace"): "return",
    ("social.bot_interaction", "Bob"): "bot",
    **{("onboarding.wallet", name): f"{name} is back" for name in ("Alice", "Dave", "Erin")},
}
"""Whose award of which trigger hangs on which scene; all others are in the books' keeping."""
