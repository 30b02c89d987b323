"""Which achievements the facts about a user call for (`spec/progression.md` 2).

A type without a value here is one whose facts nobody keeps yet: it is neither won nor shown.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from kryten_economy.config.achievements import Achievement, AchievementType

__all__ = ("BY_MINUTE", "Facts", "earned_now", "is_open", "progress_of")

BY_MINUTE: frozenset[AchievementType] = frozenset(
    {
        "unique_tip_recipients",
        "unique_tip_senders",
        "lifetime_earned",
        "lifetime_spent",
        "lifetime_gambled",
        "gambling_biggest_win",
        "rank_reached",
    }
)
"""What others may bring about, so that nothing the user does need follow."""


class Facts(NamedTuple):
    """What is known about a user; None where nobody has looked."""

    earned_z: int
    spent_z: int
    gambled_z: int
    biggest_win_z: int
    tip_recipients: int
    tip_senders: int
    messages: int | None = None
    streak_days: int | None = None
    rank: int | None = None
    minutes_present: int | None = None
    emotes_used: int | None = None


def progress_of(kind: AchievementType, facts: Facts) -> int | None:
    """The value that is compared with the threshold; None where it is not known."""
    minutes = facts.minutes_present
    known: dict[AchievementType, int | None] = {
        "lifetime_messages": facts.messages,
        "lifetime_presence_hours": None if minutes is None else minutes // 60,
        "daily_streak": facts.streak_days,
        "unique_tip_recipients": facts.tip_recipients,
        "unique_tip_senders": facts.tip_senders,
        "lifetime_earned": facts.earned_z,
        "lifetime_spent": facts.spent_z,
        "lifetime_gambled": facts.gambled_z,
        "gambling_biggest_win": facts.biggest_win_z,
        "rank_reached": facts.rank,
        "unique_emotes_used_lifetime": facts.emotes_used,
    }
    return known.get(kind)


def earned_now(
    achievements: Sequence[Achievement], facts: Facts, won: Collection[str] = ()
) -> tuple[Achievement, ...]:
    """Those whose condition is met and that are not among the ``won`` ids."""
    return tuple(
        each
        for each in achievements
        if each.id not in won
        and (value := progress_of(each.condition.type, facts)) is not None
        and value >= each.condition.threshold
    )


def is_open(
    achievements: Sequence[Achievement], kind: AchievementType, won: Collection[str]
) -> bool:
    """Whether there is anything of this type left to be won."""
    return any(each.condition.type == kind and each.id not in won for each in achievements)
