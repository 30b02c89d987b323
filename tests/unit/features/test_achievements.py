"""Which achievements the facts call for (`progression.md` 2)."""

from typing import Any, get_args

import pytest

from kryten_economy.config.achievements import Achievement, AchievementType
from kryten_economy.config.ranks import Tier
from kryten_economy.features.achievements import (
    Facts,
    Lookout,
    earned_now,
    is_open,
    progress_of,
    reached,
)
from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

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


WALLET = Wallet(
    user=UserKey("Chan", "alice"),
    display_name="Alice",
    balance_z=0,
    lifetime_earned_z=500,
    lifetime_spent_z=40,
    lifetime_gambled_in_z=7,
    lifetime_gambled_out_z=9,
    biggest_win_z=6,
    rank_name="Second",
    cytube_level=1,
    quiet=False,
    banned=False,
    welcome_wallet_claimed=True,
    first_seen_ms=0,
    last_seen_ms=0,
    last_departure_ms=None,
    last_active_ms=None,
    lifetime_messages=10,
    streak_days=3,
    minutes_today=2,
    tip_recipients=4,
    tip_senders=5,
    lifetime_minutes=125,
    emotes_used=8,
)
LADDER = Ladder(
    [
        Tier.model_validate({"name": name, "min_lifetime_earned": least})
        for name, least in (("First", 0), ("Second", 300), ("Third", 900))
    ]
)


@pytest.mark.parametrize("kind", get_args(AchievementType))
@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("change", [{}, {"won": frozenset({"a"})}, {"banned": True}])
def test_the_lookout_sees_what_is_reached(
    kind: AchievementType, over: int, change: dict[str, Any]
) -> None:
    """Whoever reaches something is seen, for each type at its threshold, and nobody else is."""
    wallet = WALLET._replace(**change)
    value = progress_of(kind, FACTS._replace(rank=1))
    assert value is not None
    goal = Achievement.model_validate(achievement("a", kind, max(0, value + over)))
    expected = over <= 0 and not change
    assert (reached(wallet, LADDER, [goal]) is not None) is expected
    assert Lookout(LADDER, [goal]).sees(wallet) is expected


@pytest.mark.parametrize("stored", ["", "First", "Second", "Third", "Gone"])
@pytest.mark.parametrize("earned_z", [0, 299, 300, 899, 900])
@pytest.mark.parametrize("held_from_z", [None, 0, 300, 900])
def test_the_lookout_sees_a_rank_to_be_stored(
    stored: str, earned_z: int, held_from_z: int | None
) -> None:
    """It sees a rank that is to be stored just where `reached` has one."""
    wallet = WALLET._replace(
        rank_name=stored, lifetime_earned_z=earned_z, rank_held_from_z=held_from_z
    )
    assert Lookout(LADDER, []).sees(wallet) == (reached(wallet, LADDER, []) is not None)
