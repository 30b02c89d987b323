"""Which achievements the facts call for (`progression.md` 2)."""

from typing import Any, get_args

import pytest

from kryten_economy.config.achievements import Achievement, AchievementType
from kryten_economy.features.achievements import Facts, earned_now, is_open, progress_of

FACTS = Facts(
    earned_z=500,
    spent_z=40,
    gambled_z=7,
    biggest_win_z=6,
    tip_recipients=4,
    tip_senders=5,
    messages=10,
    streak_days=3,
    rank=2,
    minutes_present=125,
    emotes_used=8,
)


def achievement(name: str, kind: str, threshold: int, **more: Any) -> dict[str, Any]:
    """An achievement as the config file has it."""
    condition = {"type": kind, "threshold": threshold}
    return {"id": name, "description": f"Did {name}", "condition": condition} | more


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("lifetime_messages", 10),
        ("lifetime_presence_hours", 2),
        ("daily_streak", 3),
        ("unique_tip_recipients", 4),
        ("unique_tip_senders", 5),
        ("lifetime_earned", 500),
        ("lifetime_spent", 40),
        ("lifetime_gambled", 7),
        ("gambling_biggest_win", 6),
        ("rank_reached", 2),
        ("unique_emotes_used_lifetime", 8),
    ],
)
def test_a_condition_is_met_at_its_threshold(kind: AchievementType, value: int) -> None:
    """At the threshold it is won, one below it is not."""
    assert progress_of(kind, FACTS) == value
    at = Achievement.model_validate(achievement("a", kind, value))
    above = Achievement.model_validate(achievement("b", kind, value + 1))
    assert earned_now([at, above], FACTS) == (at,)
    assert earned_now([at, above], FACTS, {"a"}) == ()


def test_what_nobody_has_looked_at_is_not_won() -> None:
    """Hours count only where they were added up."""
    hours = Achievement.model_validate(achievement("h", "lifetime_presence_hours", 0))
    assert earned_now([hours], FACTS._replace(minutes_present=None)) == ()
    assert is_open([hours], "lifetime_presence_hours", ())
    assert not is_open([hours], "lifetime_presence_hours", {"h"})
    assert not is_open([hours], "lifetime_messages", ())


def test_every_type_of_the_file_has_a_value() -> None:
    """No achievement that can be configured is impossible to win or without progress."""
    assert all(progress_of(kind, FACTS) is not None for kind in get_args(AchievementType))
